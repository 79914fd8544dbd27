// Reading rooms: their list, one room, the newest tiles of all, search, export.
import type { StoredEvent } from "../event/log.ts";
import type { Page, Store } from "../store/port.ts";
import { exportTiles } from "./export-tiles.ts";
import type { Plato } from "./plato-parts.ts";
import { checkRoom, invalid, limitOf, roomPath } from "./query.ts";
import { seesRoom } from "./principal.ts";
import { byTimeDown } from "./recent-tiles.ts";
import { searchTiles } from "./search-tiles.ts";
import type { RoomTotals } from "./room-counts.ts";
import { viewTiles } from "./tile-view.ts";
import { searchedRooms, visibleRecent, visibleTotals } from "./visible.ts";

const ROOM_LIMIT = 50;
const SEARCH_LIMIT = 20;

/** A page of a room without tiles. */
const NOTHING: Page<StoredEvent> = { items: [], next: null };

export function addReading({ app, store, counts }: Plato): void {
  app.get("/rooms", async (c) => {
    const { rooms } = visibleTotals(await counts.current(), c.get("principal"));
    const entries = [...rooms.values()].map(({ room, tiles, createdAt, latestAt }) => [
      room,
      { tile_count: tiles, latest: latestAt / 1_000, created: createdAt / 1_000 },
    ]);
    return c.json(Object.fromEntries(entries) as object);
  });

  app.get("/room/*", async (c) => {
    const principal = c.get("principal");
    const totals = visibleTotals(await counts.current(), principal);
    const name = roomAsked(checkRoom(roomPath(c)), totals);
    const before = c.req.query("before");
    const page = {
      limit: limitOf(c, ROOM_LIMIT),
      ...(before !== undefined && before !== "" && { after: before }),
    };
    // Of a room that is not seen the page is read all the same, for its place in the list is judged there.
    const asked = await store.room({ name, page });
    const { items, next } = seesRoom(principal, name) ? asked : NOTHING;
    const summary = totals.rooms.get(name);
    return c.json({
      room: name,
      tile_count: summary?.tiles ?? 0,
      created: summary === undefined ? null : summary.createdAt / 1_000,
      tiles: await viewTiles(store, items.toSorted(byTimeDown)),
      // What `before` takes for the page that follows; null when there is none.
      next,
      ...(summary === undefined && { message: `The room ${JSON.stringify(name)} has no tiles yet.` }),
    });
  });

  app.get("/tiles/recent", async (c) => {
    return c.json({
      tiles: await view(store, await visibleRecent(store, c.get("principal"), limitOf(c, ROOM_LIMIT))),
    });
  });
}

/** Search, and all there is. */
export function addFinding({ app, store }: Plato): void {
  app.get("/search", async (c) => {
    const query = c.req.query("q") ?? "";
    if (query.trim() === "") throw invalid("The search has no `q`.", "Pass ?q=words.");
    const room = c.req.query("room") ?? "";
    const asked = {
      text: query,
      rooms: searchedRooms(c.get("principal"), room === "" ? null : checkRoom(room)),
      limit: limitOf(c, SEARCH_LIMIT),
    };
    return c.json({ query, results: await view(store, await searchTiles(store, asked)) });
  });

  app.get("/export/plato-tile-spec", (c) =>
    c.body(exportTiles(store, c.get("principal")), 200, {
      "content-type": "application/x-ndjson; charset=utf-8",
    }),
  );
}

/** `a/history` and `a/tiles` ask for the room `a`, unless a room of exactly that longer name exists. */
function roomAsked(name: string, { rooms }: RoomTotals): string {
  if (rooms.has(name)) return name;
  return name.replace(/\/(?:history|tiles)$/, "");
}

async function view(store: Store, events: readonly StoredEvent[]): Promise<readonly object[]> {
  return await viewTiles(store, events);
}
