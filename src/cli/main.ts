/** The command `beamish`: what it can do, and nothing of how. Its file in bin/ finds this one. */
import { Command, CommanderError } from "commander";
import { ProcessError } from "../runtime/index.ts";
import { exec } from "./commands/exec.ts";
import { type RunOptions, run } from "./commands/run.ts";
import { allowInlining } from "./inlining.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import { capYoungGeneration, inYoungGeneration, youngMegabytes } from "./young-generation.ts";

const YOUNG_MB = "megabytes for new objects, growing to 8 when left out; starts Node once more";

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
    .option("--strict", "refuse everything to processes without an actor or a scope")
    .option("--record-policy <file>", "enforce nothing, and write the least policies that would do to this file")
    .option("--record-log <file>", "enforce nothing, and write what was asked for to this file, for policy diff")
    .option("--audit <file>", "add what is refused to this file, as lines of JSON")
    .option("--young-mb <n>", YOUNG_MB, youngMegabytes)
    .action(async (dir: string, { youngMb, ...options }: RunOptions & { youngMb?: number }) => {
      code = await inTunedNode(youngMb, () => run(dir, options));
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
      code = await inTunedNode(options.youngMb, () => exec(options.app, options.host ?? null, id, args));
    });
  addPolicyCommands(program, (given) => {
    code = given;
  });
  // The commands below `policy` answer with 1, so wrong usage has another code there.
  const wrongUsage = argv[0] === "policy" ? 2 : 1;
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (cause) {
    // It has said already what was wrong, or has printed the help that was asked for.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : wrongUsage;
    if (!(cause instanceof ProcessError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    return wrongUsage;
  }
  return code;
}

/** Runs an application in a Node that is set up for it: this one, or another where a size needs that. */
async function inTunedNode(youngMb: number | undefined, go: () => Promise<number>): Promise<number> {
  const code = await inYoungGeneration(youngMb);
  if (code !== null) return code;
  allowInlining();
  capYoungGeneration();
  return go();
}
