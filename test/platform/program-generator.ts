/**
 * Makes up programs out of everything that waits, from a seed: the text of `async (process, log) => { … }`. What a program
 * logs is to be the same whether its async functions are native or lowered; three moods say how much of it.
 *
 *     plain   lowered functions and plain values only: the whole log, in its order
 *     mixed   native promises and process calls as well: the log of each task, in its order
 *     ended   like mixed, and every function says when it is entered and left: for programs that are ended in the midst
 *
 * A task is what goes on by itself: main, a call that is not awaited at once, what `process.go` starts, a side of a
 * `Promise.all`. `log.fork()` gives it a log of its own, whose name counts the forks of its parent.
 *
 * How tasks that mix native promises and process calls are interleaved is not promised, so nothing here depends on it:
 * no task writes what another reads, channels have one reader and one writer, a select looks at what the same task has
 * filled, and a race is won by virtual milliseconds. Main waits at its end for all that it has started, since what is
 * left over when it returns is dropped. No call made in a `finally` of `ended` programs may fail, because there process
 * calls throw CANCELED, which a `catch` around would see by right; and since a function that stands in a `finally` when
 * it is told to return leaves that where it is, what has to come is in a `finally` within. A list of rejected promises is no iterable of ours for
 * `for await` with a `return` method: whether that is called is newer than Node 20.
 */
import { SeededRandom } from "../../src/testing/index.ts";

/** How much a program may do; see above. */
export type Mood = "plain" | "mixed" | "ended";

/** What programs need around them, as the start of their module. */
export const PRELUDE = `
const shown = (value) => value instanceof Promise ? "promise" : value instanceof Error ? "error " + value.message
  : typeof value === "function" ? "function" : Array.isArray(value) ? "[" + value.map(shown).join() + "]"
  : typeof value === "object" && value !== null ? "{" + Object.entries(value).map(([k, v]) => k + ":" + shown(v)).join() + "}"
  : String(value);
const num = (value) => typeof value === "number" && value === value ? value % 1000 : 1;
const boom = (what) => { throw new Error(what); };
const nothing = () => {};
const chosen = ({ case: which, value, ok, default: none }, hidesDate) => [which, hidesDate && value instanceof Date ? "date" : value, ok, none];
`;

/** What a call of a function costs at most, in steps. */
interface Callable {
  readonly call: (log: string, a: string, b: string) => string;
  readonly cost: number;
}

/** Where in a program we are. */
interface Place {
  /** Names of numbers that may be read. */
  readonly readable: readonly string[];
  /** Names of numbers of this function that may be written. */
  readonly writable: readonly string[];
  /** Labels around, of loops and of blocks. */
  readonly loops: readonly string[];
  readonly blocks: readonly string[];
  readonly inLoop: boolean;
  readonly isGenerator: boolean;
  readonly isMain: boolean;
  /** Whether it is in a `finally`. */
  readonly isLast: boolean;
  /** Whether a finally may still lead out by return, break and continue. */
  readonly depth: number;
}

const TOP: Place = {
  readable: [],
  writable: [],
  loops: [],
  blocks: [],
  inLoop: false,
  isGenerator: false,
  isMain: false,
  isLast: false,
  depth: 0,
};

/** The program of a seed. */
export function generateProgram(seed: number, mood: Mood): string {
  return new ProgramGenerator(new SeededRandom(seed), mood).program();
}

class ProgramGenerator {
  readonly #random: SeededRandom;
  readonly #mood: Mood;
  readonly #functions: Callable[] = [];
  readonly #generators: Callable[] = [];
  #names = 0;
  /** How many steps what is being written may still take. */
  #budget = 0;

  constructor(random: SeededRandom, mood: Mood) {
    this.#random = random;
    this.#mood = mood;
  }

  program(): string {
    const declared: string[] = [];
    for (let n = 2 + this.#random.below(4); n > 0; n--) declared.push(this.#declaration());
    const place = { ...TOP, readable: ["a"], writable: ["a"], isMain: true };
    // In parts, most of which may fail without the others: else most programs would be over soon.
    const parts = Array.from({ length: 2 + this.#random.below(2) }, () => {
      this.#budget = 30;
      const part = this.#block(place, 1 + this.#random.below(4));
      return this.#random.once(8) ? part : `try {\n${part}\n} catch (e) {\nlog.caught("part", e);\n}`;
    });
    const body = parts.join("\n");
    const isEnded = this.#mood === "ended";
    const joining = "for (const one of started) { try { await one; } catch {} }";
    return [
      "async (process, log) => {",
      "const started = [];",
      "const keep = (task) => { task.catch(nothing); started.push(task); return task; };",
      "const handled = (task) => task instanceof Promise ? keep(task) : task;",
      ...declared,
      "let a = 1;",
      this.#entering("main"),
      "try {",
      body,
      ...(isEnded ? [joining] : []),
      "return a;",
      ...(isEnded ? [] : ["} catch (e) {", 'log("main caught", e);', "throw e;"]),
      "} finally {",
      ...(isEnded ? [] : [joining]),
      this.#leaving(),
      "}",
      "}",
    ].join("\n");
  }

  #name(stem: string): string {
    return `${stem}${this.#names++}`;
  }

  /** Two of these around the body of a function say that it has been entered and left. */
  #entering(name: string): string {
    return this.#mood === "ended" ? `const self = log.enter("${name}");` : "";
  }

  #leaving(): string {
    if (this.#mood !== "ended") return "";
    return this.#random.once(2) ? "try { await null; } finally { log.leave(self); }" : "log.leave(self);";
  }

  // Functions

  #declaration(): string {
    const { below, pick } = bound(this.#random);
    this.#budget = 4 + below(14);
    const before = this.#budget;
    const isGenerator = below(4) === 0;
    const place: Place = { ...TOP, readable: ["a", "b", "k"], writable: ["a", "b"], isGenerator };
    const name = this.#name(isGenerator ? "g" : "f");
    const b = pick(["b", "b = 3", 'b = boom("default of NAME")', "b = a + 1", "{ x: b = 5 } = {}"]).replace(
      "NAME",
      name,
    );
    const given = b.startsWith("{");
    const body = (k: string) =>
      [
        `const k = ${k};`,
        this.#entering(name),
        ...(this.#mood === "ended" ? ["try {"] : []),
        this.#block(place, 2 + below(4)),
        below(3) > 0 ? `return ${this.#returned(place)};` : "",
        ...(this.#mood === "ended" ? ["} finally {", this.#leaving(), "}"] : []),
      ].join("\n");
    const star = isGenerator ? "*" : "";
    const params = `(log, a, ${b})`;
    const passed = (value: string) => (given && value !== "void 0" ? `{ x: ${value} }` : value);
    let text: string;
    let call: Callable["call"] = (log, a, b) => `${name}(${log}, ${a}, ${passed(b)})`;
    switch (below(isGenerator ? 4 : 6)) {
      case 0:
        text = `async function${star} ${name}${params} {\n${body("7")}\n}`;
        break;
      case 1:
        text = `const ${name} = { k: 3, async ${star}m${params} {\n${body("this.k")}\n} };`;
        call = (log, a, b) => `${name}.m(${log}, ${a}, ${passed(b)})`;
        break;
      case 2:
        text = `class ${name} { #k = 5; static s = 2; async ${star}m${params} {\n${body("this.#k")}\n} }`;
        call = (log, a, b) => `new ${name}().m(${log}, ${a}, ${passed(b)})`;
        break;
      case 3:
        text = [
          `class ${name}Base { async ${star}m${params} {\n${body("this.k")}\n} }`,
          isGenerator
            ? `class ${name} extends ${name}Base { k = 8; async *m(log, ...more) { yield 0; return yield* super.m(log, ...more); } }`
            : `class ${name} extends ${name}Base { k = 8; async m(log) { return num(await super.m(...arguments)) + this.k; } }`,
        ].join("\n");
        call = (log, a, b) => `new ${name}().m(${log}, ${a}, ${passed(b)})`;
        break;
      case 4:
        text = `const ${name} = async ${params} => {\n${body("9")}\n};`;
        break;
      default:
        text = `const ${name} = function () { return async ${params} => {\n${body("this.k")}\n}; }.call({ k: 4 });`;
    }
    (isGenerator ? this.#generators : this.#functions).push({ call, cost: before - this.#budget + 3 });
    return text;
  }

  /** What a function returns: sometimes a call that it does not wait for, which stands for its result. */
  #returned(place: Place): string {
    if (!this.#random.once(3)) return this.#value(place);
    // A finally may still run beside it, or return something else.
    return `handled(((log) => ${this.#awaited(place)})(log.fork()))`;
  }

  // Values

  #number(place: Place): string {
    const { below, pick } = bound(this.#random);
    if (place.readable.length > 0 && below(3) > 0) {
      const name = pick(place.readable);
      return below(3) === 0 ? `(${name} + ${below(5)})` : name;
    }
    return String(below(10));
  }

  #value(place: Place): string {
    const { below } = bound(this.#random);
    switch (below(8)) {
      case 0:
        return `"s${below(9)}"`;
      case 1:
        return "void 0";
      case 2:
        return `[${this.#number(place)}, ${this.#number(place)}]`;
      case 3:
        return `{ v: ${this.#number(place)} }`;
      case 4:
        return "null";
      default:
        return this.#number(place);
    }
  }

  #condition(place: Place): string {
    const { below, pick } = bound(this.#random);
    return `${this.#number(place)} % ${2 + below(3)} ${pick(["===", "!==", "<"])} ${below(3)}`;
  }

  /** A call of one of the functions declared so far that is not too dear; `null` when there is none. */
  #call(place: Place, log: string, most = this.#budget): string | null {
    const affordable = this.#functions.filter(({ cost }) => cost <= Math.min(most, this.#budget));
    if (affordable.length === 0) return null;
    const one = this.#random.pick(affordable);
    this.#budget -= one.cost;
    const b = this.#random.once(3) ? "void 0" : this.#number(place);
    return one.call(log, this.#number(place), b);
  }

  #generatorCall(place: Place): string | null {
    const affordable = this.#generators.filter(({ cost }) => cost <= this.#budget);
    if (affordable.length === 0) return null;
    const one = this.#random.pick(affordable);
    this.#budget -= one.cost;
    return one.call("log", this.#number(place), this.#random.once(6) ? "void 0" : this.#number(place));
  }

  /** Something to be awaited at once, or returned. */
  #awaited(place: Place): string {
    const { below, pick } = bound(this.#random);
    this.#budget--;
    const isPlain = this.#mood === "plain";
    const mayCall = !(place.isLast && this.#mood === "ended");
    const choice = below(isPlain ? 10 : 28);
    if (choice < 5 || choice > 23) {
      const call = mayCall ? this.#call(place, "log") : null;
      if (call !== null) return choice === 0 ? this.#chained(call, place) : call;
      return this.#value(place);
    }
    if (choice < 7) return this.#value(place);
    if (choice === 7) return `(async () => ${this.#value(place)})()`;
    if (choice === 8 && mayCall)
      return `(async (x) => { log("in", x); return num(await x) + 1; })(${this.#number(place)})`;
    if (choice === 9 && mayCall) return `(async () => { await null; throw new Error("late ${this.#name("e")}"); })()`;
    if (isPlain || !mayCall) return this.#value(place);
    switch (choice) {
      case 10:
        return `Promise.resolve(${this.#value(place)})`;
      case 11:
        return `Promise.reject(new Error("${this.#name("e")}"))`;
      case 12:
        return `{ then: (yes, no) => ${pick(["yes", "no"])}(${this.#value(place)}) }`;
      case 13:
        return `new Promise((yes) => yes(${this.#value(place)}))`;
      case 14:
        return this.#together(place);
      case 15:
        return `Promise.race([process.sleep(${below(3)} + 1).then(() => "first"), process.sleep(${5 + below(3)})])`;
      case 16:
        return `process.exec("sim:child", "sim:processes", ${this.#number(place)})`;
      case 17:
        return `process.registry.lookup("nobody")`;
      case 18:
        return `process.after(${1 + below(3)}).receive().then((at) => at instanceof Date)`;
      default:
        return `process.sleep(${below(4)})`;
    }
  }

  /** Callbacks at a call that is awaited at once. */
  #chained(call: string, place: Place): string {
    const { below } = bound(this.#random);
    const e = this.#name("e");
    const fulfilled = [
      `(x) => { log("then", x); return num(x) + ${this.#number(place)}; }`,
      `async (x) => { log("then async", x); await null; return x; }`,
      `(x) => { log("then boom", x); boom("${e}"); }`,
      `() => (async () => { log("then call"); return ${this.#number(place)}; })()`,
      "null",
    ];
    const rejected = [
      `(e) => { log.caught("rejected", e); return ${this.#number(place)}; }`,
      `async (e) => { log.caught("rejected", e); await null; throw e; }`,
    ];
    const last = [
      `() => { log("last"); }`,
      `() => { log("last boom"); boom("${e}"); }`,
      `async () => { log("last"); await null; log("last end"); return "ignored"; }`,
      `() => (async () => { await null; throw new Error("${e}"); })()`,
    ];
    let text = call;
    for (let n = 1 + below(3); n > 0; n--) {
      const how = below(4);
      if (how === 0) text += `.then(${this.#random.pick(fulfilled)})`;
      else if (how === 1) text += `.then(${this.#random.pick(fulfilled)}, ${this.#random.pick(rejected)})`;
      else if (how === 2) text += `.catch(${this.#random.pick(rejected)})`;
      else text += `.finally(${this.#random.pick(last)})`;
    }
    return text;
  }

  /** `Promise.all` and the like of things that go on side by side. */
  #together(place: Place): string {
    const { below, pick } = bound(this.#random);
    const sides = Array.from({ length: 1 + below(3) }, () => {
      const call = this.#call(place, "log.fork()");
      return call === null ? pick(["1", `process.sleep(${below(3)})`, "Promise.resolve(2)"]) : call;
    });
    if (sides.length === 1 || this.#random.once(3)) return `Promise.allSettled([${sides.map(kept).join(", ")}])`;
    // Which of several errors is first depends on the interleaving.
    return `Promise.all([${sides.map((one) => `${kept(one)}.catch((e) => [e])`).join(", ")}])`;
  }

  // Statements

  #block(place: Place, count: number): string {
    const lines: string[] = [];
    const after: string[] = [];
    let inside: Place = { ...place, depth: place.depth + 1 };
    for (let n = count; n > 0; n--) {
      if (this.#budget <= 0) break;
      const { text, declares, later } = this.#statement(inside);
      lines.push(text);
      if (declares !== undefined) {
        inside = { ...inside, readable: [...inside.readable, declares], writable: [...inside.writable, declares] };
      }
      if (later !== undefined) {
        // At a later place of this block, whichever.
        if (this.#random.once(2)) after.push(later);
        else after.unshift(later);
      }
      if (after.length > 0 && this.#random.once(3)) lines.push(after.shift() as string);
    }
    return [...lines, ...after].join("\n");
  }

  #statement(place: Place): { text: string; declares?: string; later?: string } {
    const { below, pick } = bound(this.#random);
    this.#budget--;
    const isDeep = place.depth > 4;
    const mayFail = !(place.isLast && this.#mood === "ended");
    const choice = below(isDeep ? 14 : 30);
    switch (choice) {
      case 0:
        return { text: `log("${this.#name("at")}", ${this.#value(place)}, ${this.#number(place)});` };
      case 1:
      case 2: {
        const declares = this.#name("v");
        return { text: `let ${declares} = num(await ${this.#awaited(place)});`, declares };
      }
      case 3:
      case 4:
        return { text: `log("${this.#name("got")}", await ${this.#awaited(place)});` };
      case 5:
        return { text: this.#waitingExpression(place) };
      case 6:
        if (place.writable.length === 0) break;
        return { text: `${pick(place.writable)} ${pick(["=", "+="])} num(await ${this.#awaited(place)});` };
      case 7:
        if (!mayFail) break;
        return {
          text: `if (${this.#condition(place)}) ${pick([
            `throw new Error("${this.#name("e")}");`,
            `boom("${this.#name("e")}");`,
            `await (async () => boom("${this.#name("e")}"))();`,
            `throw ${this.#number(place)};`,
          ])}`,
        };
      case 8:
        if (place.isLast && this.#random.below(3) > 0) break;
        return { text: `if (${this.#condition(place)}) return ${this.#returned(place)};` };
      case 9:
      case 10:
        return { text: this.#jump(place) ?? `log("${this.#name("at")}");` };
      case 11:
        return this.#started(place);
      case 12:
      case 13:
        if (place.isGenerator && mayFail) {
          const declares = this.#name("y");
          return {
            text: `const ${declares} = num(yield ${this.#awaited(place)});`,
            later: `log("resumed", ${declares});`,
          };
        }
        if (!mayFail) break;
        return this.#mood === "plain" ? this.#started(place) : { text: this.#processCalls(place) };
      case 14:
      case 15:
      case 16:
      case 17:
      case 18:
      case 19:
        return { text: this.#loop(place) };
      case 20:
      case 21:
      case 22:
      case 23:
        return { text: this.#try(place) };
      case 24:
        return {
          text: `if (${this.#condition(place)}) {\n${this.#block(place, 2)}\n} else {\n${this.#block(place, 1 + below(2))}\n}`,
        };
      case 25:
        return { text: this.#manualGenerator(place) ?? this.#closures(place) };
      case 26:
        return { text: this.#closures(place) };
      case 27: {
        const inside = { ...place, inLoop: false };
        return {
          text: `switch (num(await ${this.#awaited(place)}) % 3) { case 0: {\n${this.#block(inside, 1)}\n} case await 1: {\n${this.#block(inside, 1)}\n} break; default: {\n${this.#block(inside, 1)}\n} }`,
        };
      }
      case 28: {
        const label = this.#name("b");
        const inside = { ...place, blocks: [...place.blocks, label] };
        return { text: `${label}: {\n${this.#block(inside, 2 + below(2))}\n}` };
      }
      default:
        if (!mayFail) break;
        return this.#mood === "plain" ? this.#started(place) : { text: this.#processCalls(place) };
    }
    return { text: `log("${this.#name("at")}", await ${this.#value(place)});` };
  }

  /** Awaits in the midst of expressions. */
  #waitingExpression(place: Place): string {
    const { below } = bound(this.#random);
    const one = () => `await ${this.#awaited(place)}`;
    const at = `"${this.#name("x")}"`;
    switch (below(8)) {
      case 0:
        return `log(${at}, ${this.#number(place)}, ${one()}, ${this.#number(place)}, ${one()});`;
      case 1:
        return `log(${at}, (${one()}) || (${one()}), (${one()}) ?? (${one()}));`;
      case 2:
        return `log(${at}, \`\${num(${one()})}-\${num(${one()})}\`);`;
      case 3:
        return `{ const { p = ${one()}, q: [r] = [${one()}] } = ${this.#random.pick(["{}", "{ p: 1 }", "{ q: [2] }"])}; log(${at}, p, r); }`;
      case 4:
        return `log(${at}, ${this.#condition(place)} ? ${one()} : ${one()});`;
      case 5:
        return `log(${at}, [...[${one()}, 1], ${one()}], { ...{ u: ${one()} } });`;
      case 6:
        return `{ const o = { n: 1, get g() { log("get"); return ${this.#number(place)}; } }; o.n += num(${one()}); log(${at}, o.n, await o.g, o?.m?.(${one()})); }`;
      default:
        return `log(${at}, await (await (async () => async () => ${this.#value(place)})())());`;
    }
  }

  #jump({ loops, blocks, inLoop, ...place }: Place): string | null {
    const { below, pick } = bound(this.#random);
    const condition = this.#condition({ ...TOP, readable: place.readable });
    // A finally that goes on with a loop would do so for ever where the process is being ended.
    if (place.isLast && this.#mood === "ended") return null;
    if (blocks.length > 0 && below(3) === 0) return `if (${condition}) break ${pick(blocks)};`;
    if (loops.length > 0 && below(2) === 0) return `if (${condition}) ${pick(["break", "continue"])} ${pick(loops)};`;
    return inLoop ? `if (${condition}) ${pick(["break", "continue"])};` : null;
  }

  /** A call that is not awaited at once, but later, and once or twice. */
  #started(place: Place): { text: string; later?: string } {
    if (place.isLast && this.#mood === "ended") return { text: "await null;" };
    const call = this.#call(place, "log.fork()");
    if (call === null) return { text: `log("${this.#name("at")}");` };
    const t = this.#name("t");
    const at = this.#name("joined");
    const { below } = bound(this.#random);
    const text = `const ${t} = keep(${call});`;
    switch (below(4)) {
      case 0:
        return { text, later: `log("${at}", await ${t}, await ${t});` };
      case 1:
        return { text, later: `try { log("${at}", await ${t}); } catch (e) { log("${at} caught", e); }` };
      case 2:
        return { text, later: `log("${at}", await ${this.#chained(t, place)});` };
      default:
        return { text, later: `log("${at}", await ${t});` };
    }
  }

  #loop(outside: Place): string {
    const { below, pick } = bound(this.#random);
    const times = 2 + below(2);
    const label = this.#random.once(3) ? this.#name("l") : null;
    const i = this.#name("i");
    const prefix = label === null ? "" : `${label}: `;
    // What stands in a loop is reckoned as often as it runs.
    const whole = this.#budget;
    this.#budget = Math.floor(whole / times);
    const share = this.#budget;
    const place: Place = {
      ...outside,
      readable: [...outside.readable, i],
      loops: label === null ? outside.loops : [...outside.loops, label],
      inLoop: true,
    };
    let text: string;
    const kind = below(9);
    if (kind === 0) text = `${prefix}for (let ${i} = 0; ${i} < ${times}; ${i}++) {\n${this.#body(place)}\n}`;
    else if (kind === 1) {
      text = `let ${i} = 0;\n${prefix}while (${i} < num(await ${times})) {\n${i}++;\n${this.#body(place)}\n}`;
    } else if (kind === 2)
      text = `let ${i} = 0;\n${prefix}do {\n${i}++;\n${this.#body(place)}\n} while (${i} < ${times});`;
    else if (kind === 3) {
      text = `${prefix}for (const ${i} of [${Array.from({ length: times }, () => this.#number(outside))}]) {\n${this.#body(place)}\n}`;
    } else if (kind === 4) {
      text = `${prefix}for (let ${i} = num(await ${this.#awaited(outside)}), n = 0; n < await ${times}; n += num(await 1)) {\n${this.#body(place)}\n}`;
    } else {
      const generator = kind < 7 ? this.#generatorCall(outside) : null;
      const isLast = outside.isLast && this.#mood === "ended";
      if (generator !== null && !isLast) {
        text = `${prefix}for await (const ${i}_ of ${generator}) {\nconst ${i} = num(${i}_);\nlog("round", ${i}_);\n${this.#body(place)}\n}`;
      } else {
        // A list of calls starts them all at once: each is a task of its own.
        const items = Array.from({ length: times }, () => {
          const call = this.#random.once(2) && !isLast ? this.#call(outside, "log.fork()") : null;
          if (call !== null) return kept(call);
          return this.#mood === "plain" || isLast
            ? this.#value(outside)
            : pick(["1", "Promise.resolve(2)", "process.sleep(1)"]);
        });
        text = `${prefix}for await (const ${i}_ of [${items.join(", ")}]) {\nconst ${i} = num(${i}_);\nlog("round", ${i}_);\n${this.#body(place)}\n}`;
      }
    }
    this.#budget = whole - times * Math.max(1, share - this.#budget);
    return text;
  }

  #body(place: Place): string {
    return this.#block(place, 1 + this.#random.below(3));
  }

  #try(place: Place): string {
    const { below } = bound(this.#random);
    const how = below(3);
    const isEnded = this.#mood === "ended";
    let text = `try {\n${this.#block(place, 1 + below(3))}\n`;
    if (how !== 1) {
      text += `} catch (e) {\nlog.caught("caught", e);\n${this.#block(place, below(3))}\n`;
      if (this.#random.once(3) && !(isEnded && place.isLast)) text += "throw e;\n";
    }
    if (how !== 0) {
      text += `} finally {\nlog("${this.#name("finally")}");\n${this.#block({ ...place, isLast: true }, below(3))}\n`;
    }
    return `${text}}`;
  }

  /** Closures over the variable of a loop, called when it is over. */
  #closures(place: Place): string {
    const { below } = bound(this.#random);
    if (place.isLast && this.#mood === "ended") return "await null;";
    const fs = this.#name("fs");
    const k = this.#name("k");
    this.#budget -= 6;
    const bodies = [
      `async () => ${k}`,
      `async (x = ${k}) => { await null; return x + ${k}; }`,
      `async function () { log("closure", ${k}); return num(await ${this.#number(place)}) + ${k}; }`,
    ];
    const loop = [
      `for (let ${k} = 0; ${k} < 2; ${k}++)`,
      `for (const ${k} of [${this.#number(place)}, 4])`,
      `for await (const ${k} of [5, (async () => 6)()])`,
      `for (const ${k} in { p: 1, q: 2 })`,
    ];
    return `const ${fs} = [];\n${this.#random.pick(loop)} { ${below(2) ? "await null; " : ""}${fs}.push(${this.#random.pick(bodies)}); }\nfor (const f of ${fs}) log("${fs}", await f());`;
  }

  /** An async generator driven by hand, and closed in the end. */
  #manualGenerator(place: Place): string | null {
    const { below } = bound(this.#random);
    if (place.isLast) return null;
    const call = this.#generatorCall(place);
    if (call === null) return null;
    const g = this.#name("gen");
    const moves = Array.from({ length: 1 + below(4) }, () => {
      const how = below(6);
      const value = this.#number(place);
      if (how === 0) return `log("thrown", await ${g}.throw(new Error("into ${g}")));`;
      if (how === 1) return `log("returned", await ${g}.return(${value}));`;
      return `log("next", await ${g}.next(${value}));`;
    });
    if (this.#mood !== "ended" && this.#random.once(4)) {
      // Requests that queue up.
      moves.push(`{ const [p, q] = [keep(${g}.next(1)), keep(${g}.${this.#random.pick(["next", "return"])}(2))];`);
      moves.push('log("second", await q); log("first", await p); }');
    }
    return [
      `const ${g} = ${call};`,
      "try {",
      ...moves,
      "} catch (e) {",
      `log.caught("${g} caught", e);`,
      "} finally {",
      `log("closed", await ${g}.return().catch(nothing));`,
      "}",
    ].join("\n");
  }

  // Process calls

  #processCalls(place: Place): string {
    const { below, pick } = bound(this.#random);
    const c = this.#name("c");
    const at = this.#name("p");
    const n = this.#number(place);
    const isEnded = this.#mood === "ended";
    this.#budget -= 4;
    switch (below(10)) {
      case 0:
        return `const ${c} = process.channel(2); await ${c}.send(${n}); await ${c}.send({ v: 2 }); log("${at}", await ${c}.receive(), await ${c}.receive());`;
      case 1: {
        const receive = place.isMain && this.#random.once(2) ? "process.inbox()" : null;
        if (receive !== null) {
          return `process.send(process.pid(), "t${c}", ${n}); { const m = await ${receive}.receive(); log("${at}", m.topic, m.payload()); }`;
        }
        return `{ const topic = "${c}." + log.task; const own = process.listen(topic); process.send(process.pid(), topic, ${n}); log("${at}", await own.receive()); process.unlisten(own); }`;
      }
      case 2:
        return `const ${c} = process.channel(1); log("${at}", chosen(await process.select({ s: ${c}.caseSend(${n}), r: ${c}.caseReceive() })), chosen(await process.select([${c}.caseReceive()], { default: true })), chosen(await process.select([${c}.caseReceive()], { default: true })));`;
      case 3:
        // Either the value or the timeout: never both in the same millisecond.
        return `{ const ${c} = process.channel(1); process.go(async () => { await process.sleep(${1 + below(4)}); await ${c}.send(${n}); }); log("${at}", chosen(await process.select({ c: ${c}.caseReceive(), late: process.after(${0.5 + below(5)}).caseReceive() }), true)); }`;
      case 4:
      case 5:
      case 6: {
        const { send, receive, finish } = this.#ends(c);
        const times = 2 + below(2);
        const whole = this.#budget;
        this.#budget = Math.floor(whole / (2 * times));
        const v = this.#name("v");
        const inside: Place = { ...place, readable: [v], loops: [], blocks: [], inLoop: false };
        const producing = this.#block({ ...inside, writable: [], isMain: false, isGenerator: false }, 1 + below(2));
        const consuming = this.#block({ ...inside, readable: [...place.readable, v], inLoop: true }, 1 + below(2));
        this.#budget = Math.floor(whole / 3);
        return [
          `const ${c} = process.channel(${pick([0, 0, 1, 3])});`,
          "{ const parent = log.fork(); process.go(async () => { try { await (async (log) => {",
          isEnded ? `const self = log.enter("${c}"); try {` : "",
          `for (let ${v} = 0; ${v} < ${times}; ${v}++) {\n${producing}\n${send(v)}\n}`,
          isEnded ? "} finally { log.leave(self); }" : "",
          `})(parent); } catch (e) { parent.caught("producer caught", e); } ${c}.close(); }); }`,
          isEnded ? "" : "try {",
          receive(v, consuming),
          isEnded ? "" : `} finally { ${finish} }`,
        ].join("\n");
      }
      case 7:
        return `log("${at}", await process.sleep("${1 + below(3)}ms"), await process.sleep(0));`;
      case 8:
        return `{ const ticker = process.ticker(${1 + below(2)}); for (let n = 0; n < 2; n++) log("${at}", (await ticker.channel().receive()) instanceof Date); ticker.stop(); }`;
      default:
        return `{ const ${c} = process.channel(1); const first = ${c}.receive(); const second = keep(${c}.send(1)); log("${at}", await second, await first); ${c}.close(); log(await ${c}.receive()); try { await ${c}.send(2); } catch (e) { log.caught("closed", e); } }`;
    }
  }

  /** The two ends of a channel between two tasks; the reader reads it to its end, so that the writer comes to its own. */
  #ends(c: string): { send: (v: string) => string; receive: (v: string, body: string) => string; finish: string } {
    const { below } = bound(this.#random);
    const kind = below(3);
    const forAwait = (v: string, body: string) => `for await (const ${v} of ${c}) {\nlog("round", ${v});\n${body}\n}`;
    const whileLoop = (v: string, body: string) =>
      `for (let ${v}; (${v} = await ${c}.receive()) !== void 0; ) {\nlog("round", ${v});\n${body}\n}`;
    const selecting = (v: string, body: string) =>
      `for (;;) {\nconst { value: ${v}, ok } = await process.select([${c}.caseReceive()]);\nlog("round", ${v}, ok);\nif (!ok) break;\n${body}\n}`;
    return {
      send: (v) => (below(3) === 0 ? `await process.select([${c}.caseSend(${v})]);` : `await ${c}.send(${v});`),
      receive: [forAwait, whileLoop, selecting][kind] as typeof forAwait,
      finish: `while ((await ${c}.receive()) !== void 0);`,
    };
  }
}

/** A task that main waits for at its end, and whose rejection is no alarm. */
function kept(call: string): string {
  return `keep((async () => ${call})())`;
}

function bound(random: SeededRandom): { below: (n: number) => number; pick: <T>(list: readonly T[]) => T } {
  return { below: (n) => random.below(n), pick: (list) => random.pick(list) };
}
