// Rooms (channels of tiles) as /v1 has them: their list, and one room's tiles.
import { HolodeckError } from "../../event/error.ts";
import { isoTime } from "../../tile/session-tiles.ts";
import { seesRoom } from "../principal.ts";
import { byTimeDown } from "../recent-tiles.ts";
import { viewTiles } from "../tile-view.ts";
import { roomList, roomTiles } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { limit, pageTokenField, text } from "./fields.ts";
import { pageToken, placeIn } from "./page-token.ts";

const ROOM = "scout-reports/holodeck-session";

const listRooms = endpoint({
  method: "get",
  path: "/v1/rooms",
  group: "Rooms",
  summary: "List rooms that have tiles, by name",
  access: "anyone",
  query: { limit: limit(100), page_token: pageTokenField },
  answer: { what: "A page of rooms.", schema: roomList },
  example: {
    path: "/v1/rooms",
    answer: {
      rooms: [
        { room: ROOM, tiles: 3, created_at: "2026-05-19T22:45:00Z", latest_at: "2026-05-19T22:59:07Z" },
      ],
      next_page_token: null,
    },
  },
  async act({ counts, principal, query }) {
    const after = placeIn("rooms", query.page_token);
    const { rooms } = await counts.current();
    const rest = [...rooms.values()]
      .filter(({ room }) => seesRoom(principal, room) && (after === undefined || room > after))
      .sort((one, other) => (one.room < other.room ? -1 : 1));
    const page = rest.slice(0, query.limit);
    const last = page.at(-1);
    const next = last === undefined || rest.length <= query.limit ? null : pageToken("rooms", last.room);
    const told = page.map(({ room, tiles, createdAt, latestAt }) => ({
      room,
      tiles,
      created_at: isoTime(createdAt),
      latest_at: isoTime(latestAt),
    }));
    return { status: 200, body: { rooms: told, next_page_token: next } };
  },
});

const listRoomTiles = endpoint({
  method: "get",
  path: "/v1/rooms/{room}/tiles",
  group: "Rooms",
  summary: "List a room's tiles, newest first",
  access: "anyone",
  pathFields: { room: text("The room's name, its slashes as %2F.").max(256) },
  query: { limit: limit(50), page_token: pageTokenField },
  answer: { what: "A page of tiles.", schema: roomTiles },
  refusals: ["not_found"],
  example: { path: `/v1/rooms/${encodeURIComponent(ROOM)}/tiles?limit=20` },
  async act({ store, counts, principal, path: { room }, query }) {
    const list = `room ${room}`;
    const after = placeIn(list, query.page_token);
    const { rooms } = await counts.current();
    const summary = rooms.get(room);
    if (summary === undefined || !seesRoom(principal, room)) throw unknownRoom(room);
    const page = { limit: query.limit, ...(after !== undefined && { after }) };
    const { items, next } = await store.room({ name: room, page });
    const body = {
      room,
      tile_count: summary.tiles,
      tiles: await viewTiles(store, items.toSorted(byTimeDown)),
      next_page_token: next === null ? null : pageToken(list, next),
    };
    return { status: 200, body };
  },
});

/** Another's room is answered just as one that has no tiles. */
function unknownRoom(room: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no room ${JSON.stringify(room)} with tiles.`,
    todo: "GET /v1/rooms lists those there are.",
  });
}

export const roomEndpoints: readonly Endpoint[] = [listRooms, listRoomTiles];
