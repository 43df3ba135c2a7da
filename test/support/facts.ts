/**
 * Facts that hold in both languages: one table of given, when and then drives both. Each fact is told in TypeScript and
 * in Lua, and runs four times: either language as the one who acts, with either as those it deals with.
 */
import { expect, it } from "vitest";
import type { ProcessError } from "../../src/index.ts";
import type { Guard, MailboxLimit } from "../../src/kernel/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { defineLua } from "./lua.ts";

/** One process, told twice. In Lua the text of a module, in TypeScript the function. */
export interface Told {
  readonly lua: string;
  readonly typescript: (process: any, ...args: any[]) => unknown;
  /** The limit of its mailbox. */
  readonly mailbox?: MailboxLimit;
}

/** How a process ended. */
export type Outcome = { readonly value: unknown } | { readonly error: ProcessError };

/** Any value; not `unknown`, which would swallow the type of a check that stands in place of one. */
type Value = null | string | number | boolean | bigint | object;

/** A fact. */
export interface Fact {
  /** What holds, with the statements it proves: `[both S2.3]`. */
  readonly title: string;
  /** Entries by id, beside the one that acts. */
  readonly given?: Readonly<Record<string, Told>>;
  /** Changes the island before anything runs: hosts, limits, entries of one language only. */
  readonly prepare?: (sim: Simulation) => void;
  /** The process that acts. It may spawn on `sim:processes`. */
  readonly when: Told;
  /** Arguments of the process that acts. */
  readonly args?: readonly unknown[];
  /** The permissions that are refused; `*` refuses all. */
  readonly refuse?: readonly string[];
  /** Who decides what processes may do, anew for each run, in place of `refuse`. */
  readonly guard?: () => Guard;
  /** What it returns, or a check of how it ended; `asked` are the permissions asked for, as `<action> <resource>`. */
  readonly then: Value | ((outcome: Outcome, sim: Simulation, asked: readonly string[]) => void);
}

type Language = "typescript" | "lua";
const LANGUAGES: readonly Language[] = ["typescript", "lua"];

/** Makes tests of facts. */
export function facts(list: readonly Fact[]): void {
  for (const fact of list) {
    for (const acting of LANGUAGES) {
      const others: readonly Language[] = fact.given === undefined ? [acting] : LANGUAGES;
      for (const other of others) {
        const mix = other === acting ? acting : `${acting} among ${other}`;
        it(`${fact.title} (${mix})`, () => run(fact, acting, other));
      }
    }
  }
}

async function run(fact: Fact, acting: Language, other: Language): Promise<void> {
  let checked = false;
  const guard = new RefusingGuard(...(fact.refuse ?? []));
  const program = async (sim: Simulation) => {
    for (const [id, told] of Object.entries(fact.given ?? {})) define(sim, id, told, other);
    define(sim, "test:acting", fact.when, acting);
    fact.prepare?.(sim);
    const outcome = await outcomeOf(sim, fact.args ?? []);
    if (typeof fact.then === "function") fact.then(outcome, sim, guard.asked);
    else expect(outcome).toEqual({ value: fact.then });
    checked = true;
  };
  await simulate(1, program, { guard: fact.guard?.() ?? guard });
  expect(checked).toBe(true);
}

function define(sim: Simulation, id: string, told: Told, language: Language): void {
  const { mailbox } = told;
  if (language === "lua") defineLua(sim, id, told.lua, mailbox && { mailbox });
  else sim.define(id, told.typescript, mailbox && { mailbox });
}

async function outcomeOf(sim: Simulation, args: readonly unknown[]): Promise<Outcome> {
  try {
    return { value: await sim.exec("test:acting", ...args) };
  } catch (cause) {
    return { error: cause as ProcessError };
  }
}
