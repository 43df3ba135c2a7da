/**
 * The fields of each kind as zod schemas (S13.15–S13.21, S14.1–S14.11): the one list of names, forms and defaults.
 *
 * Each schema reads the YAML form and gives the form of `Definition`, except that references stay as written: which
 * namespace they mean is not known here. Messages are written so that they continue the words "must be"; the reader
 * puts entry, field and found value around them. Numbers and booleans are accepted in textual form (S13.11), and null
 * counts as left out. Every object is strict: the reader turns an unknown key into a warning (S13.8).
 */
import { z } from "zod";
import { parseDuration } from "../kernel/index.ts";
import { BYTE_COUNT_RULE, parseByteCount } from "./byte-count.ts";
import { DEFAULT_WATCHDOG_MS } from "./definition.ts";
import { ID_PART_RULE, isReference } from "./entry-id.ts";
import { defaultLifecycle } from "./lifecycle.ts";
import { isLuaModule, luaModules } from "./lua-imports.ts";

const TEXT_OF_NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** A value that may be left out, with what it then is. */
function optional<Out, const Missing>(schema: z.ZodType<Out>, missing: Missing) {
  return schema.nullish().transform((value): Out | Missing => value ?? missing);
}

function text(what: string) {
  return z.string({ error: what }).min(1, { error: what });
}

function numeric(holds: (value: number) => boolean, what: string) {
  return z
    .union([z.number(), z.string().regex(TEXT_OF_NUMBER, { error: what })], { error: what })
    .transform(Number)
    .refine(holds, { error: what });
}

function wholeNumber(least: number, example: string) {
  return numeric(
    (value) => Number.isSafeInteger(value) && value >= least,
    `a whole number of ${least} or more, such as ${example}`,
  );
}

const flag = z
  .union([z.boolean(), z.string().regex(/^\s*(true|false)\s*$/, { error: "true or false" })], {
    error: "true or false",
  })
  .transform((value) => String(value).trim() === "true");

/** A duration of zero or more, in milliseconds. */
function duration(example: string) {
  const what = `a duration that is not negative: text such as "${example}", or a number of milliseconds`;
  return z.union([z.number(), z.string()], { error: what }).transform((value, context) => {
    const read = typeof value === "string" && TEXT_OF_NUMBER.test(value) ? Number(value) : value;
    const ms = parseDuration(typeof read === "string" ? read.trim() : read);
    if (ms !== null && ms >= 0) return ms;
    context.issues.push({ code: "custom", message: what, input: value });
    return z.NEVER;
  });
}

function oneOf<const Choices extends readonly [string, ...string[]]>(choices: Choices) {
  return z.enum(choices, { error: `one of ${choices.join(", ")}` });
}

function block<Shape extends z.ZodRawShape>(shape: Shape, what: string) {
  return z.strictObject(shape, { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : what) });
}

const mapping = z.record(z.string(), z.unknown(), { error: "a mapping" });

/** A reference to another entry, as written. */
function reference(what: string) {
  const error = `the id of ${what}, namespace:name or a name of the same namespace (each ${ID_PART_RULE})`;
  return z.string({ error }).refine(isReference, { error });
}

function references(what: string) {
  return z.array(reference(what), { error: `a list of ids of ${what}` });
}

/** `imports` of Lua entries: alias to library, as written. */
const imports = z.record(z.string(), reference("a library"), { error: "a mapping of alias to library id" });

const moduleNames = { error: `one of ${luaModules.join(", ")}, or the name of a global that is always there` };

const modules = z.array(z.string(moduleNames).refine(isLuaModule, moduleNames), { error: "a list of module names" });

const mailbox = optional(
  block(
    { limit: wholeNumber(1, "1000"), overflow: optional(oneOf(["reject", "drop_newest", "drop_oldest"]), "reject") },
    "a mapping with limit and overflow",
  ),
  null,
);

const byteCount = z.unknown().transform((value, context) => {
  const bytes = parseByteCount(value);
  if (bytes !== null) return bytes;
  context.issues.push({ code: "custom", message: BYTE_COUNT_RULE, input: value });
  return z.NEVER;
});

const security = block(
  {
    actor: optional(
      block({ id: text("the actor's id"), meta: optional(mapping, {}) }, "a mapping with id and meta"),
      null,
    ),
    groups: optional(references("policy groups"), []),
    policies: optional(references("policies"), []),
  },
  "a mapping with actor, groups and policies",
);

const restart = block(
  {
    initial_delay: optional(duration("1s"), defaultLifecycle.restart.initialDelayMs),
    max_delay: optional(duration("90s"), defaultLifecycle.restart.maxDelayMs),
    backoff_factor: optional(
      numeric((value) => Number.isFinite(value) && value > 0, "a number above 0, such as 2.0"),
      defaultLifecycle.restart.backoffFactor,
    ),
    jitter: optional(
      numeric((value) => value >= 0 && value <= 1, "a number from 0 to 1, such as 0.1"),
      defaultLifecycle.restart.jitter,
    ),
    max_attempts: optional(wholeNumber(0, "5"), defaultLifecycle.restart.maxAttempts),
  },
  "a mapping with initial_delay, max_delay, backoff_factor, jitter and max_attempts",
).transform((given) => ({
  initialDelayMs: given.initial_delay,
  maxDelayMs: given.max_delay,
  backoffFactor: given.backoff_factor,
  jitter: given.jitter,
  maxAttempts: given.max_attempts,
}));

const lifecycle = optional(
  block(
    {
      auto_start: optional(flag, defaultLifecycle.autoStart),
      start_timeout: optional(duration("10s"), defaultLifecycle.startTimeoutMs),
      stop_timeout: optional(duration("10s"), defaultLifecycle.stopTimeoutMs),
      stable_threshold: optional(duration("5s"), defaultLifecycle.stableThresholdMs),
      requires: optional(references("services or hosts"), null),
      depends_on: optional(references("services or hosts"), null),
      security: optional(security, null),
      restart: optional(restart, defaultLifecycle.restart),
    },
    "a mapping, the lifecycle block",
  )
    .refine((given) => given.requires === null || given.depends_on === null, {
      error: "a mapping with only one of requires and depends_on, which mean the same",
    })
    .transform((given) => ({
      autoStart: given.auto_start,
      startTimeoutMs: given.start_timeout,
      stopTimeoutMs: given.stop_timeout,
      stableThresholdMs: given.stable_threshold,
      requires: given.requires ?? given.depends_on ?? [],
      security: given.security,
      restart: given.restart,
    })),
  defaultLifecycle,
);

const notEmpty = { error: "text or a list of text, not empty" };

const patterns = z
  .union([text(notEmpty.error), z.array(text(notEmpty.error)).min(1, notEmpty)], notEmpty)
  .transform((given): readonly string[] => (typeof given === "string" ? [given] : given));

const condition = block(
  {
    field: text("the path of a field, such as actor.id"),
    operator: text("the name of an operator, such as eq"),
    value: z.unknown().optional(),
    value_from: text("the path of a field, such as meta.team").optional(),
  },
  "a mapping with field, operator and value or value_from",
)
  .refine(
    (given) => {
      const sides = Number(given.value !== undefined) + Number(given.value_from !== undefined);
      return given.operator === "exists" || given.operator === "nexists" ? sides === 0 : sides === 1;
    },
    { error: "a condition with exactly one of value and value_from (exists and nexists have neither)" },
  )
  .transform((given) => ({
    field: given.field,
    operator: given.operator,
    ...(given.value === undefined ? {} : { value: given.value }),
    ...(given.value_from === undefined ? {} : { valueFrom: given.value_from }),
  }));

const effect = oneOf(["allow", "deny"]);
const groups = optional(references("policy groups"), []);

const host = block(
  {
    placement: optional(oneOf(["inline", "worker", "child"]), "inline"),
    workers: optional(wholeNumber(1, "4"), null),
    max_processes: optional(wholeNumber(0, "1000"), 0),
    mailbox,
    watchdog: optional(duration("10s"), DEFAULT_WATCHDOG_MS),
  },
  "a mapping with placement, workers, max_processes, mailbox and watchdog",
);

const moduleFile = { error: "the file of the module, such as file://worker.ts (endings .ts, .js, .mts and .mjs)" };

/** The fields of each kind that a file may contain. */
export const entrySchemas = {
  "process.ts": block(
    {
      source: z.object({ module: z.string().regex(/\.m?[tj]s$/, moduleFile) }, moduleFile),
      method: optional(text("the name of an export"), "default"),
      mailbox,
      preempt: optional(flag, true),
    },
    "a mapping",
  ),
  "process.lua": block(
    {
      source: text("the program, as text or as file://worker.lua"),
      method: optional(text("the name of a function"), "main"),
      modules: optional(modules, []),
      imports: optional(imports, {}),
      mailbox,
      limits: optional(block({ memory: optional(byteCount, null) }, "a mapping with memory"), { memory: null }),
    },
    "a mapping",
  ),
  "library.lua": block(
    {
      source: text("the program, as text or as file://library.lua"),
      modules: optional(modules, []),
      imports: optional(imports, {}),
    },
    "a mapping",
  ),
  "process.host": block(
    {
      host: optional(host, host.parse({})),
      lifecycle,
    },
    "a mapping",
  ),
  "process.service": block(
    {
      process: reference("a process"),
      host: reference("a process.host"),
      input: optional(z.array(z.unknown(), { error: "a list, the arguments of the process" }), []),
      lifecycle,
    },
    "a mapping",
  ),
  "security.policy": block(
    {
      policy: block(
        {
          actions: patterns,
          resources: patterns,
          effect,
          conditions: optional(z.array(condition, { error: "a list of conditions" }), []),
        },
        "a mapping with actions, resources, effect and conditions",
      ),
      groups,
    },
    "a mapping",
  ),
  "security.policy.expr": block(
    {
      policy: block(
        {
          expression: text("a CEL expression, as text"),
          effect,
          actions: optional(patterns, ["*"]),
          resources: optional(patterns, ["*"]),
        },
        "a mapping with expression, effect, actions and resources",
      ),
      groups,
    },
    "a mapping",
  ),
} as const;
