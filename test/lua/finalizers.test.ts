/** What finalizers of the engine's objects must not disturb: they run wherever the collector happens to work. */
import { expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

it("ends a process, not the runtime, when its memory is used up while a message is handed to it [S11.37]", async () => {
  await simulate(1, async (sim) => {
    defineLua(
      sim,
      "app:litters",
      `return function()
        local inbox, kept = process.inbox(), {}
        while true do
          kept[#kept + 1] = inbox:receive():payload()
          for _ = 1, 200 do channel.new() end
        end
      end`,
      { memoryLimitBytes: 3 * 2 ** 20 },
    );
    const ends: unknown[] = [];
    sim.watch((event) => {
      if (event.kind === "exited") ends.push(event.result);
    });
    // Which allocation the collector works at depends on the sizes, so there are several.
    for (let n = 0; n < 10; n++) {
      const pid = await sim.spawn("app:litters");
      const large = Array.from({ length: 1_000 + n * 37 }, (_, i) => [i, `text${i}`, [i]]);
      for (let sent = 0; sent < 20 && sim.isAlive(pid); sent++) {
        sim.send(pid, "t", large);
        await sim.settle();
      }
    }
    const end = { error: "memory limit exceeded", kind: "RateLimited" };
    expect(ends).toEqual(Array.from({ length: 10 }, () => expect.objectContaining(end)));
  });
});

it("lets go of what is not needed any more, as fast as new things are made [S11.37]", async () => {
  const source = `return function()
    local made = 0
    for _ = 1, 700000 do
      local _ = channel.new(1)
      made = made + 1
    end
    return made
  end`;
  expect(await runLua(source)).toBe(700_000);
});
