// An event as the columns of a database hold it, and pages of such rows.
import { decodeEvent, type Hash } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { cutPage, pageCursor } from "./page.ts";
import type { Page, PageRequest } from "./port.ts";

export type EventRow = readonly [position: number, hash: Uint8Array, bytes: Uint8Array];

export function storedEvent([position, hash, bytes]: EventRow): StoredEvent {
  return { event: decodeEvent(bytes), bytes, hash: hashText(hash), position };
}

export function hashText(hash: Uint8Array): Hash {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString("hex");
}

export function hashBytes(hash: Hash): Buffer {
  return Buffer.from(hash, "hex");
}

/** Where a page of events begins, as the values `(at, hash) < (?, ?)` takes. */
export function eventCursor(page: PageRequest | undefined): readonly [at: number, hash: Buffer] {
  const cursor = pageCursor(page, [0, ""] as [number, string]);
  return cursor === null ? [Number.MAX_SAFE_INTEGER, AFTER_ALL] : [cursor[0], hashBytes(cursor[1])];
}

/** The page of events that are newest first by `(at, hash)`, of which one more than `limit` was read. */
export function eventPage(events: readonly StoredEvent[], limit: number): Page<StoredEvent> {
  return cutPage(events, limit, ({ event, hash }) => [event.at, hash]);
}

const AFTER_ALL = Buffer.alloc(33, 0xff);
