/**
 * Assembles src/engines/lua/companion.wat into companion-bytes.ts beside it, so that nothing has to assemble at run
 * time. Run it after a change of the .wat; a test compares the two.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const folder = new URL("../src/engines/lua/", import.meta.url);

/** The TypeScript file that holds the assembled module. */
export async function assembled() {
  const { parseWat } = await wabt();
  const module = parseWat("companion.wat", readFileSync(new URL("companion.wat", folder), "utf8"));
  const bytes = module.toBinary({}).buffer;
  module.destroy();
  const lines = [];
  for (let at = 0; at < bytes.length; at += 28) lines.push(`  ${[...bytes.subarray(at, at + 28)].join(", ")},`);
  return `/** The bytes of companion.wat; made by scripts/assemble-companion.mjs, which a test compares with this file. */
// biome-ignore format: made by a script.
export const companionBytes: readonly number[] = [
${lines.join("\n")}
];
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("companion-bytes.ts", folder), await assembled());
}
