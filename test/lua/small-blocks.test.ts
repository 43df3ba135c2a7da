/** Small blocks that are freed are kept for the next of their size (companion.wat): no more than a megabyte of them. */
import { expect, it } from "vitest";
import { LuaModule, LuaVm } from "../../src/engines/lua/vm.ts";
import { readLuaFiles } from "../../src/platform/index.ts";

const MiB = 2 ** 20;

/** Holds so many MiB of pieces of a size of their own, lets half of them go and changes the others. */
const PIECES: readonly string[] = [
  "return { i }",
  "return ('x'):rep(i % 128) .. i",
  "return function() return i end",
  "return setmetatable({ a = i, b = i }, {})",
];
const fill = (piece: string, mib: number) => `
  local kept, function_of = {}, function(i) ${piece} end
  for i = 1, ${mib} * 8192 do kept[i] = function_of(i) end
  for i = 1, #kept, 2 do kept[i] = false end
  for i = 2, #kept, 2 do if type(kept[i]) == "table" then for n = 1, i % 9 do kept[i][n] = n end end end
`;

function run(vm: LuaVm, chunk: string): void {
  const heap = vm.openHeap(64 * MiB);
  if (heap === null) throw new Error("no memory");
  expect(vm.load(heap.L, chunk, "=pieces")).toBe(true);
  expect(vm.api.lua_pcallk(heap.L, 0, 0, 0, 0, 0)).toBe(0);
  vm.use(heap);
  vm.api.lua_close(heap.L);
  // Each byte was counted when it came and when it went.
  expect(vm.usedBytes(heap)).toBe(0);
  vm.api.free(heap.accounts);
}

it("what is freed of one size is there for others: the memory does not grow by changes of what is in it [S11.36]", () => {
  const vm = new LuaVm(new LuaModule(readLuaFiles().glue), () => 0, 1024 * MiB);
  const sizes: number[] = [];
  for (let n = 0; n < 8; n++) {
    for (const piece of PIECES) run(vm, fill(piece, 16));
    sizes.push(vm.memoryBytes);
  }
  expect(sizes[7]).toBe(sizes[0]);
});
