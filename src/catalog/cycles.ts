/**
 * Finds cycles in a graph of ids: of services that require each other (S14.24), of libraries that import each other
 * (S13.22). One depth-first walk with its own stack, so a long chain of entries cannot overflow ours.
 *
 *     a ─▶ b ─▶ c          path: a b c, and c leads back to b: the cycle is b c b
 *          ▲────┘
 */

/**
 * Cycles of the graph, each as the ids along it with the first repeated at the end (`[a, b, a]`). Nodes are visited in
 * the order given. No id is in two of the cycles found, so a tangle of many cycles is reported by some of them; when
 * the answer is empty, there is no cycle at all.
 */
export function findCycles(ids: Iterable<string>, next: (id: string) => readonly string[]): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const reported = new Set<string>();
  for (const start of ids) {
    if (done.has(start)) continue;
    const path: string[] = [];
    const depthOf = new Map<string, number>();
    const toVisit: { id: string; rest: Iterator<string> }[] = [];
    const enter = (id: string) => {
      depthOf.set(id, path.push(id) - 1);
      toVisit.push({ id, rest: next(id)[Symbol.iterator]() });
    };
    enter(start);
    for (let top = toVisit.at(-1); top !== undefined; top = toVisit.at(-1)) {
      const step = top.rest.next();
      if (step.done === true) {
        toVisit.pop();
        path.pop();
        depthOf.delete(top.id);
        done.add(top.id);
        continue;
      }
      const depth = depthOf.get(step.value);
      if (depth !== undefined) {
        const cycle = path.slice(depth);
        if (!cycle.some((id) => reported.has(id))) cycles.push([...cycle, step.value]);
        for (const id of cycle) reported.add(id);
      } else if (!done.has(step.value)) {
        enter(step.value);
      }
    }
  }
  return cycles;
}
