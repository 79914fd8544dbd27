// Where a tile stands and whether that can be trusted: its hash, its place in its stream, its stream's chain.
import type { Context } from "hono";
import { leafHash, type StreamId } from "../event/event.ts";
import { HolodeckError } from "../event/error.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { verifyChain, type ChainReport } from "./chain.ts";
import type { Plato } from "./plato-parts.ts";
import { seesRoom, type Principal, type ServerEnv } from "./principal.ts";
import { checkRoom, invalid, limitOf } from "./query.ts";
import { byTimeDown } from "./recent-tiles.ts";
import { tileId, viewTile } from "./tile-view.ts";

const HASH = /^[0-9a-f]{64}$/;
const CHAIN_LIMIT = 50;

export function addProvenance({ app, store }: Plato): void {
  app.get("/verify/:hash", async (c) =>
    c.json(await verifyTile(store, c.get("principal"), c.req.param("hash"))),
  );
  app.get("/provenance/chain", async (c) => c.json(await chainOfRoom(store, c)));
}

async function verifyTile(store: Store, principal: Principal, hash: string): Promise<object> {
  const found = HASH.test(hash) ? await store.find({ hash }) : null;
  const room = found?.event.room ?? null;
  const stored = room !== null && seesRoom(principal, room) ? found : null;
  const tile = stored === null ? null : await viewTile(store, stored);
  if (stored === null || tile === null) {
    throw new HolodeckError("not_found", {
      what: `There is no tile ${JSON.stringify(hash)}.`,
      todo: "Pass the whole `tile_hash` of a tile.",
    });
  }
  const { event, bytes } = stored;
  const chain = await verifyChain(store, event.stream);
  // What is broken behind the tile does not touch it.
  const isWhole = chain.broken_at === null || chain.broken_at > event.seq;
  return {
    tile_id: tileId(event),
    room: event.room,
    state: tile["state"],
    superseded_by: tile["superseded_by"],
    ...placeOf(stored),
    verified: leafHash(bytes) === hash && isWhole,
    chain,
  };
}

/** A page of a room's tiles as links, and whether each of the streams they stand in is whole. */
async function chainOfRoom(store: Store, c: Context<ServerEnv>): Promise<object> {
  const room = c.req.query("room") ?? "";
  if (room === "") throw invalid("The request has no `room`.", "Pass ?room=name.");
  const before = c.req.query("before") ?? "";
  const page = { limit: limitOf(c, CHAIN_LIMIT), ...(before !== "" && { after: before }) };
  const asked = await store.room({ name: checkRoom(room), page });
  const { items, next } = seesRoom(c.get("principal"), room) ? asked : { items: [], next: null };
  const streams: ChainReport[] = [];
  for (const stream of new Set(items.map(({ event }): StreamId => event.stream)))
    streams.push(await verifyChain(store, stream));
  return {
    room,
    verified: streams.every(({ verified }) => verified),
    chain: items.toSorted(byTimeDown).map(placeOf),
    streams,
    next,
  };
}

function placeOf({ event, hash, position }: StoredEvent) {
  const { stream, seq, prev, at } = event;
  return { tile_hash: hash, prev, stream, seq, lamport: position, at: isoTime(at) };
}
