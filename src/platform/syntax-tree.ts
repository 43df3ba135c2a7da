/**
 * Looking at a syntax tree of JavaScript: the children of a node in the order of the text, the names in it, what its
 * functions use of their surroundings, and where a token ends.
 */
import {
  type ArrowFunctionExpression,
  type Class,
  type Function as FunctionNode,
  type Node,
  visitorKeys,
} from "oxc-parser";

/** A function of any kind. */
export type AnyFunction = FunctionNode | ArrowFunctionExpression;

/** Whether a node is a function; a method's node is not, its value is. */
export function isFunction(node: Node): node is AnyFunction {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/**
 * The children of a node in the order of the text, without those that are mere words: names of properties, labels and
 * the halves of `new.target`. Of a shorthand property it is the value, since both are the same text.
 */
export function childrenOf(node: Node): Node[] {
  const words = wordsOf(node);
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    if (words.includes(key)) continue;
    const value = (node as unknown as Record<string, Node | (Node | null)[] | null | undefined>)[key];
    if (Array.isArray(value)) children.push(...value.filter((child) => child !== null));
    else if (value != null) children.push(value);
  }
  return children.length < 2 ? children : children.sort((a, b) => a.start - b.start);
}

const NONE: readonly string[] = [];
const ALL_OF_META = ["meta", "property"];
const KEY = ["key"];
const PROPERTY = ["property"];
const LABEL = ["label"];

function wordsOf(node: Node): readonly string[] {
  switch (node.type) {
    case "MemberExpression":
      return node.computed || node.property.type === "PrivateIdentifier" ? NONE : PROPERTY;
    case "Property":
      return node.computed ? NONE : KEY;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
      return node.computed || node.key.type === "PrivateIdentifier" ? NONE : KEY;
    case "MetaProperty":
      return ALL_OF_META;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return LABEL;
    default:
      return NONE;
  }
}

/** The names of variables that occur in nodes, and whether names of private members do. */
export function namesIn(nodes: readonly Node[]): { names: Set<string>; hasPrivate: boolean } {
  const found = { names: new Set<string>(), hasPrivate: false };
  const look = (at: Node): void => {
    if (at.type === "Identifier") found.names.add(at.name);
    else if (at.type === "PrivateIdentifier") found.hasPrivate = true;
    for (const child of childrenOf(at)) look(child);
  };
  for (const node of nodes) look(node);
  return found;
}

/** What a function takes from where it stands, or has of its own and hands on to arrow functions in it. */
export type Surrounding = "this" | "arguments" | "new.target" | "super" | "super()";

/** What is known about a function before it is lowered. */
export interface FunctionFacts {
  /** What it uses, arrow functions in it included. */
  readonly uses: Set<Surrounding>;
  /** Whether its `this` is that of a constructor which has yet to call `super()`. */
  readonly inDerivedConstructor: boolean;
}

/** What is known about a module before it is lowered. */
export interface ModuleFacts {
  readonly functions: ReadonlyMap<Node, FunctionFacts>;
  /** Names which functions and classes have from the place they stand at. */
  readonly givenNames: ReadonlyMap<Node, string>;
  /** The names of the classes that methods belong to. */
  readonly classNames: ReadonlyMap<Node, string>;
  /** Expression statements that have a statement before them or could have one. */
  readonly listed: ReadonlySet<Node>;
  readonly hasAsync: boolean;
}

/** Looks a module through. */
export function factsOf(program: Node): ModuleFacts {
  const functions = new Map<Node, FunctionFacts>();
  const givenNames = new Map<Node, string>();
  const classNames = new Map<Node, string>();
  const listed = new Set<Node>();
  let hasAsync = false;

  /** The functions whose `this` is the current one, outermost first. */
  type Owners = readonly FunctionFacts[];
  const note = (owners: Owners, what: Surrounding) => {
    for (const { uses } of owners) uses.add(what);
  };
  const ownThis = (inDerivedConstructor = false): Owners => [{ uses: new Set(), inDerivedConstructor }];

  function lookAll(nodes: Iterable<Node>, owners: Owners): void {
    for (const node of nodes) look(node, owners);
  }

  function look(node: Node, owners: Owners, isDerivedConstructor = false): void {
    noteNames(node);
    let inside = owners;
    switch (node.type) {
      case "ThisExpression":
        note(owners, "this");
        break;
      case "Identifier":
        if (node.name === "arguments") note(owners, "arguments");
        break;
      case "MetaProperty":
        if (node.meta.name === "new") note(owners, "new.target");
        break;
      case "CallExpression":
        if (node.callee.type !== "Super") break;
        note(owners, "super()");
        lookAll(node.arguments, owners);
        return;
      case "Super":
        note(owners, "super");
        note(owners, "this");
        break;
      case "ArrowFunctionExpression":
        inside = [...owners, { uses: new Set(), inDerivedConstructor: owners.at(-1)?.inDerivedConstructor ?? false }];
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
        inside = ownThis(isDerivedConstructor);
        break;
      case "ClassDeclaration":
      case "ClassExpression":
        for (const child of childrenOf(node)) {
          if (child.type !== "ClassBody") look(child, owners);
          else for (const member of child.body) lookAtMember(member, owners, node);
        }
        return;
      case "BlockStatement":
      case "Program":
        for (const statement of node.body) listed.add(statement);
        break;
      case "SwitchCase":
        for (const statement of node.consequent) listed.add(statement);
        break;
    }
    if (isFunction(node)) {
      hasAsync ||= node.async;
      functions.set(node, inside.at(-1) as FunctionFacts);
    }
    lookAll(childrenOf(node), inside);
  }

  function lookAtMember(member: Node, owners: Owners, owner: Class): void {
    noteNames(member);
    const className = owner.id?.name ?? givenNames.get(owner);
    if (member.type === "MethodDefinition" && className !== undefined) classNames.set(member.value, className);
    for (const child of childrenOf(member)) {
      if (member.type === "StaticBlock") {
        listed.add(child);
        look(child, ownThis());
      } else if (member.type === "MethodDefinition" && child === member.value) {
        look(child, owners, owner.superClass !== null && member.kind === "constructor");
      } else if (
        (member.type === "PropertyDefinition" || member.type === "AccessorProperty") &&
        child === member.value
      ) {
        look(child, ownThis());
      } else {
        look(child, owners);
      }
    }
  }

  function noteNames(node: Node): void {
    switch (node.type) {
      case "VariableDeclarator":
        giveName(node.init, nameOf(node.id));
        break;
      case "AssignmentExpression":
      case "AssignmentPattern":
        giveName(node.right, nameOf(node.left));
        break;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
      case "AccessorProperty":
        if (!node.computed) giveName(node.value, nameOf(node.key));
        break;
      case "ExportDefaultDeclaration":
        giveName(node.declaration, "default");
        break;
    }
  }

  function giveName(node: Node | null, name: string): void {
    if (name === "" || node === null) return;
    if (node.type === "ParenthesizedExpression") giveName(node.expression, name);
    else if (isFunction(node) || node.type === "ClassExpression" || node.type === "ClassDeclaration") {
      givenNames.set(node, name);
    }
  }

  look(program, ownThis());
  return { functions, givenNames, classNames, listed, hasAsync };
}

/** The name that a function gets from the variable or property it is the value of; "" when it is none. */
function nameOf(node: Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "PrivateIdentifier") return `#${node.name}`;
  return node.type === "Literal" ? String(node.value) : "";
}

/** Behind white space and comments. */
function skipTrivia(text: string, offset: number): number {
  TRIVIA.lastIndex = offset;
  return offset + (TRIVIA.exec(text)?.[0].length ?? 0);
}

const TRIVIA = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;

/** Behind a token that stands at the offset or behind white space and comments there; `null` when another one does. */
export function behind(text: string, offset: number, token: string): number | null {
  const at = skipTrivia(text, offset);
  return text.startsWith(token, at) ? at + token.length : null;
}
