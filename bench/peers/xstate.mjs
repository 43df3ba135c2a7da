/**
 * XState's side of the peers' rows. An actor is `fromTransition`, the lightest of its actor logics that has a mailbox and
 * a state; a machine with actions is about ten times slower. XState delivers synchronously where it can.
 */
import { createActor, fromTransition } from "xstate";

/** Starts an actor that only acts: `onMessage(event, self)`. The event `xstate.stop` comes to each at its end. */
function start(onMessage) {
  const logic = fromTransition((state, event, { self }) => {
    if (event.type !== "xstate.stop") onMessage(event, self);
    return state;
  }, null);
  return createActor(logic).start();
}

function pingPong(count) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const ponger = start((event, self) => event.from.send({ type: "pong", from: self, n: event.n }));
    let left = count;
    const pinger = start((event, self) => {
      if (event.type === "pong") {
        if (event.n !== left) return reject(new Error(`expected ${left}, got ${event.n}`));
        left--;
      }
      if (left === 0) {
        ponger.stop();
        self.stop();
        return resolve(performance.now() - startedAt);
      }
      ponger.send({ type: "ping", from: self, n: left });
    });
    pinger.send({ type: "start" });
  });
}

function flood(count) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const logic = fromTransition((sum, event) => {
      if (event.type === "add") return sum + event.n;
      if (event.type === "xstate.stop") return sum;
      if (sum === count) resolve(performance.now() - startedAt);
      else reject(new Error(`expected ${count}, got ${sum}`));
      return sum;
    }, 0);
    const counter = createActor(logic).start();
    for (let i = 0; i < count; i++) counter.send({ type: "add", n: 1 });
    counter.send({ type: "total" });
    counter.stop();
  });
}

function spawn(count) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let left = count;
    const collector = start((_event, self) => {
      if (--left > 0) return;
      self.stop();
      resolve(performance.now() - startedAt);
    });
    for (let i = 0; i < count; i++) {
      const worker = start((event, self) => {
        event.collector.send({ type: "done", from: self });
        self.stop();
      });
      worker.send({ type: "go", collector });
    }
  });
}

export const rows = { "ping-pong": pingPong, flood, spawn };
