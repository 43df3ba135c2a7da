/** Native and lowered code in one process: main is a plain function here, which no loader makes anything of. */
import { createRuntime, type Process } from "beamish";
import { expect, it } from "vitest";

it("lowered code that a plain main leads to later on never runs in the middle of a send [S16.54, S2.1, S15.6]", async () => {
  const log: string[] = [];
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: {
      "app:receiver": (process: Process) => {
        const ready = async () => {};
        const receive = async () => {
          for await (const message of process.inbox()) log.push(message.topic);
        };
        return Promise.all([ready().then(receive)]);
      },
      "app:sender": async (process: Process, receiver: string) => {
        await process.sleep(1);
        log.push("before");
        process.send(receiver, "received");
        log.push("after");
        await process.sleep(1);
      },
    },
    log: () => {},
  });
  const receiver = await runtime.spawn("app:receiver", "app:processes");
  await runtime.exec("app:sender", "app:processes", receiver);
  runtime.terminate(receiver);
  await runtime.stop();
  expect(log).toEqual(["before", "after", "received"]);
});
