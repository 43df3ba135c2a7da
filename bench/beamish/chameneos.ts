/**
 * chameneos: 100 creatures meet in a mall that pairs them as they come; at each meeting both change colour. When the
 * meetings are used up each creature reports how often it has met and leaves.
 */
import type { Message, Pid, Process } from "beamish";

const CREATURES = 100;

type MallMessages = { meet: [colour: number]; count: [met: number] };
type CreatureMessages = { met: [colour: number]; leave: [] };

export async function creature(process: Process<CreatureMessages>, mall: Pid<MallMessages>, firstColour: number) {
  const inbox = process.inbox();
  let colour = firstColour;
  for (let met = 0; ; met++) {
    process.send(mall, "meet", colour);
    const msg = (await inbox.receive())!;
    if (msg.topic === "leave") {
      process.send(mall, "count", met);
      return;
    }
    if (msg.payload !== colour) colour = 3 - colour - msg.payload;
  }
}

export async function main(process: Process<MallMessages>, meetings: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  for (let i = 0; i < CREATURES; i++) {
    await process.spawn<typeof creature>("bench:chameneos.creature", "bench:processes", process.pid(), i % 3);
  }
  let waiting: Message | null = null;
  let sum = 0;
  for (let meetingsLeft = meetings, creaturesLeft = CREATURES; creaturesLeft > 0; ) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "count") {
      sum += msg.payload;
      creaturesLeft--;
    } else if (meetingsLeft === 0) {
      process.send(msg.from!, "leave");
    } else if (waiting === null) {
      waiting = msg;
    } else {
      process.send(waiting.from!, "met", msg.payload);
      process.send(msg.from!, "met", waiting.payload);
      waiting = null;
      meetingsLeft--;
    }
  }
  if (sum !== 2 * meetings) throw new Error(`expected ${2 * meetings} visits, got ${sum}`);
  return performance.now() - startedAt;
}
