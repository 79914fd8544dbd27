// What of the rooms a principal sees. Masks come before counts, pages and limits: whoever sees some rooms alone gets the
// answers a server with those rooms alone would give.
import { HolodeckError } from "../event/error.ts";
import type { StoredEvent } from "../event/log.ts";
import type { RoomSummary, Store } from "../store/port.ts";
import { tileOf } from "../tile/tile.ts";
import { seesRoom, type Principal } from "./principal.ts";
import { byTimeDown, recentTiles } from "./recent-tiles.ts";
import type { RoomTotals } from "./room-counts.ts";

export function visibleTotals(totals: RoomTotals, { rooms: seen }: Principal): RoomTotals {
  if (seen === null) return totals;
  const rooms = new Map<string, RoomSummary>();
  for (const name of seen) {
    const summary = totals.rooms.get(name);
    if (summary !== undefined) rooms.set(name, summary);
  }
  return { rooms, tiles: [...rooms.values()].reduce((sum, { tiles }) => sum + tiles, 0) };
}

/** Newest first, at most `limit`. */
export async function visibleRecent(
  store: Store,
  { rooms }: Principal,
  limit: number,
): Promise<readonly StoredEvent[]> {
  if (rooms === null) return await recentTiles(store, limit);
  const found: StoredEvent[] = [];
  for (const name of new Set(rooms)) {
    const { items } = await store.room({ name, page: { limit } });
    found.push(...items.filter(({ event }) => tileOf(event) !== null));
  }
  return found.sort(byTimeDown).slice(0, limit);
}

/** Where somebody searches who asked for one room, or for all. */
export function searchedRooms({ rooms }: Principal, asked: string | null): readonly string[] | null {
  if (asked === null) return rooms;
  return rooms === null || rooms.includes(asked) ? [asked] : [];
}

/** A tile is written, retracted or superseded in a room one sees; of another it is not told whether it exists. */
export function checkMayWrite(principal: Principal, room: string): void {
  if (seesRoom(principal, room)) return;
  throw new HolodeckError("denied", {
    what: `This key may not write to the room ${JSON.stringify(room)}.`,
    todo: "Use a key with that room in its scope.",
  });
}
