// What a stream says of events whose bytes were taken out of the store: which they were, and the hash its chain goes
// on from. It is written before anything goes, and it stays.
import { HolodeckError } from "./error.ts";
import type { Event, Hash, StreamId } from "./event.ts";
import type { JsonObject } from "./json.ts";

const PRUNED = "pruned";

/** The data of a `pruned` event; an aggregate adds what stays of its state. */
export interface Pruned extends JsonObject {
  /** The first and the last seq whose bytes go. */
  readonly from: number;
  readonly to: number;
  /** The hash of the event at `to`. */
  readonly last_hash: Hash;
}

/** What the event says was pruned; null when it is another kind of event. */
export function prunedBy({ type, data }: Event): Pruned | null {
  if (type !== PRUNED) return null;
  // Read from a store that may be damaged.
  const { from, to, last_hash }: Partial<Record<keyof Pruned, unknown>> = data ?? {};
  const isWhole = Number.isSafeInteger(from) && Number.isSafeInteger(to) && typeof last_hash === "string";
  return isWhole ? (data as Pruned) : null;
}

/** For who asks for events that are there no more. */
export function eventsPruned(stream: StreamId, throughSeq: number): HolodeckError {
  return new HolodeckError("pruned", {
    what: `The events of ${stream} up to ${throughSeq} have been pruned.`,
    todo: "Their hashes and what the session came to are kept; the events themselves are in backups alone.",
  });
}
