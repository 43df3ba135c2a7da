/**
 * Nact's side of the peers' rows. An actor is a function from state and message to the next state; where it needs no
 * state it is stateless, which is quicker. Nact takes a trip through the event loop for each message.
 */
import { dispatch, spawn as spawnActor, spawnStateless, start, stop } from "nact";

const system = start();
/** Actors without a name get a random one, and these collide from some ten thousand on. */
let named = 0;

function pingPong(count) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const ponger = spawnStateless(system, (message, { self }) => {
      dispatch(message.from, { topic: "pong", from: self, n: message.n });
    });
    let left = count;
    const pinger = spawnStateless(system, (message, { self }) => {
      if (message.topic === "pong") {
        if (message.n !== left) return reject(new Error(`expected ${left}, got ${message.n}`));
        left--;
      }
      if (left === 0) {
        stop(ponger);
        stop(self);
        return resolve(performance.now() - startedAt);
      }
      dispatch(ponger, { topic: "ping", from: self, n: left });
    });
    dispatch(pinger, { topic: "start" });
  });
}

function flood(count) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const counter = spawnActor(system, (sum = 0, message, { self }) => {
      if (message.topic === "add") return sum + message.n;
      stop(self);
      if (sum === count) resolve(performance.now() - startedAt);
      else reject(new Error(`expected ${count}, got ${sum}`));
      return sum;
    });
    for (let i = 0; i < count; i++) dispatch(counter, { topic: "add", n: 1 });
    dispatch(counter, { topic: "total" });
  });
}

function spawn(count) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let left = count;
    const collector = spawnStateless(system, (_message, { self }) => {
      if (--left > 0) return;
      stop(self);
      resolve(performance.now() - startedAt);
    });
    for (let i = 0; i < count; i++) {
      const work = (message, { self }) => {
        dispatch(message.collector, { topic: "done", from: self });
        stop(self);
      };
      dispatch(spawnStateless(system, work, `worker-${named++}`), { topic: "go", collector });
    }
  });
}

export const rows = { "ping-pong": pingPong, flood, spawn };
