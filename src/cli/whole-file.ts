/** Writing a file as a whole or not at all: beside it first, then into its place. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ProcessError } from "../runtime/index.ts";

/** Complains early about a file that could not be written later. Throws INVALID. */
export function checkWritable(path: string): void {
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error("it is a folder");
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Writes a file. Throws INVALID; the file is then as it was. */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): ProcessError {
  const why = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such folder" : (cause as Error).message;
  return new ProcessError({ kind: "Invalid", message: `cannot write ${path}: ${why}` });
}
