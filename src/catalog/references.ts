/**
 * Checks what definitions say of each other: ids that occur twice, ids that lead nowhere or to the wrong kind, cycles.
 *
 * Not every id that leads nowhere is an error. A dependency of a service (`requires`, and its host: S14.23) that does
 * not exist merely blocks that service (S14.24), so it is a warning; the service stays Inactive at run time.
 */
import { findCycles } from "./cycles.ts";
import { type Definition, type HostDefinition, isProcessDefinition, type ServiceDefinition } from "./definition.ts";
import { importMistakes, isLuaDefinition, type LuaDefinition } from "./lua-imports.ts";
import { formatPlace, type Place, type Problem } from "./problem.ts";

/** What a check of definitions gave. */
export interface CheckResult {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Checks a set of definitions that shall be in force together. `broken` are ids of entries that could not be read:
 * references to them are not complained about, their own errors are enough.
 */
export function checkDefinitions(definitions: readonly Definition[], broken?: ReadonlySet<string>): CheckResult {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const byId = new Map<string, Definition>();
  for (const definition of definitions) {
    const first = byId.get(definition.id);
    if (first === undefined) byId.set(definition.id, definition);
    else errors.push(duplicate(definition, first));
  }
  const groups = new Set<string>();
  for (const definition of byId.values()) {
    if (definition.kind === "security.policy" || definition.kind === "security.policy.expr") {
      for (const group of definition.groups) groups.add(group);
    }
  }

  const report = (to: Problem[], from: Definition, field: string, text: string) => {
    const place = from.referencePlaces[field] ?? from.place;
    to.push({ place, entry: from.id, field, text: `entry ${from.id}: ${text}` });
  };
  const exists = (id: string) => byId.get(id);
  const unread = (id: string) => broken?.has(id) === true;

  for (const from of byId.values()) {
    if (from.kind === "process.service") {
      const process = exists(from.processId);
      if (process === undefined && !unread(from.processId)) {
        report(errors, from, "process", `there is no entry ${from.processId} to run; name a process entry`);
      } else if (process !== undefined && !isProcessDefinition(process)) {
        report(errors, from, "process", `${describe(process)}, which is no process; name a process entry`);
      }
      const host = exists(from.hostId);
      if (host === undefined && !unread(from.hostId)) {
        const text = `there is no host ${from.hostId}; the service stays inactive until an entry of kind process.host has that id`;
        report(warnings, from, "host", text);
      } else if (host !== undefined && host.kind !== "process.host") {
        report(errors, from, "host", `${describe(host)}; name an entry of kind process.host`);
      }
    }
    if (from.kind === "process.service" || from.kind === "process.host") {
      for (const [id, field] of requirements(from)) {
        const needed = exists(id);
        if (needed?.kind === "process.service" || needed?.kind === "process.host" || unread(id)) continue;
        const what = needed === undefined ? `there is no entry ${id}` : describe(needed);
        report(warnings, from, field, `${what}, so ${from.id} cannot start; require services and hosts only`);
      }
      from.lifecycle.security?.groups.forEach((id, at) => {
        const field = `lifecycle.security.groups[${at}]`;
        if (!groups.has(id)) report(errors, from, field, `no policy is in a group ${id}; check the group's id`);
      });
      from.lifecycle.security?.policies.forEach((id, at) => {
        const kind = exists(id)?.kind;
        if (kind === "security.policy" || kind === "security.policy.expr" || unread(id)) return;
        report(errors, from, `lifecycle.security.policies[${at}]`, `there is no policy ${id}; name a policy entry`);
      });
    }
    if (isLuaDefinition(from)) {
      for (const { field, text } of importMistakes(from, byId, unread)) report(errors, from, field, text);
    }
  }

  const sorted = [...byId.keys()].sort();
  const startsAfter = (id: string): readonly string[] => {
    const from = byId.get(id);
    return from?.kind === "process.service" || from?.kind === "process.host" ? dependencies(from) : [];
  };
  for (const cycle of findCycles(sorted, startsAfter)) {
    errors.push(cycleProblem(byId, cycle, "dependency cycle", "needs", "let one of them start without the other"));
  }
  const importsOf = (id: string): readonly string[] => {
    const from = byId.get(id);
    return from?.kind === "library.lua" ? Object.values(from.imports) : [];
  };
  for (const cycle of findCycles(sorted, importsOf)) {
    errors.push(cycleProblem(byId, cycle, "import cycle", "imports", "move what both need into a third library"));
  }
  return { errors, warnings };
}

/** The ids that must run before a service or host does: what it requires, and a service's host (S14.23). */
export function dependencies(definition: ServiceDefinition | HostDefinition): readonly string[] {
  const { requires } = definition.lifecycle;
  return definition.kind === "process.service" ? [...requires, definition.hostId] : requires;
}

/** Each required id with the field that names it. */
function requirements(from: ServiceDefinition | HostDefinition): [id: string, field: string][] {
  return from.lifecycle.requires.map((id, at) => {
    const alias = `lifecycle.depends_on[${at}]`;
    return [id, Object.hasOwn(from.referencePlaces, alias) ? alias : `lifecycle.requires[${at}]`];
  });
}

function describe(definition: Definition): string {
  return `${definition.id} is of kind ${definition.kind}`;
}

function duplicate(second: Definition, first: Definition): Problem {
  const where = first.place === null ? "in the program that embeds the runtime" : `at ${formatPlace(first.place)}`;
  const text = `entry ${second.id} exists already, ${where}; give one of the two another name`;
  return { place: second.place ?? first.place, entry: second.id, field: "name", text };
}

function cycleProblem(
  byId: ReadonlyMap<string, Definition>,
  cycle: readonly string[],
  title: string,
  verb: string,
  advice: string,
): Problem {
  const first = byId.get(cycle[0] as string) as Definition;
  const text = `${title}: ${cycle.join(` ${verb} `)}; ${advice}`;
  return { place: placeOfReference(first, cycle[1] as string) ?? first.place, entry: first.id, field: null, text };
}

/** Where a definition names another. */
function placeOfReference(from: Definition, id: string): Place | null {
  const named = (field: string) => from.referencePlaces[field] ?? null;
  if (from.kind === "process.service" || from.kind === "process.host") {
    for (const [required, field] of requirements(from)) if (required === id) return named(field);
    return named("host");
  }
  if (isLuaDefinition(from)) return named(importOf(from, id));
  return null;
}

function importOf(from: LuaDefinition, id: string): string {
  const alias = Object.keys(from.imports).find((alias) => from.imports[alias] === id);
  return `imports.${alias}`;
}
