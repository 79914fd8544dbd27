// What the store in memory keeps of an event, and how its lists are filtered and ordered.
import { decodeEvent, type Hash } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type { HeadFilter, Page, PageRequest, RoomSummary, StoredHead } from "./port.ts";

export interface Kept {
  readonly seq: number;
  readonly at: number;
  readonly room: string | null;
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly hash: Hash;
}

export function isThere(kept: Kept | null): kept is Kept {
  return kept !== null;
}

export function stored({ bytes, hash, position }: Kept): StoredEvent {
  const copy = new Uint8Array(bytes);
  return { event: decodeEvent(copy), bytes: copy, hash, position };
}

export function matches(head: StoredHead, filter: HeadFilter): boolean {
  const { kind, status, labels = [], createdFrom, createdBefore } = filter;
  if (head.kind !== kind || (status !== undefined && head.status !== status)) return false;
  if (createdFrom !== undefined && head.createdAt < createdFrom) return false;
  if (createdBefore !== undefined && head.createdAt >= createdBefore) return false;
  return labels.every((label) => head.labels.includes(label));
}

export function newestFirst(events: readonly Kept[], page: PageRequest | undefined): Page<StoredEvent> {
  const limit = pageLimit(page);
  const after = pageCursor(page, [0, ""] as [number, string]);
  const rows = events
    .toSorted((a, b) => b.at - a.at || compareText(b.hash, a.hash))
    .filter(({ at, hash }) => after === null || (at - after[0] || compareText(hash, after[1])) < 0);
  const cut = cutPage(rows, limit, ({ at, hash }) => [at, hash]);
  return { items: cut.items.map(stored), next: cut.next };
}

export function roomSummaries(events: readonly Kept[]): readonly RoomSummary[] {
  const rooms = new Map<string, { room: string; tiles: number; createdAt: number; latestAt: number }>();
  for (const { room, at } of events) {
    if (room === null) continue;
    const summary = rooms.get(room) ?? { room, tiles: 0, createdAt: at, latestAt: at };
    summary.tiles++;
    summary.createdAt = Math.min(summary.createdAt, at);
    summary.latestAt = Math.max(summary.latestAt, at);
    rooms.set(room, summary);
  }
  return [...rooms.values()].sort((a, b) => compareText(a.room, b.room));
}

export function compareHeads(a: StoredHead, b: StoredHead): number {
  return a.createdAt - b.createdAt || compareText(a.stream, b.stream);
}

/** By code point, as databases order UTF-8; JavaScript's `<` orders by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
