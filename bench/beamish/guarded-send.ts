/**
 * guarded-send: what permission costs. A process without a scope and one under a scope of 20 policies, of which the last
 * allows it, send the same messages to the same process, alternately. The figure is the time of the guarded sends as a
 * multiple of the others'; receiving is not counted. launch.mjs makes the policies.
 */
import type { Pid, Process } from "beamish";

/** Messages that are sent without a wait in between. */
const BATCH = 1_000;
const ROUNDS = 10;

type MainMessages = { took: [ms: number] };
type CounterMessages = { add: [amount: number]; ask: [from: Pid<SenderMessages>] };
type SenderMessages = { counted: [sum: number] };

export async function counter(process: Process<CounterMessages>) {
  const inbox = process.inbox();
  let sum = 0;
  for (;;) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "add") sum += msg.payload;
    else process.send(msg.payload, "counted", sum);
  }
}

export async function sender(
  process: Process<SenderMessages>,
  counterPid: Pid<CounterMessages>,
  mainPid: Pid<MainMessages>,
  batches: number,
) {
  const inbox = process.inbox();
  const self = process.pid();
  let tookMs = 0;
  for (let batch = 0; batch < batches; batch++) {
    const startedAt = performance.now();
    for (let i = 0; i < BATCH; i++) process.send(counterPid, "add", 1);
    tookMs += performance.now() - startedAt;
    process.send(counterPid, "ask", self);
    await inbox.receive();
  }
  process.send(mainPid, "took", tookMs);
}

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const batches = Math.ceil(count / BATCH / ROUNDS);
  const counterPid = await process.spawn<typeof counter>("bench:guarded-send.counter", "bench:processes");
  const { security } = process;
  const guarded = process
    .withContext({})
    .withActor(security.newActor("sender", { team: "red" }))
    .withScope(security.namedScope("bench:guards"));
  const totals = [0, 0];
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const spawner = round % 2 === 0 ? process : guarded;
    await spawner.spawn<typeof sender>(
      "bench:guarded-send.sender",
      "bench:processes",
      counterPid,
      process.pid(),
      batches,
    );
    const { payload: tookMs } = (await inbox.receive())!;
    totals[round % 2] = (totals[round % 2] as number) + tookMs;
  }
  await process.terminate(counterPid);
  return { "guarded-send": (totals[1] as number) / (totals[0] as number) };
}
