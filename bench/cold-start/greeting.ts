/** cold-start: one process asks another one thing and has its answer. Erlang's twin is cold_start/0 of bench.erl. */
import type { Process } from "beamish";

export async function greeter(process: Process<{ hello: [] }>) {
  const msg = (await process.inbox().receive())!;
  process.send(msg.from!, "answer", "answered");
}

export async function main(process: Process<{ answer: [text: string] }>) {
  const pid = await process.spawn<typeof greeter>("greeting:greeter", "greeting:processes");
  process.send(pid, "hello");
  const msg = (await process.inbox().receive())!;
  return msg.payload;
}
