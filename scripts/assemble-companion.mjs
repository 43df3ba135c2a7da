/**
 * Assembles the .wat files of src/engines/lua into companion-bytes.ts beside them, so that nothing has to assemble at run
 * time. Run it after a change of one; a test compares the two.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const folder = new URL("../src/engines/lua/", import.meta.url);
const MODULES = ["companion", "adapter", "protection", "comparison"];

/** The TypeScript file that holds the assembled modules. */
export async function assembled() {
  const { parseWat } = await wabt();
  const constants = MODULES.map((name) => {
    const module = parseWat(`${name}.wat`, readFileSync(new URL(`${name}.wat`, folder), "utf8"), {
      exceptions: true,
    });
    const bytes = module.toBinary({}).buffer;
    module.destroy();
    const lines = [];
    for (let at = 0; at < bytes.length; at += 28) lines.push(`  ${[...bytes.subarray(at, at + 28)].join(", ")},`);
    return `// biome-ignore format: made by a script.
export const ${name}Bytes: readonly number[] = [
${lines.join("\n")}
];
`;
  });
  const header =
    "/** The bytes of the .wat files; made by scripts/assemble-companion.mjs, which a test compares with this file. */";
  return `${header}\n${constants.join("\n")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("companion-bytes.ts", folder), await assembled());
}
