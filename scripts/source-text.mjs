/**
 * Reads TypeScript as text: which stretches are code, comment, string, template text or regular expression.
 * The tidy tests and `npm run spec` look for words with it, and must not be fooled by a comment or a string.
 *
 *   source ──lex──▶ pieces, which cover the source without a gap ──blank──▶ the same text, some kinds as spaces
 *
 * It is not a parser. One thing it has to guess is whether a slash divides or begins a regular expression; it goes by
 * the word or sign before it, which is right for code as biome formats it.
 */

/** @typedef {"code" | "comment" | "string" | "template" | "regex"} Kind */
/** @typedef {{ kind: Kind, start: number, end: number }} Piece quotes belong to a string, backticks to a template */

/** After these words a slash begins a regular expression. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield|instanceof)$/;

/**
 * Cuts a source text into pieces.
 * @param {string} source
 * @returns {Piece[]}
 */
export function lex(source) {
  /** @type {Piece[]} */
  const pieces = [];
  /** For each open `${`, how many braces are open inside it. @type {number[]} */
  const openTemplates = [];
  let codeStart = 0;
  let at = 0;

  /** @param {Kind} kind @param {number} end */
  const piece = (kind, end) => {
    if (codeStart < at) pieces.push({ kind: "code", start: codeStart, end: at });
    pieces.push({ kind, start: at, end });
    at = end;
    codeStart = end;
  };

  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === "#" && next === "!" && at === 0) piece("comment", lineEnd(source, at));
    else if (char === "/" && next === "/") piece("comment", lineEnd(source, at));
    else if (char === "/" && next === "*") piece("comment", endOf(source, source.indexOf("*/", at + 2), 2));
    else if (char === '"' || char === "'") piece("string", stringEnd(source, at));
    else if (char === "`") {
      const end = templateEnd(source, at + 1);
      if (source[end - 1] === "{") openTemplates.push(0);
      piece("template", end);
    } else if (char === "/" && regexMayBegin(source.slice(Math.max(0, codeStart, at - 40), at), pieces.at(-1)))
      piece("regex", regexEnd(source, at));
    else if (char === "{" && openTemplates.length > 0) {
      openTemplates[openTemplates.length - 1] = (openTemplates.at(-1) ?? 0) + 1;
      at++;
    } else if (char === "}" && openTemplates.length > 0) {
      const open = openTemplates.at(-1) ?? 0;
      if (open > 0) {
        openTemplates[openTemplates.length - 1] = open - 1;
        at++;
      } else {
        const end = templateEnd(source, at + 1);
        if (source[end - 1] !== "{") openTemplates.pop();
        piece("template", end);
      }
    } else at++;
  }
  if (codeStart < at) pieces.push({ kind: "code", start: codeStart, end: at });
  return pieces;
}

/**
 * The source with every piece of the given kinds replaced by spaces, quotes included; lines and positions stay.
 * @param {string} source
 * @param {Kind[]} kinds
 */
export function blank(source, kinds) {
  return lex(source)
    .map(({ kind, start, end }) => {
      const text = source.slice(start, end);
      return kinds.includes(kind) ? text.replace(/[^\n]/g, " ") : text;
    })
    .join("");
}

/** Only the code: no comments, no strings, no template text, no regular expressions. @param {string} source */
export function codeOnly(source) {
  return blank(source, ["comment", "string", "template", "regex"]);
}

/**
 * The line number, from 1, of a position.
 * @param {string} source
 * @param {number} at
 */
export function lineOf(source, at) {
  return source.slice(0, at).split("\n").length;
}

/** @param {string} source @param {number} at */
function lineEnd(source, at) {
  return endOf(source, source.indexOf("\n", at), 0);
}

/** @param {string} source @param {number} found what indexOf gave @param {number} width */
function endOf(source, found, width) {
  return found === -1 ? source.length : found + width;
}

/** @param {string} source @param {number} start */
function stringEnd(source, start) {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === source[start]) return at + 1;
    else if (source[at] === "\n") return at;
  }
  return source.length;
}

/** Behind the closing backtick or behind the next `${`. @param {string} source @param {number} start */
function templateEnd(source, start) {
  for (let at = start; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "`") return at + 1;
    else if (source[at] === "$" && source[at + 1] === "{") return at + 2;
  }
  return source.length;
}

/** @param {string} source @param {number} start */
function regexEnd(source, start) {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at];
    if (char === "\\") at++;
    else if (char === "\n") return at;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return at + 1 + (/^[a-z]*/.exec(source.slice(at + 1))?.[0].length ?? 0);
  }
  return source.length;
}

/** @param {string} codeBefore @param {Piece | undefined} pieceBefore */
function regexMayBegin(codeBefore, pieceBefore) {
  const code = codeBefore.trimEnd();
  if (code === "") return pieceBefore === undefined || pieceBefore.kind === "code" || pieceBefore.kind === "comment";
  return /[([{};,<>=:!?&|+\-*%^~]$/.test(code) || BEFORE_REGEX.test(code);
}
