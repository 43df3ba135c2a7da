/** The command `beamish`: what it can do, and nothing of how. Its file in bin/ finds this one. */
import { Command, CommanderError } from "commander";
import { exec } from "./commands/exec.ts";
import { run } from "./commands/run.ts";
import { inYoungGeneration, youngMegabytes } from "./young-generation.ts";

const YOUNG_MB = "megabytes for new objects, Node's own choice (16) when left out; starts Node once more";

/**
 * Runs the command line.
 *
 * @param argv the arguments behind `beamish`.
 * @returns the exit code.
 */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command("beamish")
    .description("Supervised processes for TypeScript on Node.")
    .showHelpAfterError()
    .exitOverride();
  program
    .command("run")
    .description("start an application and keep it running until its services have ended or it is interrupted")
    .argument("<dir>", "the folder with the application's entries")
    .option("--young-mb <n>", YOUNG_MB, youngMegabytes)
    .action(async (dir: string, options: { youngMb?: number }) => {
      code = (await inYoungGeneration(options.youngMb)) ?? (await run(dir));
    });
  program
    .command("exec")
    .description("start an application, run one process and print its result as a line of JSON")
    .requiredOption("--app <dir>", "the folder with the application's entries")
    .option("--host <id>", "where to run it; needed when the application has more than one host")
    .option("--young-mb <n>", YOUNG_MB, youngMegabytes)
    .argument("<process>", "the entry to run, namespace:name")
    .argument("[args...]", "its arguments, each as JSON where it parses, else as text")
    .allowUnknownOption()
    .action(async (id: string, args: string[], options: { app: string; host?: string; youngMb?: number }) => {
      code = (await inYoungGeneration(options.youngMb)) ?? (await exec(options.app, options.host ?? null, id, args));
    });
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (cause) {
    // It has said already what was wrong, or has printed the help that was asked for.
    if (cause instanceof CommanderError) return cause.exitCode;
    throw cause;
  }
  return code;
}
