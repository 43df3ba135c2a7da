/**
 * What is changed in the VM when its module is loaded: functions and constants of Lua's core, in place. The bytes are pinned, so a
 * function is known by its number and a place in it by the instructions that stand there; each must be found exactly as
 * often as is said here.
 */
import { comparisonBytes, protectionBytes } from "./companion-bytes.ts";

/** The functions, by their numbers in the module, and how one is called. */
const COMPARE = 48; // lua_compare
const PROTECTED_CALL = 283; // luaD_rawrunprotected
const POSCALL = 291; // luaD_poscall
const PRECALL_C = 292; // precallC
const PRECALL = 293; // luaD_precall
const UNROLL = 298; // unroll
const TRAVERSE = 327; // propagatemark
const EXECUTE = 575; // luaV_execute
const COLLATE = 627; // strcoll
const CALL_PRECALL = [0x10, 0xa5, 0x02]; // call luaD_precall
const CALL_PRECALL_C = [0x10, 0xa4, 0x02]; // call precallC
const CALL_POSCALL = [0x10, 0xa3, 0x02]; // call luaD_poscall
const CALL_TRACE = [0x10, 0x98, 0x02]; // call luaG_traceexec
const CALL_HOOKCALL = [0x10, 0xa1, 0x02]; // call luaD_hookcall
const CALL_STRLEN = [0x10, 0xf6, 0x04]; // call strlen

/** One more instruction, or several, at a place of a function. */
interface Change {
  readonly function: number;
  /** The instructions that stand there. */
  readonly at: readonly number[];
  /** How often they do. */
  readonly times: number;
  /** What stands there instead. */
  readonly become: readonly number[];
}

/** `if (n == -1) {`, of a number on the stack. */
const IF_YIELDED = [0x41, 0x7f, 0x46, 0x04, 0x40];
const RETURN = [0x0f, 0x0b]; // return; }
/** What luaV_execute does before it returns: its frame of the shadow stack is given back. */
const LEAVE_EXECUTE = [0x20, 0x0e, 0x41, 0x30, 0x6a, 0x24, 0x00];
/** The variables of luaV_execute beside its parameters: 18 integers, 3 floats, 3 long integers; and one more, number 26. */
const EXECUTE_LOCALS = [0x03, 0x12, 0x7f, 0x03, 0x7c, 0x03, 0x7e];
const ONE_MORE_LOCAL = [0x04, ...EXECUTE_LOCALS.slice(1), 0x01, 0x7f];
/** The head of the loop of unroll. */
const UNROLL_LOOP = [0x47, 0x04, 0x40, 0x03, 0x40];

/**
 * A host function yields by returning -1, see adapter.wat. Whoever has called it returns as well, up to lua_resume: the
 * exception by which Lua yields otherwise costs as much as ten messages.
 */
const YIELDS_BY_RETURN: readonly Change[] = [
  // precallC: `n = f(L)`, `if (n == -1) return -1`, `luaD_poscall(L, ci, n)`
  {
    function: PRECALL_C,
    at: [0x11, 0x00, 0x00, 0x22, 0x00, ...CALL_POSCALL],
    times: 1,
    become: [0x11, 0x00, 0x00, 0x22, 0x00, ...IF_YIELDED, 0x41, 0x7f, ...RETURN, 0x20, 0x00, ...CALL_POSCALL],
  },
  // luaD_precall: NULL becomes `precallC(…) == -1`, which is no address
  {
    function: PRECALL,
    at: [...CALL_PRECALL_C, 0x1a, 0x41, 0x00, 0x21, 0x03],
    times: 1,
    become: [...CALL_PRECALL_C, 0x41, 0x7f, 0x46, 0x21, 0x03],
  },
  // luaV_execute, OP_CALL: `newci = luaD_precall(…)`, `if (newci == 1) return`
  {
    function: EXECUTE,
    at: [...CALL_PRECALL, 0x22, 0x01],
    times: 1,
    become: [...CALL_PRECALL, 0x22, 0x01, 0x41, 0x01, 0x46, 0x04, 0x40, ...LEAVE_EXECUTE, ...RETURN, 0x20, 0x01],
  },
  // luaV_execute, OP_TAILCALL: `n = precallC(…)`, `if (n == -1) return`
  { function: EXECUTE, at: EXECUTE_LOCALS, times: 1, become: ONE_MORE_LOCAL },
  {
    function: EXECUTE,
    at: CALL_PRECALL_C,
    times: 2,
    become: [...CALL_PRECALL_C, 0x22, 0x1a, ...IF_YIELDED, ...LEAVE_EXECUTE, ...RETURN, 0x20, 0x1a],
  },
  // unroll: `while (L->ci != &L->base_ci) {`, `if (L->status != LUA_OK) return`
  {
    function: UNROLL,
    at: UNROLL_LOOP,
    times: 1,
    become: [...UNROLL_LOOP, 0x20, 0x00, 0x2d, 0x00, 0x06, 0x04, 0x40, ...RETURN],
  },
];

/**
 * The hook counts in luaV_execute itself, as luaG_traceexec does it as long as the count is not used up. There is a count
 * only where nothing but a count is hooked: vm.ts and companion.wat hook nothing else, and no script can. Before each
 * instruction stands
 *
 *     trap = L->hookcount - 1 > 0 ? (L->hookcount--, 1) : luaG_traceexec(L, pc);
 */
const COUNTS_IN_PLACE: Change = {
  function: EXECUTE,
  at: CALL_TRACE,
  times: 78,
  become: [
    ...[0x20, 0x00, 0x28, 0x02, 0x6c, 0x41, 0x01, 0x6b, 0x22, 0x1a, 0x41, 0x00, 0x4a],
    ...[0x04, 0x03, 0x1a, 0x1a, 0x20, 0x00, 0x20, 0x1a, 0x36, 0x02, 0x6c, 0x41, 0x01],
    ...[0x05, ...CALL_TRACE, 0x0b],
  ],
};

/**
 * Functions begin and end as if nothing were hooked. Lua has hooks for that, and for lines, and where a hook of any sort is
 * set each call and each return sees to them; of a hook that counts there is nothing to see to.
 */
const CALLS_UNHOOKED: readonly Change[] = [
  // luaV_execute, where a function begins: `luaD_hookcall(L, ci)`, without which only lines go wrong
  { function: EXECUTE, at: [0x20, 0x00, 0x20, 0x07, ...CALL_HOOKCALL], times: 2, become: [] },
  // luaV_execute, OP_RETURN0 and OP_RETURN1: `if (L->hookmask)`, else the call ends without luaD_poscall
  {
    function: EXECUTE,
    at: [0x20, 0x00, 0x28, 0x02, 0x70, 0x04, 0x40],
    times: 2,
    become: [0x41, 0x00, 0x04, 0x40],
  },
  // luaD_poscall: `if (L->hookmask && …) rethook(L, ci, nres)`
  {
    function: POSCALL,
    at: [0x20, 0x00, 0x28, 0x02, 0x70, 0x22, 0x04, 0x45],
    times: 1,
    become: [0x41, 0x00, 0x22, 0x04, 0x45],
  },
];

/**
 * A table with weak keys keeps them unless its values are weak, too. Lua settles which keys such tables hold through each
 * other at the end of a cycle, all at once, in a time that grows with the square of their entries: 50,000 held the thread
 * for a second and a half. Without them nothing is left to settle. Where the collector turns to a table whose mode is `k`
 * alone, `traverseephemeron(g, h, 0)` and done with the table, it goes on to how strong tables are traversed.
 */
const KEEPS_WEAK_KEYS: Change = {
  function: TRAVERSE,
  at: [0x20, 0x00, 0x20, 0x01, 0x41, 0x00, 0x10, 0xcb, 0x02, 0x1a, 0x0c, 0x02],
  times: 1,
  become: [0x0c, 0x01, 0x20, 0x01, 0x41, 0x00, 0x10, 0xcb, 0x02, 0x1a, 0x0c, 0x02],
};

/**
 * Strings are compared as a whole by what stands in place of strcoll, see comparison.wat. Where that finds no difference Lua
 * asks for the length up to the first zero, to go on behind it; now for that of the string, and so it is at the end.
 */
const COMPARES_WHOLE_STRINGS: readonly Change[] = [
  // luaV_execute, OP_LT and OP_LE: `(len = strlen(l)) == lr`
  {
    function: EXECUTE,
    at: [0x20, 0x05, 0x20, 0x02, ...CALL_STRLEN, 0x22, 0x04, 0x46],
    times: 2,
    become: [0x20, 0x05, 0x20, 0x05, 0x22, 0x04, 0x46],
  },
  // lua_compare, LUA_OPLT and LUA_OPLE: the same
  {
    function: COMPARE,
    at: [0x20, 0x06, 0x20, 0x01, ...CALL_STRLEN, 0x22, 0x00, 0x46],
    times: 1,
    become: [0x20, 0x06, 0x20, 0x06, 0x22, 0x00, 0x46],
  },
  {
    function: COMPARE,
    at: [0x20, 0x00, 0x20, 0x02, ...CALL_STRLEN, 0x22, 0x03, 0x46],
    times: 1,
    become: [0x20, 0x00, 0x20, 0x00, 0x22, 0x03, 0x46],
  },
];

/**
 * Constants that stand all over the module: what WebAssembly writes for an instruction that pushes one, how many there
 * must be, and what stands there instead, in as many bytes.
 */
interface Constant {
  readonly at: readonly number[];
  readonly times: number;
  readonly become: readonly number[];
}

/**
 * The limit of stacks is a quarter of Lua's own, which is more than 65,536 values three times over. A stack grows by
 * moving, its calls are let go one by one when an error passes them, and the collector looks at all of it at once: with a
 * million slots that held the thread for 70 ms at each overflow.
 */
const SMALL_STACKS: readonly Constant[] = [
  { at: [0x41, 0xc0, 0x84, 0x3d], times: 6, become: [0x41, 0x80, 0x80, 0x10] }, // 1,000,000: 262,144
  { at: [0x41, 0xbf, 0x84, 0x3d], times: 2, become: [0x41, 0xff, 0xff, 0x0f] }, // one less
  { at: [0x41, 0x88, 0x86, 0x3d], times: 1, become: [0x41, 0xc8, 0x81, 0x10] }, // 200 more, to handle the error
  { at: [0x41, 0x94, 0xac, 0x14], times: 1, become: [0x41, 0xd4, 0xaa, 0x05] }, // a third of it, less one
];

/**
 * The table of short strings does not grow beyond 131,072 places: when it grows all strings are put into new places at
 * once, which held the thread for 60 ms at half a million and twice as long at a million. With more strings each place has
 * some more, and to find one takes somewhat longer. Lua asks whether the table, of which it is to have twice as many
 * places, has 2^29 at most; now 2^16.
 */
const SMALL_STRING_TABLE: Constant = {
  at: [0x0b, 0x20, 0x05, 0x41, 0xff, 0xff, 0xff, 0xff, 0x01, 0x4c, 0x04],
  times: 1,
  become: [0x0b, 0x20, 0x05, 0x41, 0x80, 0x80, 0x84, 0x80, 0x00, 0x4c, 0x04],
};

const CONSTANTS = [...SMALL_STACKS, SMALL_STRING_TABLE];
const CHANGES = [...YIELDS_BY_RETURN, COUNTS_IN_PLACE, ...CALLS_UNHOOKED, KEEPS_WEAK_KEYS, ...COMPARES_WHOLE_STRINGS];

/** The section of a module that holds the bodies of its functions. */
const CODE = 10;
const HEADER_BYTES = 8;
/** How many functions the VM imports: the numbers of its own begin there. */
const IMPORTED = 27;

/** The bytes of the VM, changed. */
export function changedVm(original: Uint8Array): Uint8Array {
  const glue = withConstants(original);
  const changed = new Map<number, (body: Uint8Array) => Uint8Array>();
  for (const { function: number } of CHANGES) {
    changed.set(number, (body) => CHANGES.filter((one) => one.function === number).reduce(applied, body));
  }
  changed.set(PROTECTED_CALL, () => onlyBody(new Uint8Array(protectionBytes)));
  changed.set(COLLATE, () => onlyBody(new Uint8Array(comparisonBytes)));
  const { from, to, reader } = codeOf(glue);
  const parts: Part[] = [];
  let copied = reader.at;
  const last = IMPORTED + readUnsigned(reader);
  for (let number = IMPORTED; number < last; number++) {
    const start = reader.at;
    const length = readUnsigned(reader);
    const change = changed.get(number);
    if (change !== undefined) {
      const body = change(glue.subarray(reader.at, reader.at + length));
      parts.push(glue.subarray(copied, start), unsigned(body.length), body);
      copied = reader.at + length;
    }
    reader.at += length;
  }
  const code = joined([...parts, glue.subarray(copied, to)]);
  return joined([glue.subarray(0, from), [CODE], unsigned(code.length), code, glue.subarray(to)]);
}

function withConstants(glue: Uint8Array): Uint8Array {
  const changed = new Uint8Array(glue);
  for (const { at, times, become } of CONSTANTS) {
    let found = 0;
    for (let place = indexOf(glue, at, 0); place >= 0; place = indexOf(glue, at, place + 1), found++) {
      changed.set(become, place);
    }
    if (found !== times) throw new Error("the constants of this Lua VM are not the expected ones");
  }
  return changed;
}

type Part = readonly number[] | Uint8Array;

function applied(body: Uint8Array, { at, times, become }: Change): Uint8Array {
  const parts: Part[] = [];
  let copied = 0;
  for (let place = indexOf(body, at, 0); place >= 0; place = indexOf(body, at, copied)) {
    parts.push(body.subarray(copied, place), become);
    copied = place + at.length;
  }
  if (parts.length !== 2 * times) throw new Error("the code of this Lua VM is not the expected one");
  return joined([...parts, body.subarray(copied)]);
}

/** Where the section of the bodies begins and ends, and what reads their number next. */
function codeOf(module: Uint8Array): { from: number; to: number; reader: Reader } {
  const reader = { bytes: module, at: HEADER_BYTES };
  while (reader.at < module.length) {
    const from = reader.at;
    const id = module[reader.at++];
    const length = readUnsigned(reader);
    if (id === CODE) return { from, to: reader.at + length, reader };
    reader.at += length;
  }
  throw new Error("the Lua VM has no code");
}

/** The body of the function of a module that has only one. */
function onlyBody(module: Uint8Array): Uint8Array {
  const { to, reader } = codeOf(module);
  readUnsigned(reader);
  readUnsigned(reader);
  return module.subarray(reader.at, to);
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readUnsigned(reader: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function joined(parts: readonly Part[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The first place from one on where some bytes stand; -1 if there is none. */
function indexOf(bytes: Uint8Array, part: readonly number[], from: number): number {
  // Large bytes are rare.
  const rare = Math.max(...part);
  const offset = part.indexOf(rare);
  for (let at = bytes.indexOf(rare, from + offset); at >= 0; at = bytes.indexOf(rare, at + 1)) {
    if (part.every((byte, i) => bytes[at - offset + i] === byte)) return at - offset;
  }
  return -1;
}
