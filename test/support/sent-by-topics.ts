/** Messages of several topics for a process, sent between its turns as a seed decides, and cancels among them. */
import type { SeededRandom, Simulation } from "../../src/testing/index.ts";

/** Sends sixty numbered messages of the topics `a` to `d`; what was sent, as `a1`, in its order. */
export async function sendByTopics(sim: Simulation, pid: string, random: SeededRandom): Promise<string[]> {
  const sent: string[] = [];
  for (let n = 1; n <= 60; n++) {
    const topic = random.pick(["a", "a", "b", "c", "d"]);
    sent.push(topic + n);
    sim.send(pid, topic, n);
    if (random.once(8)) sim.cancel(pid);
    for (let steps = random.below(4); steps > 0; steps--) await sim.step();
    if (random.once(6)) await sim.advance(1);
  }
  return sent;
}

/** Those of some topics. */
export function ofTopics(sent: readonly string[], topics: string): string[] {
  return sent.filter((one) => topics.includes(one[0] as string));
}
