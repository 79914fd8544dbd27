// The part of a store that events need: append, read, keys, the tail, places, snapshots and blobs.
// `store/port.ts` adds what lists, rooms and search need. Every method takes one params object, and an
// awaited call means: durable.
import type { EncodedEvent, Event, Hash, StreamId } from "./event.ts";
import type { Json, JsonObject } from "./json.ts";

/** The small projection kept per stream, written with its events. Lists and deadlines read it instead of folding. */
export interface Head {
  readonly kind: string;
  readonly status: string;
  /** Milliseconds since the epoch; never changes. */
  readonly createdAt: number;
  /** When a deadline of this stream falls due, milliseconds since the epoch; null when none is open. */
  readonly dueAt: number | null;
  /** At most 32, for finding: `agent:oracle1`, `tag:research`. */
  readonly labels: readonly string[];
  readonly summary: JsonObject;
}

/** One atomic append to one stream. */
export interface AppendItem {
  readonly stream: StreamId;
  /** The seq the stream must stand at: 0 for a new stream. */
  readonly expectedSeq: number;
  /** One or more, chained, with seqs from `expectedSeq + 1` on. */
  readonly events: readonly EncodedEvent[];
  /** The head after these events. */
  readonly head: Head;
  /** Idempotency keys, unique in the stream; `seq` is the first event its command wrote. */
  readonly keys: readonly AppendKey[];
}

export interface AppendKey {
  readonly key: string;
  readonly seq: number;
}

/** What became of an item. A refused item changes nothing and does not fail its neighbours. */
export type AppendResult =
  /** `position` is the last event's, and those of its neighbours lie before it; told where a log has one partition. */
  | { readonly status: "appended"; readonly position?: number }
  /** Someone else was first: the stream stands at `seq`. */
  | { readonly status: "conflict"; readonly seq: number }
  /** The key has been used: its command wrote `seq`. */
  | { readonly status: "repeated"; readonly key: string; readonly seq: number };

/** An event as a store gives it back. `position` rises by commit order within a partition. */
export interface StoredEvent extends EncodedEvent {
  readonly event: Event;
  readonly position: number;
}

/** How far a follower has read: one position per partition. */
export type TailPlace = readonly number[];

export interface TailPage {
  readonly events: readonly StoredEvent[];
  /** The place after these events. Equal to the place asked for when nothing is new. */
  readonly place: TailPlace;
}

/** A state saved at a seq, so that reading starts there. */
export interface Snapshot {
  readonly seq: number;
  /** The hash of the event at `seq`: the chain goes on from it. */
  readonly hash: Hash;
  readonly at: number;
  readonly version: number;
  readonly state: Json;
}

/** What a watcher is told. */
export interface Appended {
  /** True when it was appended through this very object, so that whoever did it knows; false when that is not known. */
  readonly own: boolean;
  /** Told when it is known: since `own` was false last, nothing up to here was appended through another object. */
  readonly through?: TailPlace;
}

/** What the core asks of a store: streams that are appended to and read, heads, snapshots, and news of both. */
export interface EventLog {
  /**
   * Results in the order of the items. Concurrent calls share a commit. An item that follows another history than
   * the stream's fails the call with `invalid_argument`, once its neighbours have been carried out.
   */
  append(items: readonly AppendItem[]): Promise<readonly AppendResult[]>;
  /** Events of one stream in order, those after `afterSeq`, at most `limit` (default 1,000). */
  read(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly StoredEvent[]>;
  /** The seq the key's command wrote; null when the key is unused. */
  key(params: { readonly stream: StreamId; readonly key: string }): Promise<number | null>;
  /** Events of all streams in log order after a place (null: from the beginning), at most `limit` (default 1,000). */
  tail(params: { readonly after: TailPlace | null; readonly limit?: number }): Promise<TailPage>;
  /** The place of the newest event: where a follower of new events begins. */
  end(): Promise<TailPlace>;
  /** Calls `listener` soon after any process has appended; says nothing of what. Returns the function that stops it. */
  watch(listener: (appended: Appended) => void): () => void;
  /** A reactor's saved place; null before the first save. */
  place(params: { readonly name: string }): Promise<TailPlace | null>;
  savePlace(params: { readonly name: string; readonly place: TailPlace }): Promise<void>;
  snapshot(params: { readonly stream: StreamId }): Promise<Snapshot | null>;
  saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void>;
  /**
   * Keeps bytes under their SHA-256 and returns it; the same bytes are kept once, as put at the latest `now` (default:
   * the wall clock). Durable when it returns.
   */
  putBlob(params: { readonly bytes: Uint8Array; readonly now?: number }): Promise<Hash>;
  blob(params: { readonly hash: Hash }): Promise<Uint8Array | null>;
  /** Deletes a blob, unless it was put at or after `putBefore`. Answers whether it went. */
  deleteBlob(params: { readonly hash: Hash; readonly putBefore?: number }): Promise<boolean>;
}
