/** The JavaScript libraries of the comparison: installs them into peers/, a package of its own, where they are missing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages } from "../scripts/prepare.mjs";

const FOLDER = fileURLToPath(new URL("./peers", import.meta.url));

/** Makes them ready. Returns name → version. Throws an Error that says what to do when they cannot be installed. */
export function preparePeers() {
  if (!installPackages(FOLDER)) throw new Error("the peers could not be installed: mend that or give --no-peers");
  return JSON.parse(readFileSync(join(FOLDER, "package.json"), "utf8")).dependencies;
}
