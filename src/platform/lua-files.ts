/**
 * The files that the Lua engine is made of, as bytes and text:
 *
 *     node_modules/wasmoon/dist/glue.wasm   Lua 5.4 compiled to WebAssembly   ─ hash as expected? ─▶ glue
 *     src/engines/lua/prelude/*.lua         the part of the engine written in Lua                 ─▶ prelude
 *
 * Of the package wasmoon only this one file is used; none of its JavaScript is ever loaded. What the engine relies on
 * (exports, memory layout) was found in exactly these bytes, so others are refused.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errors, ProcessError, textOf } from "../kernel/index.ts";
import { shownPath } from "./shown-path.ts";

/** SHA-256 of the `dist/glue.wasm` of wasmoon 1.16.0. */
const GLUE_SHA256 = "95f3f19ddb740125883bc41d5ec670cd0828e7b58c8bdad385323cbff497b55c";

const GLUE = "wasmoon/dist/glue.wasm";

/** The same path from src/platform and from dist/platform: the package ships its sources. */
const PRELUDE_FOLDER = fileURLToPath(new URL("../../src/engines/lua/prelude/", import.meta.url));

/** What the Lua engine is made of. */
export interface LuaFiles {
  /** The WebAssembly module, not compiled. */
  readonly glue: Uint8Array;
  /** Lua texts by file name without the ending: `prelude/channel.lua` is `channel`. In alphabetical order. */
  readonly prelude: Readonly<Record<string, string>>;
}

/** What was read in this thread, by where it was read from. */
const alreadyRead = new Map<string, LuaFiles>();

/**
 * Reads the files, once per thread. Only tests give other places than the default ones.
 *
 * @param gluePath default: in the package wasmoon as Node finds it
 * @param preludeFolder default: src/engines/lua/prelude of this package
 * @throws ProcessError INTERNAL when a file is missing, or when the hash of the WebAssembly module is not the expected
 * one; the message says what to do.
 */
export function readLuaFiles(gluePath = findGlue(), preludeFolder = PRELUDE_FOLDER): LuaFiles {
  const places = JSON.stringify([gluePath, preludeFolder]);
  let files = alreadyRead.get(places);
  if (files === undefined) {
    files = { glue: readGlue(gluePath), prelude: readPrelude(preludeFolder) };
    alreadyRead.set(places, files);
  }
  return files;
}

function findGlue(): string {
  return orIncomplete(() => createRequire(import.meta.url).resolve(GLUE));
}

function readGlue(path: string): Uint8Array {
  const glue = orIncomplete(() => readFileSync(path));
  const found = createHash("sha256").update(glue).digest("hex");
  if (found === GLUE_SHA256) return glue;
  const differs = `${shownPath(path)} is not that of wasmoon 1.16.0: expected SHA-256 ${GLUE_SHA256}, found ${found}`;
  throw new ProcessError({ kind: errors.INTERNAL, message: `${differs}; run npm ci to install it anew` });
}

function readPrelude(folder: string): Record<string, string> {
  return orIncomplete(() => {
    const names = readdirSync(folder).filter((name) => name.endsWith(".lua"));
    const texts = names.sort().map((name) => [basename(name, ".lua"), readFileSync(join(folder, name), "utf8")]);
    return Object.fromEntries(texts);
  });
}

/** What `read` gives. When a file is not there, an error that says what to do. */
function orIncomplete<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const [why] = textOf(cause).split("\n");
    const message = `the Lua engine cannot be read, its installation is incomplete: ${why}; run npm ci`;
    throw new ProcessError({ kind: errors.INTERNAL, message });
  }
}
