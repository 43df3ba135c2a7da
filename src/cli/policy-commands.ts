/** The commands below `beamish policy`: their arguments and help. */
import { type Command, InvalidArgumentError } from "commander";
import { policyCheck } from "./commands/policy-check.ts";
import { policyDiff } from "./commands/policy-diff.ts";
import { policyExplain } from "./commands/policy-explain.ts";
import { argumentOf } from "./json-line.ts";

/** What `--json` says on each of them. */
const JSON_HELP = "print JSON, one object a line";

type Values = Readonly<Record<string, unknown>>;

/** Adds the commands; each tells its exit code by `done`. */
export function addPolicyCommands(program: Command, done: (code: number) => void): void {
  const policy = program
    .command("policy")
    .description("ask what policies allow, and find those that are needed; nothing is started");

  policy
    .command("check")
    .description("say whether the policies of an application allow a request, and why")
    .requiredOption("--app <dir>", "the folder with the application's entries")
    .requiredOption("--actor <id>", "who asks; a service with this actor lends its scope and the actor's data")
    .option("--actor-meta <key=value>", "data about the actor, the value as JSON where it parses", pair, {})
    .option("--meta <key=value>", "an attribute of the request, such as target_entry=app:worker", pair, {})
    .option("--group <id>", "ask the policies of this group; may be repeated", listed, [])
    .option("--policy <id>", "ask this policy; may be repeated", listed, [])
    .option("--json", JSON_HELP)
    .argument("<action>", "the permission, such as process.send")
    .argument("<resource>", "what it is about: an id, a pid, a name")
    .addHelpText("after", "\nExit code: 0 allowed, 1 refused, 2 wrong usage or entries.")
    .action(async (action: string, resource: string, { group, policy, json = false, ...rest }) => {
      done(await policyCheck(action, resource, { ...rest, groups: group, policies: policy, json }));
    });

  policy
    .command("explain")
    .description("print the smallest policy that would allow what was refused")
    .argument("<record>", "a file with the denial as one line of JSON (details of the error, or audit), or -")
    .option("--app <dir>", "an application, to find the group that the policy belongs into")
    .option("--target-entry <id>", "what the process concerned runs, where the record does not say")
    .option("--target-actor <id>", "who the process concerned acts for, where the record does not say")
    .option("--json", JSON_HELP)
    .addHelpText(
      "after",
      "\nExit code: 0 printed, 1 a policy denies it and none can allow it, 2 wrong usage or record.",
    )
    .action(async (record: string, { app, targetEntry, targetActor, json = false }) => {
      done(await policyExplain(record, { app, targetEntry, targetActor, json }));
    });

  policy
    .command("diff")
    .description("show which recorded requests two sets of policies answer differently")
    .argument("<policies-a>", "a file of entries, or the folder of an application")
    .argument("<policies-b>", "the same")
    .requiredOption("--log <file>", "the requests, as beamish run --record-log writes them")
    .option("--group <id>", "count the policies of this group only; may be repeated", listed, [])
    .option("--json", JSON_HELP)
    .addHelpText("after", "\nExit code: 0 no difference, 1 differences, 2 wrong usage, entries or log.")
    .action(async (a: string, b: string, { log, group, json = false }) => {
      done(await policyDiff(a, b, { log, groups: group, json }));
    });
}

function pair(text: string, known: Values): Values {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("It takes key=value.");
  return { ...known, [text.slice(0, at)]: argumentOf(text.slice(at + 1)) };
}

function listed(text: string, known: readonly string[]): readonly string[] {
  return [...known, text];
}
