/**
 * The least policies that allow what was asked for, and nothing of another kind.
 *
 *     requests ─▶ what each needs, without the actor ─▶ those that go together: one policy
 *              ─▶ actors that need the same: one group
 *
 * A policy is a product of actions, resources and conditions, so only what was seen in every combination goes together.
 * No pid is ever named, as the next run has others: a process is told by its entry and its actor.
 */
import { actions as known } from "./actions.ts";
import { isAboutPid, placeOf, type RecordedRequest } from "./recorder.ts";

/** A condition as YAML has it. */
export interface WrittenCondition {
  readonly field: string;
  readonly operator: string;
  readonly value?: unknown;
  readonly value_from?: string;
}

/** A policy that allows, as YAML has it. */
export interface WrittenPolicy {
  readonly actions: string | readonly string[];
  readonly resources: string | readonly string[];
  readonly effect: "allow";
  readonly conditions?: readonly WrittenCondition[];
}

/** An entry of kind `security.policy`. */
export interface WrittenEntry {
  readonly name: string;
  readonly kind: "security.policy";
  readonly groups?: readonly string[];
  readonly policy: WrittenPolicy;
}

/** What some requests need: every one of the actions on every one of the resources, under conditions. */
interface Need {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly WrittenCondition[];
}

/**
 * The smallest policy that allows one request of this actor.
 *
 * @param isTargetTold whether the attributes say what is known of the process it is about; if not, the policy is for
 * all processes of that host.
 */
export function smallestPolicy(request: RecordedRequest, isTargetTold = true): WrittenPolicy {
  const need = needOf(request);
  const actors = request.actor === null ? [] : [request.actor];
  return written(isTargetTold || !isAboutPid(request.action) ? need : { ...need, conditions: [] }, actors);
}

/** The policies that allow these requests, in groups; the ids of the groups are names for the file they are written to. */
export function leastPolicies(requests: readonly RecordedRequest[]): WrittenEntry[] {
  const byActor = new Map<string | null, Need[]>();
  for (const request of requests) {
    const needs = byActor.get(request.actor) ?? [];
    needs.push(needOf(request));
    byActor.set(request.actor, needs);
  }
  const alike = new Map<string, { needs: readonly Need[]; actors: (string | null)[] }>();
  for (const [actor, all] of byActor) {
    const needs = together(all);
    // Who has no actor gets a group without a condition on it, which is nobody else's.
    const key = JSON.stringify([actor === null, needs]);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { needs, actors: [actor] });
    else known.actors.push(actor);
  }
  const names = new Set<string>();
  return [...alike.values()].flatMap(({ needs, actors }) => {
    const group = nameOf(actors, names);
    return needs.map((need, at): WrittenEntry => {
      const ids = actors.filter((actor) => actor !== null).sort();
      return { name: `${group}.${at + 1}`, kind: "security.policy", groups: [group], policy: written(need, ids) };
    });
  });
}

/** What one request needs, whoever asks. */
function needOf(request: RecordedRequest): Need {
  const { action, resource } = request;
  const conditions: WrittenCondition[] = [];
  const actions = literal(action) ?? "*";
  if (actions === "*") conditions.push(equals("action", [action]));
  if (isAboutPid(action)) {
    const target = targetOf(request);
    return { actions: [actions], resources: [target.resources], conditions: [...conditions, ...target.conditions] };
  }
  const resources = literal(resource) ?? "*";
  if (resources === "*") conditions.push(equals("resource", [resource]));
  return { actions: [actions], resources: [resources], conditions: [...conditions, ...attributeConditions(request)] };
}

/** Which processes an action may be done to, by what is known of the one it was done to. */
function targetOf({ actor, resource, meta }: RecordedRequest): {
  readonly resources: string;
  readonly conditions: readonly WrittenCondition[];
} {
  const { target_entry: entry, target_actor: owner } = meta;
  if (typeof entry !== "string") {
    // It had ended already: like it are the others of its host of which nothing is known. Or it was no request, but a
    // question of the program whether it may; then only those are like it.
    const absent = "pid" in meta ? "meta.target_entry" : "meta.pid";
    return { resources: `${placeOf(resource)}*`, conditions: [{ field: absent, operator: "nexists" }] };
  }
  const conditions = [equals("meta.target_entry", [entry])];
  if (typeof owner === "string") {
    const isOwn = owner === actor && isExact(owner);
    const own = { field: "meta.target_actor", operator: "eq", value_from: "actor.id" };
    conditions.push(isOwn ? own : equals("meta.target_actor", [owner]));
  }
  return { resources: "*", conditions };
}

/** What a program said about an action of its own. Only single values can be compared, and only names can be asked for. */
function attributeConditions({ action, meta }: RecordedRequest): WrittenCondition[] {
  if (Object.hasOwn(known, action)) return [];
  return Object.keys(meta)
    .sort()
    .filter((key) => /^[^.]+$/.test(key) && ["string", "number", "boolean"].includes(typeof meta[key]))
    .map((key) => {
      const value = meta[key];
      return typeof value === "string"
        ? equals(`meta.${key}`, [value])
        : { field: `meta.${key}`, operator: "eq", value };
    });
}

/** Puts together what was needed in every combination: resources, actions, then whom and what it was done to. */
function together(needs: readonly Need[]): Need[] {
  const byAction = merged(needs, ({ actions, conditions }) => [actions, conditions], "resources");
  const byResource = merged(byAction, ({ resources, conditions }) => [resources, conditions], "actions");
  const byOwner = mergedCondition(byResource, "meta.target_actor");
  return mergedCondition(byOwner, "meta.target_entry").sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Needs that are alike but for the text which a field has to be equal to become one need with all these texts. */
function mergedCondition(needs: readonly Need[], field: string): Need[] {
  const found = new Map<string, { need: Need; at: number; texts: Set<string> }>();
  const others: Need[] = [];
  for (const need of needs) {
    const at = need.conditions.findIndex((one) => one.field === field && one.operator === "eq" && isText(one.value));
    if (at < 0) {
      others.push(need);
      continue;
    }
    const text = need.conditions[at]?.value as string;
    const key = JSON.stringify([need.actions, need.resources, need.conditions.toSpliced(at, 1)]);
    const known = found.get(key);
    if (known === undefined) found.set(key, { need, at, texts: new Set([text]) });
    else known.texts.add(text);
  }
  const combined = [...found.values()].map(({ need, at, texts }) => ({
    ...need,
    conditions: need.conditions.with(at, equals(field, [...texts].sort())),
  }));
  return [...others, ...combined];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Needs that are alike but for one field become one need that has all values of it. */
function merged(needs: readonly Need[], likeness: (need: Need) => unknown, field: "actions" | "resources"): Need[] {
  const found = new Map<string, { need: Need; values: Set<string> }>();
  for (const need of needs) {
    const key = JSON.stringify(likeness(need));
    const known = found.get(key);
    if (known === undefined) found.set(key, { need, values: new Set(need[field]) });
    else for (const value of need[field]) known.values.add(value);
  }
  return [...found.values()].map(({ need, values }) => ({ ...need, [field]: [...values].sort() }));
}

function written({ actions, resources, conditions }: Need, actors: readonly string[]): WrittenPolicy {
  const all = actors.length === 0 ? conditions : [equals("actor.id", actors), ...conditions];
  return {
    actions: single(actions),
    resources: single(resources),
    effect: "allow",
    ...(all.length > 0 && { conditions: all }),
  };
}

function single(list: readonly string[]): string | readonly string[] {
  return list.length === 1 ? (list[0] as string) : list;
}

/** A text as a pattern that matches nothing else; `null` when there is none. */
function literal(text: string): string | null {
  return text === "" || text.endsWith("*") || isFileReference(text) ? null : text;
}

/** The condition that a field is one of these texts, and nothing that only counts as equal. */
function equals(field: string, texts: readonly string[]): WrittenCondition {
  if (!texts.every((text) => isExact(text) && !isFileReference(text))) {
    return { field, operator: "matches", value: `^(?:${texts.map(quoted).join("|")})$` };
  }
  if (texts.length === 1) return { field, operator: "eq", value: texts[0] };
  return { field, operator: "in", value: texts };
}

/** Whether a text is equal to itself only: texts that spell numbers are compared as such (S10.39). */
function isExact(text: string): boolean {
  return !/^[+-]?[\d.]/.test(text);
}

/** Whether a value of an entry would be read as the contents of a file (S13.12). */
function isFileReference(text: string): boolean {
  return text.startsWith("file://");
}

function quoted(text: string): string {
  return text.replace(/[!-/:-@[-^`{-~]/g, (character) => `\\${character}`);
}

/** A name for the policies of some actors. */
function nameOf(actors: readonly (string | null)[], taken: Set<string>): string {
  const [first] = actors;
  const base = first === null || first === undefined ? "without-actor" : first.replace(/[^\p{L}\p{N}_.-]+/gu, "-");
  let name = base;
  for (let at = 2; taken.has(name); at++) name = `${base}-${at}`;
  taken.add(name);
  return name;
}
