/**
 * The types by which a process declares its messages and others are held to them (S16.46–S16.52). Types only: at run
 * time a pid is a string and a message is data.
 */
import type { Pid } from "../../kernel/index.ts";
import type { Process } from "./process-api.ts";

/** Whether a type is `any`. */
type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * What a receiver gets for a payload tuple: `null` for none, the type for one, the tuple for more (S16.50). Where the
 * number of payloads is open, as in `[reason?: string]`, it is whichever of these may come.
 */
export type Received<P> = P extends readonly []
  ? null
  : P extends readonly [infer One]
    ? One
    : P extends readonly [unknown, unknown, ...unknown[]]
      ? P
      : P extends readonly [infer One, ...unknown[]]
        ? One | P
        : P extends readonly unknown[]
          ? Exclude<P[0], undefined> | null | (P["length"] extends 0 | 1 ? never : P)
          : P;

/** A message of a process whose messages are `M`; `switch (msg.topic)` tells the payloads apart. */
export type MessageOf<M, K extends keyof M = keyof M> =
  IsAny<M> extends true
    ? { readonly topic: string; readonly from: Pid | null; readonly payload: any }
    : {
        [T in K]: { readonly topic: T & string; readonly from: Pid | null; readonly payload: Received<M[T]> };
      }[K];

/** A message of which nothing is declared. */
export type Message = MessageOf<any>;

/** The topics a destination accepts: those its pid declares, or every string. */
export type TopicOf<D> = D extends Pid<infer M> ? (IsAny<M> extends true ? string : keyof M & string) : string;

/** The payloads that go with a topic of a destination. */
export type PayloadOf<D, K> =
  D extends Pid<infer M>
    ? IsAny<M> extends true
      ? unknown[]
      : K extends keyof M
        ? M[K] extends readonly unknown[]
          ? M[K]
          : never
        : never
    : unknown[];

/** Parsers by topic, in place of `protocol<M>()`: the payload as it came → what the process gets, or it throws. */
export type Parsers = { readonly [topic: string]: (payload: unknown) => unknown };

/** The messages that follow from parsers, by what each of them yields. */
export type ParsedMessages<T> = { [K in keyof T]: [payload: T[K]] };

declare const declared: unique symbol;

/** A declaration of messages without run-time content, made by {@link protocol}. */
export interface Protocol<M> {
  readonly [declared]: M;
}

/**
 * Declares the messages of a process by type alone: topic → tuple of payloads. Nothing is checked at run time (S16.51);
 * give parsers instead where senders are not to be trusted.
 */
export function protocol<M>(): Protocol<M> {
  return PROTOCOL;
}

const PROTOCOL = Object.freeze({}) as Protocol<any>;

/** What `defineProcess` makes: code that can run as a process, with the types of its messages. */
export interface ProcessDefinition<M, A extends readonly unknown[], R> {
  /** Parsers by topic, or `null` when everything is taken as it comes. */
  readonly accepts: Parsers | null;
  /** Main: gets its process and the arguments of the spawn. */
  readonly run: (process: Process<M>, ...args: A) => R | PromiseLike<R>;
}

/** Anything that can run as a process: a function `(process, ...args)`, or what `defineProcess` makes. */
export type AnyProcess = ((process: Process<any>, ...args: any[]) => unknown) | ProcessDefinition<any, any, any>;

/** The arguments of a process, as a spawner gives them. */
export type ArgsOf<F> =
  IsAny<F> extends true
    ? any[]
    : F extends ProcessDefinition<any, infer A, any>
      ? A
      : F extends (process: any, ...args: infer A) => unknown
        ? A
        : any[];

/** The messages a process declares; a function that does not even name its `process` declares none. */
export type MessagesOf<F> =
  IsAny<F> extends true
    ? any
    : F extends ProcessDefinition<infer M, any, any>
      ? M
      : F extends (process: Process<infer M>, ...args: any[]) => unknown
        ? unknown extends M
          ? any
          : M
        : any;

/** The result of a process. What it does not return arrives as `null`. */
export type ResultOf<F> =
  IsAny<F> extends true
    ? any
    : F extends ProcessDefinition<any, any, infer R>
      ? Result<R>
      : F extends (process: any, ...args: any[]) => infer R
        ? Result<Awaited<R>>
        : any;

type Result<R> = IsAny<R> extends true ? any : R extends void | undefined ? null : R;
