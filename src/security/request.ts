/** A request as policies see it: one flat object, made once for all policies of a scope (S10.6). */
import { type Actor, actorMeta, type Subject } from "../kernel/index.ts";

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

/** The attributes that the functions of a process pass (S10.7). */
export function attributesOf(subject: Subject, target: Subject | null, name: string | null): Record<string, unknown> {
  const attributes: Record<string, unknown> = { pid: subject.pid };
  if (target !== null) {
    if (target.actor !== null) attributes.target_actor = target.actor.id();
    attributes.target_entry = target.entry;
    attributes.target_host = target.hostId;
  }
  if (name !== null) attributes.name = name;
  return attributes;
}
