/**
 * How a path is written in messages, so that a terminal or editor can open it with a click: relative to the current
 * folder when it lies in it, otherwise in full.
 */
import { isAbsolute, relative } from "node:path";

/** The path as people shall see it. `from` is the folder it is relative to, by default the current one. */
export function shownPath(path: string, from: string = process.cwd()): string {
  const short = relative(from, path);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? path : short;
}
