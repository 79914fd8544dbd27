// The store: the only durable thing. An adapter keeps bytes and never decides; all adapters behave alike, which
// the suite in `testing/store-suite.ts` proves on each.
import type { StoredEvent, EventLog, Head } from "../event/log.ts";
import type { Hash, StreamId } from "../event/event.ts";

/** A slice of a long list. `after` is the `next` of the page before; leave it out for the first. */
export interface PageRequest {
  /** 1 to 1,000; default 50. */
  readonly limit?: number;
  readonly after?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; null when there is no more. A page may be short and still have a next. */
  readonly next: string | null;
}

/** A stream's head with its place. */
export interface StoredHead extends Head {
  readonly stream: StreamId;
  readonly seq: number;
  /** The hash of the event at `seq`. */
  readonly hash: Hash;
}

export interface HeadFilter {
  readonly kind: string;
  readonly status?: string;
  /** All of these. */
  readonly labels?: readonly string[];
  /** Inclusive, milliseconds since the epoch. */
  readonly createdFrom?: number;
  /** Exclusive, milliseconds since the epoch. */
  readonly createdBefore?: number;
}

export interface RoomSummary {
  readonly room: string;
  readonly tiles: number;
  /** `at` of the first and of the newest event, milliseconds since the epoch. */
  readonly createdAt: number;
  readonly latestAt: number;
}

export interface LeaseRequest {
  readonly name: string;
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly ttlMs: number;
}

/** What stays of an event whose bytes have been pruned. */
export interface PrunedEvent {
  readonly seq: number;
  readonly hash: Hash;
}

export interface StoredBlob {
  readonly hash: Hash;
  /** How many. */
  readonly bytes: number;
  /** When these bytes were put last, milliseconds since the epoch. */
  readonly putAt: number;
}

/** Something a store found broken. `stream` and `seq` name the event when one can be named. */
export interface Damage {
  readonly stream: StreamId | null;
  readonly seq: number | null;
  readonly what: string;
}

export interface Store extends EventLog {
  /** Where it is, for people: a path or a URL without its password. */
  readonly name: string;
  /** How many partitions the log has, fixed at creation: `hash(stream) mod partitions`. */
  readonly partitions: number;
  head(params: { readonly stream: StreamId }): Promise<StoredHead | null>;
  /** Newest first by `(createdAt, stream)`. */
  heads(params: { readonly filter: HeadFilter; readonly page?: PageRequest }): Promise<Page<StoredHead>>;
  /** Heads whose deadline is at or before `before`, the earliest first, at most `limit` (default 100). */
  due(params: { readonly before: number; readonly limit?: number }): Promise<readonly StoredHead[]>;
  /** All stream names in order, for `verify`. */
  streams(params: { readonly page?: PageRequest }): Promise<Page<StreamId>>;
  /** A room's events, newest first by `(at, hash)`. An unknown room is empty. */
  room(params: { readonly name: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>>;
  /** Every room that has an event, by name. */
  rooms(): Promise<readonly RoomSummary[]>;
  /**
   * Events that hold every word of `text` (see `event/words.ts`), newest first by `(at, hash)`.
   * Filled behind the log, and caught up before it answers. Text without a word finds nothing.
   */
  search(params: { readonly text: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>>;
  /** The event with this hash; null when there is none, or it is pruned. Caught up before it answers, as search is. */
  find(params: { readonly hash: Hash }): Promise<StoredEvent | null>;
  /**
   * Lets go of the bytes, words, room and keys of a stream's events up to `throughSeq`, and of a snapshot at or before
   * it. Their seqs, hashes and positions stay: `read`, `tail`, `room`, `search` and `find` pass them over, `pruned` gives them.
   * The stream's last event cannot go (`invalid_argument`). Done in steps, each whole: after a crash, or a second time,
   * it does what is left. Answers how many events went.
   */
  prune(params: { readonly stream: StreamId; readonly throughSeq: number }): Promise<number>;
  /** What stays of a stream's pruned events, in order, those after `afterSeq`, at most `limit` (default 1,000). */
  pruned(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly PrunedEvent[]>;
  /** All blobs, by hash. */
  blobs(params: { readonly page?: PageRequest }): Promise<Page<StoredBlob>>;
  /**
   * Takes or renews a lease until `now + ttlMs`; false when another owner holds it. A `ttlMs` of 0 gives it back.
   * It only saves double work: correctness never rests on it.
   */
  lease(params: LeaseRequest): Promise<boolean>;
  /**
   * Reports the damage only the adapter can see: pages and indexes, what it keeps beside an event's bytes and
   * differs from them, keys and rooms that disagree with the events, blobs that are not their hash. At most
   * 1,000; empty when sound. Damage is a value, not an error.
   */
  inspect(): Promise<readonly Damage[]>;
  /** Waits for what is under way and lets go of files and connections. Later calls fail with `store_closed`. */
  close(): Promise<void>;
}
