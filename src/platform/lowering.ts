/**
 * Turns the `async` functions of a module into generators, so that our scheduler drives them (S16.54).
 *
 *     async function f(a) { return await g(a) }
 *        │ lower
 *        ▼
 *     function* f$b(a) { let $b_t; return (($b_t = $b_awaited($b_s + 0, g(a))) === $b_WAIT ? yield $b_WAIT : $b_t) }
 *     function f(a) { return $b_start(f$b(a)); }
 *
 * What begins with `$b_` comes from `beamish:lowered-code`, which engines/typescript/lowered-code.ts is the body of:
 * `start` drives a generator, `run` makes one of arguments whose taking apart may throw, `awaited`, `receive` and `WAIT`
 * are an await, and an `await x.receive()`, that need not wait when there is something already, `at` says where an await
 * stands that is handed on, `loop` is a `for await`, and `asyncGenerator`, `produce` and `delegate` are an
 * `async function*`.
 *
 * All else of the module stays as it is, top-level await as well. The generator of a function stands at the start of the
 * block around it wherever nothing in between has a name that it uses: to make a closure that is a generator costs far
 * more than one that is not. What a generator cannot see where it stands (`arguments`, `super`, `new.target`) is handed
 * to it in parameters before its own.
 *
 * Known to differ from native: a lowered function can be called with `new` and has a `prototype`, shows the lowered text
 * in `toString`, and is no instance of AsyncFunction; the iterable of `for await (const x of x)` is not the inner `x`.
 */
import {
  type AccessorProperty,
  type BlockStatement,
  type CallExpression,
  type Expression,
  type ForOfStatement,
  type Function as FunctionNode,
  type MethodDefinition,
  type Node,
  type ObjectProperty,
  type PropertyDefinition,
  parseSync,
  type Statement,
} from "oxc-parser";
import {
  type AnyFunction,
  behind,
  childrenOf,
  type FunctionFacts,
  factsOf,
  isFunction,
  type ModuleFacts,
  namesIn,
} from "./syntax-tree.ts";
import { copied, own, type SourceMap, SourceText, type Woven } from "./woven-text.ts";

/** A lowered module. */
export interface Lowered {
  readonly code: string;
  /** Leads to what the author wrote. */
  readonly map: SourceMap;
}

/**
 * Lowers a module; `null` when there is nothing to lower in it, or when it is no JavaScript, which whoever runs it will
 * say. `url` is the author's file, and `map` leads to it when `code` is what a compiler has made of it. `using` must have
 * been compiled away.
 */
export function lower(code: string, url: string, map?: SourceMap): Lowered | null {
  const { program, errors } = parseSync("module.js", code, { lang: "js", sourceType: "module" });
  if (errors.length > 0) return null;
  const facts = factsOf(program);
  return facts.hasAsync ? new ModuleLowering(code, url, facts, map).lower(program) : null;
}

/** What the words for a function's surroundings are replaced by where they would mean something else. */
interface Names {
  readonly arguments?: string;
  readonly target?: string;
  readonly super?: string;
  readonly construct?: string;
  /** A call of it is `this`: for constructors which have yet to call `super()`. */
  readonly self?: string;
}

/** The function whose awaits are being replaced. */
interface Body {
  /** What stack traces call it. */
  readonly name: string;
  readonly isGenerator: boolean;
  /** Whether it needs the variable for what comes without waiting. */
  usesSlot: boolean;
}

/** A scope between a function and the block where its generator could stand. */
interface Scope {
  /** Nodes with the names that it introduces; `null` for a scope that nothing may leave. */
  readonly nodes: readonly Node[] | null;
  readonly hasPrivate: boolean;
}

/** Where in the module we are. */
interface Place {
  /** `null` in code that stays native. */
  readonly body: Body | null;
  readonly names: Names;
  /** Generators that come at the start of the block around. */
  readonly hoisted: Woven[];
  /** The scopes between that block and here. */
  readonly crossed: readonly Scope[];
}

class ModuleLowering {
  readonly #code: string;
  readonly #source: SourceText;
  readonly #facts: ModuleFacts;
  readonly #url: string;
  /** How names of ours begin. */
  readonly #prefix: string;
  readonly #imported = new Set<string>();
  readonly #sites: string[] = [];
  readonly #generatorNames = new Set<string>();
  #loops = 0;

  constructor(code: string, url: string, facts: ModuleFacts, map: SourceMap | undefined) {
    this.#code = code;
    this.#url = url;
    this.#facts = facts;
    this.#source = new SourceText(code, url, map);
    let prefix = "$b_";
    for (let n = 1; code.includes(prefix); n++) prefix = `$b${n}_`;
    this.#prefix = prefix;
  }

  lower(program: Node): Lowered {
    const hashbang = this.#code.startsWith("#!") ? this.#code.indexOf("\n") + 1 : 0;
    const hoisted: Woven[] = [];
    const place: Place = { body: null, names: {}, hoisted, crossed: [] };
    const rest = this.#between(hashbang, this.#code.length, childrenOf(program), place);
    return this.#source.write([copied(0, hashbang), own(this.#head()), hoisted, rest]);
  }

  /** The import, and the places of the awaits: a `var`, since in a circle of imports functions are called before. */
  #head(): string {
    const sites =
      this.#sites.length === 0
        ? ""
        : `var ${this.#prefix}s = ${this.#ours("sites")}(${JSON.stringify(this.#url)}, ${JSON.stringify(this.#sites.join("|"))}); `;
    const names = [...this.#imported].map((name) => `${name} as ${this.#prefix}${name}`);
    return `import { ${names.join(", ")} } from "beamish:lowered-code"; ${sites}`;
  }

  /** Something from `beamish:lowered-code`. */
  #ours(name: string): string {
    this.#imported.add(name);
    return this.#prefix + name;
  }

  /** The number of a place where a function waits. */
  #site(at: number, { name }: Body): string {
    const { line, column } = this.#source.authorsPlace(at);
    const index = this.#sites.push(`${name.replace(/[:|]/g, "_")}:${line}:${column}`) - 1;
    return `${this.#prefix}s + ${index}`;
  }

  /** The variable of a body for what comes without waiting. */
  #slot(body: Body): string {
    body.usesSlot = true;
    return `${this.#prefix}t`;
  }

  /** The source from one offset to another, with the nodes in it woven. */
  #between(start: number, end: number, nodes: readonly Node[], place: Place): Woven {
    if (nodes.length === 0) return copied(start, end);
    const parts: Woven[] = [];
    let at = start;
    for (const node of nodes) {
      parts.push(copied(at, node.start), this.#weave(node, place));
      at = node.end;
    }
    parts.push(copied(at, end));
    return parts;
  }

  #copy(node: Node, place: Place): Woven {
    return this.#between(node.start, node.end, childrenOf(node), place);
  }

  #weave(node: Node, place: Place): Woven {
    const { body, names } = place;
    switch (node.type) {
      case "FunctionDeclaration":
        return node.async ? this.#declaration(node, "", node.start, place) : this.#native(node, place);
      case "FunctionExpression":
        if (node.async) return this.#function(node, `function ${node.id?.name ?? ""}`, place);
        return this.#native(node, place);
      case "ArrowFunctionExpression":
        return node.async ? this.#function(node, "", place) : this.#native(node, place);
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration": {
        const { declaration } = node;
        if (declaration?.type !== "FunctionDeclaration" || !declaration.async) break;
        const word = node.type === "ExportNamedDeclaration" ? "export " : "export default ";
        return this.#declaration(declaration, word, node.start, place);
      }
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#copy(node, across(place, scope(node.id === null ? [] : [node.id], true)));
      case "MethodDefinition":
        return this.#member(node, place);
      case "PropertyDefinition":
      case "AccessorProperty":
        return this.#field(node, place);
      case "StaticBlock":
        return this.#copy(node, { ...across(place, scope(null)), body: null, names: {} });
      case "Property":
        if (node.method) return this.#member(node as ObjectProperty, place);
        if (!node.shorthand || node.value.type !== "Identifier") break;
        if (node.value.name === "arguments" && names.arguments !== undefined)
          return own(`arguments: ${names.arguments}`, node.start);
        return copied(node.start, node.end);
      case "BlockStatement":
        return this.#block(node, place);
      case "SwitchStatement":
        return this.#copy(node, across(place, scope(null)));
      case "CatchClause":
        return this.#copy(node, across(place, scope(node.param === null ? [] : [node.param])));
      case "LabeledStatement":
      case "ForOfStatement": {
        const loop = unlabelled(node);
        if (loop.type === "ForOfStatement" && loop.await && body !== null)
          return this.#forAwait(loop, node.start, body, place);
        return node.type === "LabeledStatement" ? this.#copy(node, place) : this.#loop(node, node.left, place);
      }
      case "ForInStatement":
        return this.#loop(node, node.left, place);
      case "ForStatement":
        return this.#loop(node, node.init, place);
      case "WhileStatement":
      case "DoWhileStatement":
        return this.#loop(node, null, place);
      case "ExpressionStatement":
        return this.#startsAnew(node) ? [own(";"), this.#copy(node, place)] : this.#copy(node, place);
      case "AwaitExpression":
        return body === null ? this.#copy(node, place) : this.#await(node, body, place);
      case "YieldExpression":
        if (body === null) break;
        if (node.delegate && node.argument !== null)
          return this.#around(node, `(yield* ${this.#ours("delegate")}(`, node.argument, "))", place);
        return this.#around(
          node,
          `(yield ${this.#ours("produce")}(yield ${this.#ours("at")}(${this.#site(node.start, body)}, `,
          node.argument,
          ")))",
          place,
        );
      case "ReturnStatement":
        if (body?.isGenerator !== true || node.argument === null) break;
        return this.#around(
          node,
          `return (yield ${this.#ours("at")}(${this.#site(node.start, body)}, `,
          node.argument,
          "));",
          place,
        );
      case "CallExpression":
        return this.#call(node, place);
      case "TaggedTemplateExpression":
        if (names.super === undefined || !isSuperMember(node.tag)) break;
        return [
          this.#weave(node.tag, place),
          own(`.bind(${thisIn(names)})`),
          this.#between(node.tag.end, node.end, [node.quasi], place),
        ];
      case "ThisExpression":
        return names.self === undefined ? copied(node.start, node.end) : own(`${names.self}()`, node.start);
      case "Super":
        return names.super === undefined ? copied(node.start, node.end) : own(names.super, node.start);
      case "Identifier":
        if (node.name !== "arguments" || names.arguments === undefined) break;
        return own(names.arguments, node.start);
      case "MetaProperty":
        if (node.meta.name !== "new" || names.target === undefined) break;
        return own(names.target, node.start);
    }
    return this.#copy(node, place);
  }

  /** A node that becomes its argument between words of ours; without one, `undefined`. */
  #around(node: Node, before: string, argument: Node | null, after: string, place: Place): Woven {
    const inner = argument === null ? own("void 0") : this.#weave(argument, place);
    return [own(before, node.start), inner, own(after)];
  }

  /** Whether a statement gets a semicolon before it: it begins with a parenthesis now, which else would be a call. */
  #startsAnew(node: Node): boolean {
    return (
      this.#facts.listed.has(node) && /^(?:await|async|yield)\b/.test(this.#code.slice(node.start, node.start + 6))
    );
  }

  #await(node: Node & { type: "AwaitExpression" }, body: Body, place: Place): Woven {
    const channel = receiver(node.argument);
    const call =
      channel === null ? `${this.#ours("awaited")}(${this.#site(node.start, body)}, ` : `${this.#ours("receive")}(`;
    const slot = this.#slot(body);
    return this.#around(node, `((${slot} = ${call}`, channel ?? node.argument, `)) === ${this.#waited(slot)})`, place);
  }

  /** The end of `(slot = something) === …`: waits if there is nothing yet. */
  #waited(slot: string): string {
    const wait = this.#ours("WAIT");
    return `${wait} ? yield ${wait} : ${slot}`;
  }

  /** Calls by way of `super`: the method must get our `this`, and a constructor is called where it may be. */
  #call(node: CallExpression, place: Place): Woven {
    const { names } = place;
    const { callee } = node;
    if (callee.type === "Super" && names.construct !== undefined) {
      return [own(names.construct, node.start), this.#between(callee.end, node.end, node.arguments, place)];
    }
    if (names.super === undefined || !isSuperMember(callee)) return this.#copy(node, place);
    const dots = node.optional ? behind(this.#code, callee.end, "?.") : null;
    const open = behind(this.#code, dots ?? callee.end, "(") as number;
    const comma = node.arguments.length > 0 ? ", " : "";
    return [
      this.#weave(callee, place),
      own(`${dots === null ? "." : "?."}call(${thisIn(names)}${comma}`),
      this.#between(open, node.end, node.arguments, place),
    ];
  }

  // Blocks and loops

  /** A block, and at its start the generators of functions in it. */
  #block(node: BlockStatement, outside: Place, first: Woven = [], isBody = false): Woven {
    const place: Place = { ...outside, hoisted: [], crossed: [] };
    const directives = isBody ? node.body.filter((statement) => "directive" in statement) : [];
    const start = directives.at(-1)?.end ?? node.start + 1;
    const rest = this.#between(start, node.end, node.body.slice(directives.length), place);
    return [copied(node.start, start), first, place.hoisted, rest];
  }

  /** A loop, and at the head of its body, in a lowered function, the question whether to give the turn back. */
  #loop(node: Node & { body: Statement }, head: Node | null, outside: Place): Woven {
    const place = head?.type === "VariableDeclaration" ? across(outside, scope([head])) : outside;
    const heads = childrenOf(node).filter((child) => child !== node.body);
    const before = heads.filter((child) => child.start < node.body.start);
    const after = heads.filter((child) => child.start > node.body.start);
    return [
      this.#between(node.start, node.body.start, before, place),
      this.#loopBody(node.body, place),
      this.#between(node.body.end, node.end, after, place),
    ];
  }

  #loopBody(node: Statement, place: Place): Woven {
    if (place.body === null || awaitsAtHead(node)) return this.#weave(node, place);
    const check = own(` if (--${this.#ours("turn")}.left < 0) yield ${this.#ours("PAUSE")};`);
    if (node.type === "BlockStatement") return this.#block(node, place, check);
    return [own("{"), check, own(" "), this.#weave(node, place), own(" }")];
  }

  /** `for await`; `start` is where its labels begin, which must stay at a loop so that `continue` finds them. */
  #forAwait(node: ForOfStatement, start: number, body: Body, outside: Place): Woven {
    const loop = `${this.#prefix}l${this.#loops++}`;
    const error = `${this.#prefix}e`;
    const slot = this.#slot(body);
    const { left } = node;
    const place = left.type === "VariableDeclaration" ? across(outside, scope([left])) : outside;
    const head =
      left.type === "VariableDeclaration"
        ? [this.#weave(left, place), own(` = ${loop}.value; `)]
        : [own("("), this.#weave(left, place), own(` = ${loop}.value); `)];
    return [
      own(`{ const ${loop} = ${this.#ours("loop")}(`, start),
      this.#weave(node.right, outside),
      own("); try { "),
      copied(start, node.start),
      own(`for (; ${loop}.more((${slot} = ${loop}.next()) === ${this.#waited(slot)}); ) { `, node.start),
      head,
      this.#weave(node.body, place),
      own(` } } catch (${error}) { ${loop}.failed(${error}); throw ${error}; } finally { if (${loop}.open) `),
      own(`yield* ${loop}.close(${this.#site(node.start, body)}); } }`, node.start),
    ];
  }

  // Members of classes and objects

  #member(node: MethodDefinition | ObjectProperty, place: Place): Woven {
    const method = node.value as FunctionNode;
    const key = this.#between(node.key.start, method.start, node.computed ? [node.key] : [], place);
    const start = node.type === "MethodDefinition" ? (node.decorators.at(-1)?.end ?? node.start) : node.start;
    if (!method.async) return [copied(node.start, node.key.start), key, this.#native(method, place)];
    const isInClass = node.type === "MethodDefinition";
    // Without a semicolon a computed name would be taken for an index of what the field before it ends with.
    const words = `${isInClass && node.computed ? ";" : ""}${isInClass && node.static ? "static " : ""}`;
    return [
      this.#between(node.start, start, isInClass ? node.decorators : [], place),
      own(` ${words}${node.computed ? "[" : ""}`, start),
      key,
      this.#function(method, "", place),
    ];
  }

  /** A field of a class: its value is evaluated as if in a method of its own. */
  #field(node: PropertyDefinition | AccessorProperty, place: Place): Woven {
    if (node.value === null) return this.#copy(node, place);
    const others = childrenOf(node).filter((child) => child !== node.value);
    return [
      this.#between(node.start, node.value.start, others, place),
      this.#weave(node.value, { ...place, body: null, names: {} }),
      copied(node.value.end, node.end),
    ];
  }

  // Functions

  /** A function that stays one, with async ones in it perhaps. */
  #native(node: AnyFunction, outside: Place): Woven {
    const names = node.type === "ArrowFunctionExpression" ? outside.names : {};
    const place = across({ ...outside, body: null, names }, ownScope(node));
    const parts: Woven[] = [];
    let at = node.start;
    for (const child of childrenOf(node)) {
      const isBody = child === node.body && child.type === "BlockStatement";
      parts.push(copied(at, child.start), isBody ? this.#block(child, place, [], true) : this.#weave(child, place));
      at = child.end;
    }
    return [parts, copied(at, node.end)];
  }

  /** A declaration keeps its place, and its generator stands beside it. */
  #declaration(node: FunctionNode, exported: string, start: number, place: Place): Woven {
    const { name, generator, wrapper } = this.#halves(node, place);
    return [generator, own(` ${exported}function ${node.id?.name ?? ""}`, start), wrapper(own(name))];
  }

  /** A function expression, which `word` begins, or a method behind its name. */
  #function(node: AnyFunction, word: string, place: Place): Woven {
    const { name, generator, wrapper } = this.#halves(node, place);
    if (!this.#canStandOutside(node, place)) return [own(word, node.start), wrapper([own("("), generator, own(")")])];
    place.hoisted.push([generator, own(" ")]);
    return [own(word, node.start), wrapper(own(name))];
  }

  /** Whether all names that a function uses mean at the start of the block what they mean where it stands. */
  #canStandOutside(node: AnyFunction, { crossed }: Place): boolean {
    const scopes = node.type === "FunctionExpression" && node.id !== null ? [...crossed, scope([node.id])] : crossed;
    if (scopes.length === 0) return true;
    const used = namesIn(node.body === null ? node.params : [...node.params, node.body]);
    return scopes.every(({ nodes, hasPrivate }) => {
      if (nodes === null || (hasPrivate && used.hasPrivate)) return false;
      return ![...namesIn(nodes).names].some((name) => used.names.has(name));
    });
  }

  /** The two halves of a lowered function: the generator, and what runs it and is what the author's name means. */
  #halves(node: AnyFunction, place: Place): Halves {
    const given = node.id?.name ?? this.#facts.givenNames.get(node) ?? "";
    const className = this.#facts.classNames.get(node);
    const name = this.#generatorName(given);
    const facts = this.#facts.functions.get(node) as FunctionFacts;
    const handed = this.#handedOver(node, facts, place.names);
    const body: Body = {
      name: className === undefined ? given : `${className}.${given}`,
      isGenerator: node.generator,
      usesSlot: false,
    };
    const inside: Place = across({ ...place, body, names: handed.names }, ownScope(node));

    const params = node.params;
    const first = params[0];
    const last = params.at(-1);
    const ownParams = first && last ? this.#between(first.start, last.end, params, inside) : [];
    const comma = handed.params.length > 0 && params.length > 0 ? ", " : "";
    const generator = [
      own(`function* ${name}`, node.start, given || null),
      own(`(${handed.params.join(", ")}${comma}`, node.start, given || null),
      ownParams,
      own(") "),
      this.#body(node, body, inside),
    ];
    return { name, generator, wrapper: (callee) => this.#wrapper(node, facts, handed.values, callee) };
  }

  #body(node: AnyFunction, body: Body, place: Place): Woven {
    const slot = own(` let ${this.#prefix}t;`);
    if (node.body?.type === "BlockStatement") {
      // Whether the variable is needed is known when the body has been woven.
      const first: Woven[] = [];
      const block = this.#block(node.body, place, first, true);
      if (body.usesSlot) first.push(slot);
      return block;
    }
    const expression = this.#weave(node.body as Node, place);
    return [own("{"), body.usesSlot ? slot : [], own(" return ("), expression, own("); }")];
  }

  /** Parameters and body of what calls the generator `callee`. */
  #wrapper(node: AnyFunction, { uses, inDerivedConstructor }: FunctionFacts, values: string[], callee: Woven): Woven {
    const isArrow = node.type === "ArrowFunctionExpression";
    const self = uses.has("this") && !(isArrow && inDerivedConstructor) ? "this" : null;
    const names = node.params.map((param) => (param.type === "Identifier" ? param.name : null));
    const isSimple = names.every((name) => name !== null);

    let params: readonly string[] = names as string[];
    let call: Woven;
    if (isSimple && !node.generator) {
      const list = [...values, ...params];
      const how = self === null ? `(${list.join(", ")})` : `.call(${[self, ...list].join(", ")})`;
      call = [own(`${this.#ours("start")}(`, node.start), callee, own(`${how})`, node.start)];
    } else {
      // Parameters that do nothing but count: the function must have the length of the author's.
      const length = node.params.findIndex(({ type }) => type === "AssignmentPattern" || type === "RestElement");
      params = node.params.slice(0, length === -1 ? undefined : length).map((_, i) => `${this.#prefix}${i}`);
      let passed = "arguments";
      if (isArrow) {
        passed = `[${[...values, ...params, `...${this.#prefix}r`].join(", ")}]`;
        params = [...params, `...${this.#prefix}r`];
      } else if (values.length > 0) {
        passed = `[${[...values, "...arguments"].join(", ")}]`;
      }
      const how = this.#ours(node.generator ? "asyncGenerator" : "run");
      call = [own(`${how}(`, node.start), callee, own(`, ${self ?? "void 0"}, ${passed})`, node.start)];
    }
    const list = `(${params.join(", ")})`;
    if (isArrow) return [own(`${list} => `, node.start), call];
    return [own(`${list} { return `, node.start), call, own("; }")];
  }

  /** What a generator could not see from where it stands: its parameters for that, what is handed over, and the names. */
  #handedOver(
    node: AnyFunction,
    { uses, inDerivedConstructor }: FunctionFacts,
    outside: Names,
  ): { params: string[]; values: string[]; names: Names } {
    const params: string[] = [];
    const values: string[] = [];
    const names: { -readonly [Name in keyof Names]: Names[Name] } = {};
    const hand = (name: keyof Names, value: () => string) => {
      const param = `${this.#prefix}${name}`;
      params.push(param);
      values.push(outside[name] ?? value());
      names[name] = param;
    };
    if (uses.has("arguments")) hand("arguments", () => "arguments");
    if (uses.has("super")) {
      hand("super", () => `${this.#ours("superOf")}((key) => super[key], (key, value) => { super[key] = value; })`);
    }
    if (node.type === "ArrowFunctionExpression") {
      if (uses.has("new.target")) hand("target", () => "new.target");
      if (uses.has("super()")) hand("construct", () => "(...values) => super(...values)");
      if (uses.has("this") && inDerivedConstructor) hand("self", () => "() => this");
    }
    return { params, values, names };
  }

  /** `name$b`, or with a number when that is taken: the runtime knows by the `$b` what to leave out of stack traces. */
  #generatorName(given: string): string {
    const stem = /^#?([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(given)?.[1] ?? "";
    for (let n = stem === "" ? 1 : 0; ; n++) {
      const name = `${stem}$b${n === 0 ? "" : n}`;
      if (this.#generatorNames.has(name) || this.#code.includes(name)) continue;
      this.#generatorNames.add(name);
      return name;
    }
  }
}

interface Halves {
  readonly name: string;
  readonly generator: Woven;
  readonly wrapper: (callee: Woven) => Woven;
}

function scope(nodes: readonly Node[] | null, hasPrivate = false): Scope {
  return { nodes, hasPrivate };
}

/** Inside a scope that is no block. */
function across(place: Place, inner: Scope): Place {
  return { ...place, crossed: [...place.crossed, inner] };
}

/** The names of a function that only its parameters and its body see. */
function ownScope(node: AnyFunction): Scope {
  return scope(node.type === "FunctionExpression" && node.id !== null ? [...node.params, node.id] : node.params);
}

function unlabelled(node: Statement): Statement {
  return node.type === "LabeledStatement" ? unlabelled(node.body) : node;
}

function isSuperMember(node: Node): boolean {
  if (node.type === "ParenthesizedExpression") return isSuperMember(node.expression);
  return node.type === "MemberExpression" && node.object.type === "Super";
}

function thisIn({ self }: Names): string {
  return self === undefined ? "this" : `${self}()`;
}

/** The `E` of `E.receive()`; `null` for anything else. */
function receiver(node: Expression): Expression | null {
  if (node.type !== "CallExpression" || node.optional || node.arguments.length > 0) return null;
  const { callee } = node;
  if (callee.type !== "MemberExpression" || callee.computed || callee.optional) return null;
  if (callee.property.type !== "Identifier" || callee.property.name !== "receive") return null;
  return callee.object.type === "Super" ? null : callee.object;
}

/** Whether a loop with this body waits each time round, so that it need not be asked to give its turn back. */
function awaitsAtHead(body: Statement): boolean {
  if (body.type !== "BlockStatement") return body.type === "ExpressionStatement" && awaitsSurely(body.expression);
  for (const statement of body.body) {
    if (statement.type === "ExpressionStatement" && awaitsSurely(statement.expression)) return true;
    if (
      statement.type === "VariableDeclaration" &&
      statement.declarations.some(({ init }) => init && awaitsSurely(init))
    ) {
      return true;
    }
    if (goesRound(statement)) return false;
  }
  return false;
}

/** Whether evaluating an expression to its end takes an await. */
function awaitsSurely(node: Node): boolean {
  switch (node.type) {
    case "AwaitExpression":
    case "YieldExpression":
      return true;
    case "ConditionalExpression":
      return awaitsSurely(node.test);
    case "LogicalExpression":
      return awaitsSurely(node.left);
    case "AssignmentExpression":
      return !["&&=", "||=", "??="].includes(node.operator) && awaitsSurely(node.right);
    case "ChainExpression":
    case "ClassExpression":
      return false;
    default:
      return !isFunction(node) && childrenOf(node).some(awaitsSurely);
  }
}

/** Whether a statement may go on with the next round of a loop around it. */
function goesRound(node: Node): boolean {
  return node.type === "ContinueStatement" || (!isFunction(node) && childrenOf(node).some(goesRound));
}
