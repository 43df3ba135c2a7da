/**
 * Effect's side of the peers' rows. A process is a fiber, its mailbox an unbounded queue; `offerUnsafe` is the quick way
 * to put something into one.
 */
import { Effect, Fiber, Queue } from "effect";

function timed(program) {
  const startedAt = performance.now();
  return Effect.runPromise(program).then(() => performance.now() - startedAt);
}

function pingPong(count) {
  return timed(
    Effect.gen(function* () {
      const mine = yield* Queue.unbounded();
      const other = yield* Queue.unbounded();
      const ponger = yield* Effect.forkChild(
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) {
            const message = yield* Queue.take(other);
            Queue.offerUnsafe(message.from, { topic: "pong", from: other, n: message.n });
          }
        }),
      );
      for (let i = count; i > 0; i--) {
        Queue.offerUnsafe(other, { topic: "ping", from: mine, n: i });
        const message = yield* Queue.take(mine);
        if (message.n !== i) throw new Error(`expected ${i}, got ${message.n}`);
      }
      yield* Fiber.join(ponger);
    }),
  );
}

function flood(count) {
  return timed(
    Effect.gen(function* () {
      const inbox = yield* Queue.unbounded();
      const counter = yield* Effect.forkChild(
        Effect.gen(function* () {
          let sum = 0;
          for (;;) {
            const message = yield* Queue.take(inbox);
            if (message.topic === "total") return sum;
            sum += message.n;
          }
        }),
      );
      for (let i = 0; i < count; i++) Queue.offerUnsafe(inbox, { topic: "add", n: 1 });
      Queue.offerUnsafe(inbox, { topic: "total" });
      const sum = yield* Fiber.join(counter);
      if (sum !== count) throw new Error(`expected ${count}, got ${sum}`);
    }),
  );
}

function spawn(count) {
  return timed(
    Effect.gen(function* () {
      const done = yield* Queue.unbounded();
      for (let i = 0; i < count; i++) {
        const inbox = yield* Queue.unbounded();
        yield* Effect.forkDetach(
          Effect.gen(function* () {
            const message = yield* Queue.take(inbox);
            Queue.offerUnsafe(message.collector, { topic: "done", from: inbox });
          }),
        );
        Queue.offerUnsafe(inbox, { topic: "go", collector: done });
      }
      for (let i = 0; i < count; i++) yield* Queue.take(done);
    }),
  );
}

export const rows = { "ping-pong": pingPong, flood, spawn };
