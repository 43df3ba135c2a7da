/** A request as policies see it: one flat object, made once for all policies of a scope (S10.6). */
import { type Actor, actorMeta } from "../kernel/index.ts";

/** Who wants to do what, to what, and what else is known. All data is plain. */
export interface Request {
  readonly actor: Actor;
  readonly actorId: string;
  readonly actorMeta: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly resource: string;
  /** The attributes (S10.7). */
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Puts a request together. `meta` must be nobody else's, or plain data that does not change. */
export function requestOf(
  actor: Actor,
  action: string,
  resource: string,
  meta: Readonly<Record<string, unknown>>,
): Request {
  return { actor, actorId: actor.id(), actorMeta: actorMeta(actor), action, resource, meta };
}
