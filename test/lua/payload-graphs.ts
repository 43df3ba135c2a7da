/**
 * Random data of whatever may be sent, with cycles and shared parts: as a plan, as a value of TypeScript, and as the text
 * of a Lua expression. A plan says what parts there are and what each refers to; all begins with the first part.
 */
import fc from "fast-check";
import { errors, ProcessError } from "../../src/index.ts";

/** A value without parts of its own. */
export type Leaf =
  | { readonly kind: "nil" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** An integer of 64 bits. */
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array };

/** A leaf, or the number of a part, counted round. */
export type Reference = Leaf | number;

/** A part, which can be referred to more than once. */
export type Part =
  | { readonly kind: "list"; readonly items: readonly Reference[] }
  /** Integer keys occur in what is made in Lua only. */
  | { readonly kind: "map"; readonly entries: readonly (readonly [key: string | bigint, value: Reference])[] }
  | { readonly kind: "date"; readonly ms: number }
  | {
      readonly kind: "error";
      readonly message: string;
      readonly error: string;
      readonly retryable: boolean | undefined;
      readonly details: Reference;
    };

export type Plan = readonly Part[];

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "binary", minLength: 10, maxLength: 80 }),
  fc.constantFrom(
    "\ufeff",
    "\ufeffa",
    "a\ufeff",
    "\u0000",
    "a\u0000b",
    "__proto__",
    "constructor",
    "1",
    "-1",
    "",
    "é",
    "𝄞",
  ),
);
const float = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0.1, 3, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300),
);
const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -10n, max: 10n }),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 50 }),
  fc
    .constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0])
    .map((list) => Uint8Array.from(list)),
);
const leaf = (withNil: boolean): fc.Arbitrary<Leaf> => {
  const some: fc.Arbitrary<Leaf>[] = [
    fc.boolean().map((value) => ({ kind: "boolean", value })),
    integer.map((value) => ({ kind: "integer", value })),
    float.map((value) => ({ kind: "float", value })),
    text.map((value) => ({ kind: "text", value })),
    bytes.map((value) => ({ kind: "bytes", value })),
  ];
  if (withNil) some.push(fc.constant({ kind: "nil" }));
  return fc.oneof(...some);
};
const reference = (withNil: boolean): fc.Arbitrary<Reference> => fc.oneof(leaf(withNil), fc.nat({ max: 11 }));
/** Keys of one map: no two of them have the same text, also not as number and text (S2.57). */
const key = (withIntegers: boolean): fc.Arbitrary<string | bigint> => (withIntegers ? fc.oneof(text, integer) : text);

/**
 * Plans of data.
 *
 * @param origin maps with integer keys and lists with holes are made in Lua only: in TypeScript they are something else.
 */
export function plans(origin: "lua" | "typescript"): fc.Arbitrary<Plan> {
  const inLua = origin === "lua";
  const part: fc.Arbitrary<Part> = fc.oneof(
    fc.array(reference(inLua), { maxLength: 6 }).map((items): Part => ({ kind: "list", items })),
    fc
      .uniqueArray(fc.tuple(key(inLua), reference(true)), { maxLength: 6, selector: ([one]) => String(one) })
      .map((entries): Part => ({ kind: "map", entries })),
    fc.integer({ min: -8_000_000_000_000, max: 8_000_000_000_000 }).map((ms): Part => ({ kind: "date", ms })),
    fc.record({
      kind: fc.constant("error" as const),
      message: text,
      error: fc.constantFrom(...Object.values(errors).filter((one) => typeof one === "string")) as fc.Arbitrary<string>,
      retryable: fc.option(fc.boolean(), { nil: undefined }),
      details: reference(true),
    }),
  );
  return fc.array(part, { minLength: 1, maxLength: 8 });
}

// ---------------------------------------------------------------------------------------------------------------------
// In TypeScript

function leafValue(leaf: Leaf): unknown {
  if (leaf.kind === "nil") return null;
  if (leaf.kind !== "integer") return leaf.value;
  const small = Number(leaf.value);
  return Number.isSafeInteger(small) ? small : leaf.value;
}

function shell(part: Part): object {
  if (part.kind === "list") return [];
  if (part.kind === "map") return {};
  if (part.kind === "date") return new Date(part.ms);
  const { message, error, retryable } = part;
  return new ProcessError({ message, kind: error as never, retryable });
}

function define(into: object, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The data of a plan as a value of TypeScript. */
export function typescriptValue(plan: Plan): unknown {
  const made = plan.map(shell);
  const valueAt = (reference: Reference) =>
    typeof reference === "number" ? made[reference % plan.length] : leafValue(reference);
  for (const [at, part] of plan.entries()) {
    const object = made[at] as object;
    if (part.kind === "list") for (const item of part.items) (object as unknown[]).push(valueAt(item));
    else if (part.kind === "map")
      for (const [name, value] of part.entries) define(object, String(name), valueAt(value));
    else if (part.kind === "error") define(object, "details", valueAt(part.details) ?? undefined);
  }
  return made[0];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a leaf is after it was in Lua: bytes that are UTF-8 are text there, and a small integer is a number. */
function throughLua(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (!(value instanceof Uint8Array)) return value ?? null;
  try {
    return decoder.decode(value);
  } catch {
    return value;
  }
}

/** The parts that there are under keys; an empty list is an empty map, and nil is nothing. */
function partsOf(object: object): [string, unknown][] {
  if (object instanceof ProcessError) {
    const { message, kind, retryable, details } = object;
    return Object.entries({ message, kind, retryable, details }).filter(([, part]) => part != null);
  }
  return Object.entries(object).filter(([, part]) => part != null);
}

function kindOf(object: object): string {
  if (object instanceof ProcessError) return "error";
  if (object instanceof Date) return `date ${object.getTime()}`;
  return Array.isArray(object) && object.length > 0 ? "list" : "map";
}

/** Where two values differ, apart from what Lua cannot keep apart (S17.11); `null` where they do not. */
export function difference(sent: unknown, arrived: unknown): string | null {
  const there = new Map<object, object>();
  const back = new Map<object, object>();
  const open: [sent: unknown, arrived: unknown, at: string][] = [[sent, arrived, "it"]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [one, other, at] = [throughLua(next[0]), throughLua(next[1]), next[2]];
    if (typeof one !== "object" || one === null || one instanceof Uint8Array) {
      const same = one instanceof Uint8Array ? Buffer.from(one).equals(other as Uint8Array) : Object.is(one, other);
      if (!same) return `${at}: ${String(one)} became ${String(other)}`;
      continue;
    }
    if (typeof other !== "object" || other === null) return `${at}: a part became ${String(other)}`;
    if (there.has(one) || back.has(other)) {
      if (there.get(one) !== other || back.get(other) !== one) return `${at}: not the same shared part`;
      continue;
    }
    there.set(one, other);
    back.set(other, one);
    if (kindOf(one) !== kindOf(other)) return `${at}: ${kindOf(one)} became ${kindOf(other)}`;
    const [parts, others] = [new Map(partsOf(one)), new Map(partsOf(other))];
    if (parts.size !== others.size) return `${at}: ${[...parts.keys()]} became ${[...others.keys()]}`;
    for (const [name, part] of parts) open.push([part, others.get(name), `${at}.${name}`]);
  }
  return null;
}

// ---------------------------------------------------------------------------------------------------------------------
// In Lua

function luaString(value: string | Uint8Array): string {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return `"${[...bytes].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
}

function luaInteger(value: bigint): string {
  return value === -(2n ** 63n) ? "math.mininteger" : String(value);
}

function luaFloat(value: number): string {
  if (Number.isNaN(value)) return "(0/0)";
  if (!Number.isFinite(value)) return value > 0 ? "math.huge" : "-math.huge";
  const shown = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(shown) ? shown : `${shown}.0`;
}

function luaLeaf(leaf: Leaf): string {
  switch (leaf.kind) {
    case "nil":
      return "nil";
    case "boolean":
      return String(leaf.value);
    case "integer":
      return luaInteger(leaf.value);
    case "float":
      return luaFloat(leaf.value);
    default:
      return luaString(leaf.value);
  }
}

/** Statements of Lua after which the data of a plan is in the local `data`. */
export function luaText(plan: Plan): string {
  const lines = ["local parts = {}"];
  const valueAt = (reference: Reference) =>
    typeof reference === "number" ? `parts[${(reference % plan.length) + 1}]` : luaLeaf(reference);
  const each = (of: (part: Part, place: string) => void) => {
    for (const [at, part] of plan.entries()) of(part, `parts[${at + 1}]`);
  };
  each((part, place) => {
    if (part.kind === "date") {
      const seconds = Math.floor(part.ms / 1_000);
      lines.push(`${place} = time.unix(${seconds}, ${(part.ms - seconds * 1_000) * 1_000_000})`);
    } else if (part.kind !== "error") lines.push(`${place} = {}`);
  });
  // Its details are given to an error when it is made, so of errors it refers to earlier ones only.
  each((part, place) => {
    if (part.kind !== "error") return;
    const retryable = part.retryable === undefined ? "" : `, retryable = ${part.retryable}`;
    const given = `message = ${luaString(part.message)}, kind = ${luaString(part.error)}, details = ${valueAt(part.details)}`;
    lines.push(`${place} = errors.new({ ${given}${retryable} })`);
  });
  each((part, place) => {
    if (part.kind === "list") {
      for (const [i, item] of part.items.entries()) lines.push(`${place}[${i + 1}] = ${valueAt(item)}`);
    } else if (part.kind === "map") {
      for (const [name, value] of part.entries) {
        const shown = typeof name === "bigint" ? luaInteger(name) : luaString(name);
        lines.push(`${place}[${shown}] = ${valueAt(value)}`);
      }
    }
  });
  return `${lines.join("\n")}\nlocal data = parts[1]`;
}

/**
 * `difference(sent, arrived, relaxed)` in Lua: where two values differ, or nil. Relaxed is what S17.11 leaves open of data
 * that has been in TypeScript: 3 may be 3.0, and integer keys may be text.
 */
export const LUA_DIFFERENCE = `
local function is_time(value)
  return getmetatable(value) == false and value.unix ~= nil
end

local function same_number(one, other, relaxed)
  if one ~= one then return other ~= other end
  if one ~= other then return false end
  if one == 0 and 1 / one ~= 1 / other then return relaxed and math.type(one) ~= math.type(other) and 1 / one > 0 end
  return math.type(one) == math.type(other) or relaxed and math.abs(one) < 2^53
end

local function keys_of(map, relaxed)
  local keys, count = {}, 0
  for key in next, map do
    keys[relaxed and tostring(key) or key] = key
    count = count + 1
  end
  return keys, count
end

local compare

local function compare_tables(one, other, at, relaxed, there, back)
  if is_time(one) or is_time(other) then
    if not (is_time(one) and is_time(other) and one:unix_nano() == other:unix_nano()) then return at .. ": another time" end
    return nil
  end
  local keys, count = keys_of(one, relaxed)
  local others, other_count = keys_of(other, relaxed)
  if count ~= other_count then return at .. ": " .. count .. " parts became " .. other_count end
  for name, key in next, keys do
    if others[name] == nil then return at .. ": no " .. math.type(key) .. " " .. key end
    local found = compare(one[key], other[others[name]], at .. "." .. key, relaxed, there, back)
    if found then return found end
  end
end

function compare(one, other, at, relaxed, there, back)
  if type(one) ~= type(other) then return at .. ": " .. type(one) .. " became " .. type(other) end
  if type(one) == "number" then
    if same_number(one, other, relaxed) then return nil end
    return at .. ": " .. one .. " became " .. other
  end
  if type(one) ~= "table" and type(one) ~= "userdata" then
    return one ~= other and at .. ": " .. tostring(one) .. " became " .. tostring(other) or nil
  end
  if there[one] or back[other] then
    if there[one] == other and back[other] == one then return nil end
    return at .. ": not the same shared part"
  end
  there[one], back[other] = other, one
  if type(one) == "table" then return compare_tables(one, other, at, relaxed, there, back) end
  if one:kind() ~= other:kind() or one:message() ~= other:message() or one:retryable() ~= other:retryable() then
    return at .. ": another error"
  end
  return compare(one:details(), other:details(), at .. ".details", relaxed, there, back)
end

local function difference(one, other, relaxed)
  return compare(one, other, "it", relaxed, {}, {})
end
`;
