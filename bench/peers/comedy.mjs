/**
 * Comedy's side of the peers' rows. An actor is an object with a method per topic; all of them are of the mode
 * `in-memory`, in which a message is a method call by way of a promise.
 */
import { createSystem } from "comedy";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const root = await createSystem({ log: silent }).rootActor();

const start = (behaviour) => root.createChild(behaviour, { mode: "in-memory" });

async function pingPong(count) {
  const startedAt = performance.now();
  const ponger = await start({ ping: (message) => message.from.send("pong", { from: ponger, n: message.n }) });
  let left = count;
  const { promise, resolve, reject } = deferred();
  const pinger = await start({
    pong: (message) => {
      if (message.n !== left) return reject(new Error(`expected ${left}, got ${message.n}`));
      left--;
      if (left === 0) resolve();
      else ponger.send("ping", { from: pinger, n: left });
    },
  });
  ponger.send("ping", { from: pinger, n: left });
  await promise;
  await Promise.all([ponger.destroy(), pinger.destroy()]);
  return performance.now() - startedAt;
}

async function flood(count) {
  const startedAt = performance.now();
  const { promise, resolve } = deferred();
  let sum = 0;
  const counter = await start({
    add: (message) => {
      sum += message.n;
    },
    total: () => resolve(sum),
  });
  for (let i = 0; i < count; i++) counter.send("add", { n: 1 });
  counter.send("total", {});
  const total = await promise;
  if (total !== count) throw new Error(`expected ${count}, got ${total}`);
  await counter.destroy();
  return performance.now() - startedAt;
}

async function spawn(count) {
  const startedAt = performance.now();
  const { promise, resolve } = deferred();
  let left = count;
  const collector = await start({
    done: () => {
      if (--left === 0) resolve();
    },
  });
  for (let i = 0; i < count; i++) {
    const worker = await start({
      go: (message) => {
        message.collector.send("done", { from: worker });
        return worker.destroy();
      },
    });
    worker.send("go", { collector });
  }
  await promise;
  const elapsedMs = performance.now() - startedAt;
  await collector.destroy();
  return elapsedMs;
}

function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export const rows = { "ping-pong": pingPong, flood, spawn };
