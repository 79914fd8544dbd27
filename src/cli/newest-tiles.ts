// The newest events that have a tile, of a room, a stream or both; the oldest of them first.
import type { StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { tileOf } from "../tile/tile.ts";

export interface TilesWanted {
  /** Null: every room. */
  readonly room: string | null;
  /** Null: every stream. */
  readonly stream: StreamId | null;
  readonly limit: number;
}

const PAGE = 1_000;

export async function newestTiles(
  store: Store,
  { room, stream, limit }: TilesWanted,
): Promise<readonly StoredEvent[]> {
  if (stream !== null) return await ofStream(store, { room, stream, limit });
  const newest = room === null ? await ofAllRooms(store, limit) : await ofRoom(store, room, limit);
  return newest.toReversed();
}

async function ofStream(
  store: Store,
  {
    room,
    stream,
    limit,
  }: { readonly room: string | null; readonly stream: StreamId; readonly limit: number },
): Promise<readonly StoredEvent[]> {
  let newest: StoredEvent[] = [];
  for (let afterSeq = 0; ;) {
    const events = await store.read({ stream, afterSeq, limit: PAGE });
    const tiles = events.filter(({ event }) => tileOf(event) !== null && (room ?? event.room) === event.room);
    newest = [...newest, ...tiles].slice(-limit);
    const last = events.at(-1);
    if (last === undefined) return newest;
    afterSeq = last.event.seq;
  }
}

/** Newest first. */
async function ofRoom(store: Store, name: string, limit: number): Promise<readonly StoredEvent[]> {
  const newest: StoredEvent[] = [];
  let after: string | null | undefined;
  while (after !== null && !hasNewest(newest, limit)) {
    const page = { limit: Math.min(limit + 1, PAGE), ...(after !== undefined && { after }) };
    const { items, next } = await store.room({ name, page });
    newest.push(...items.filter(({ event }) => tileOf(event) !== null));
    after = next;
  }
  return newest.sort(byTimeDown).slice(0, limit);
}

/** Within a millisecond a room has no order: all of the last one are needed to know which of them came last. */
function hasNewest(found: readonly StoredEvent[], limit: number): boolean {
  const last = found[limit - 1];
  const end = found.at(-1);
  return last !== undefined && end !== undefined && end.event.at < last.event.at;
}

/** Newest first. Rooms are read from the one with the newest event on, and no further than can matter. */
async function ofAllRooms(store: Store, limit: number): Promise<readonly StoredEvent[]> {
  const rooms = (await store.rooms()).toSorted((a, b) => b.latestAt - a.latestAt);
  let newest: readonly StoredEvent[] = [];
  for (const { room, latestAt } of rooms) {
    const last = newest.at(-1);
    if (newest.length === limit && last !== undefined && latestAt < last.event.at) break;
    newest = [...newest, ...(await ofRoom(store, room, limit))].sort(byTimeDown).slice(0, limit);
  }
  return newest;
}

/** As rooms are ordered; within a stream, as it happened. */
function byTimeDown(a: StoredEvent, b: StoredEvent): number {
  return b.event.at - a.event.at || b.position - a.position;
}
