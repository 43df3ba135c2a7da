/**
 * What starts before what (S14.23–S14.25). Pure: a graph of ids in, an order out. Cycles are found when entries are
 * read, so there is none here; one that slipped through is cut where it is met.
 */

/** What an id needs before it may start. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/**
 * The ids wanted and all they need, dependencies first, otherwise in order of id. Ids that `needs` does not know are in
 * the list as well: whoever starts them finds that they do not exist.
 */
export function startOrder(wanted: Iterable<string>, needs: Needs): string[] {
  const order: string[] = [];
  const state = new Map<string, "open" | "done">();
  const stack: { id: string; left: string[] }[] = [];
  const enter = (id: string) => {
    if (state.has(id)) return;
    state.set(id, "open");
    stack.push({ id, left: [...(needs.get(id) ?? [])].sort().reverse() });
  };
  for (const id of [...wanted].sort()) {
    enter(id);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { id: string; left: string[] };
      const next = top.left.pop();
      if (next !== undefined) enter(next);
      else {
        stack.pop();
        state.set(top.id, "done");
        order.push(top.id);
      }
    }
  }
  return order;
}
