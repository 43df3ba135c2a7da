/** The bytes of the Lua VM's companion module are those of its source. */
import { expect, it } from "vitest";
import { assembled } from "../../scripts/assemble-companion.mjs";
import { read } from "./source-tree.ts";

it("companion-bytes.ts is what scripts/assemble-companion.mjs makes of companion.wat", async () => {
  expect(read("src/engines/lua/companion-bytes.ts")).toBe(await assembled());
});
