// How a Redis store lies in keys. Everything of a partition carries the hash tag `{partition}`, so a script finds it
// on one node, and names every key it touches, so that it is refused while a slot moves between nodes.
// Lists are sorted sets of one score, which Redis orders by bytes: what they are ordered by is written so that its
// bytes order the same. Times are 8 bytes, kinds and statuses end with a NUL that they cannot hold themselves.
import type { StreamId } from "../event/event.ts";
import type { Head, StoredEvent } from "../event/log.ts";
import { invalid } from "./input.ts";
import type { StoredHead } from "./port.ts";
import { hashText, storedEvent } from "./stored-event.ts";

export const PROGRAM = "holodeck";
export const SCHEMA_VERSION = 1;
/** Fixed when a store is created, and recorded in it. */
export const PARTITIONS = 64;

/** The keys of one partition. */
export interface PartitionKeys {
  /** A stream of entries `position-0`, with the one field `e`. */
  readonly log: string;
  /** The position of the newest event. */
  readonly end: string;
  /** Stream → head. */
  readonly heads: string;
  /** `kind NUL createdAt stream` */
  readonly kinds: string;
  /** `kind NUL status NUL createdAt stream` */
  readonly statuses: string;
  /** `dueAt stream` */
  readonly due: string;
  /** `stream` */
  readonly names: string;
  /** Room → `tiles:first:latest`. */
  readonly rooms: string;
  /** Stream → snapshot. */
  readonly snapshots: string;
  /** Up to which position events can be found by their words. */
  readonly found: string;
  /** A list: the positions of a stream's events. */
  positions(stream: StreamId): string;
  /** A list: the hashes of a stream's first events, whose bytes have been pruned. */
  gone(stream: StreamId): string;
  /** Key → seq, of one stream. */
  keys(stream: StreamId): string;
  /** `at hash position` of a room's events. */
  room(name: string): string;
  /** The postings of a word: see `redis-search.ts`. */
  word(word: string): string;
}

export function partitionKeys(prefix: string, partition: number): PartitionKeys {
  const base = `${prefix}:{${partition}}:`;
  return {
    log: `${base}log`,
    end: `${base}end`,
    heads: `${base}heads`,
    kinds: `${base}kinds`,
    statuses: `${base}statuses`,
    due: `${base}due`,
    names: `${base}names`,
    rooms: `${base}rooms`,
    snapshots: `${base}snapshots`,
    found: `${base}found`,
    positions: (stream) => `${base}s:${stream}`,
    gone: (stream) => `${base}g:${stream}`,
    keys: (stream) => `${base}k:${stream}`,
    room: (name) => `${base}r:${name}`,
    word: (word) => `${base}w:${word}`,
  };
}

/** A safe integer as 8 bytes that sort like it. */
export function sortable(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value) + OFFSET);
  return bytes;
}

export function fromSortable(bytes: Buffer, offset = 0): number {
  return Number(bytes.readBigUInt64BE(offset) - OFFSET);
}

const OFFSET = 2n ** 63n;

/** Texts as bytes, each ended by a NUL: no one begins another. */
export function ended(...texts: readonly string[]): Buffer {
  const marked = texts.map((text) =>
    text.replaceAll("\u0001", "\u0001\u0002").replaceAll("\0", "\u0001\u0001"),
  );
  return Buffer.from(`${marked.join("\0")}\0`);
}

/** The first bytes after all that begin with what `ended` made. */
export function past(begin: Buffer): Buffer {
  return Buffer.concat([begin.subarray(0, -1), Buffer.from([1])]);
}

/** What stands before an event's bytes: the token of its append, and its hash. */
const TOKEN_BYTES = 8;
const HASH_BYTES = 32;

export function entryEvent(position: number, entry: Buffer): StoredEvent {
  const hash = entry.subarray(TOKEN_BYTES, TOKEN_BYTES + HASH_BYTES);
  return storedEvent([position, hash, new Uint8Array(entry.subarray(TOKEN_BYTES + HASH_BYTES))]);
}

/** Null when the bytes are no event; for what goes on past damage. */
export function readableEvent(position: number, entry: Buffer): StoredEvent | null {
  try {
    return entryEvent(position, entry);
  } catch {
    return null;
  }
}

/**
 * A stored head: hash (32 bytes), seq (16 digits), createdAt (8), dueAt (1 when there is one, else 0, and 8), the
 * length of the next (8 digits), kind and status as `statuses` has them, and the head as JSON.
 */
export function storedHead(stream: StreamId, bytes: Buffer): StoredHead {
  const indexed = Number(bytes.toString("latin1", 65, 73));
  const { kind, status, labels, summary } = JSON.parse(bytes.toString("utf8", 73 + indexed)) as Head;
  return {
    stream,
    seq: Number(bytes.toString("latin1", 32, 48)),
    hash: hashText(bytes.subarray(0, 32)),
    kind,
    status,
    createdAt: fromSortable(bytes, 48),
    dueAt: bytes[56] === DUE ? fromSortable(bytes, 57) : null,
    labels,
    summary,
  };
}

const DUE = "1".charCodeAt(0);

export function dueBytes(dueAt: number | null): Buffer {
  return Buffer.concat([Buffer.from(dueAt === null ? "0" : "1"), sortable(dueAt ?? 0)]);
}

/** The head as JSON, of what the scripts do not need. */
export function headJson({ kind, status, labels, summary }: Head): string {
  try {
    return JSON.stringify({ kind, status, labels, summary });
  } catch {
    throw invalid("The summary of a head is not JSON.", "Put plain JSON into the summary.");
  }
}
