// What happened in a session: its events, and the tiles they read as.
import { eventPage } from "../../session/event-page.ts";
import type { JsonObject } from "../../event/json.ts";
import type { ToldEvent } from "../../session/reading.ts";
import { streamOf } from "../../session/stream.ts";
import type { Store } from "../../store/port.ts";
import { tileOf } from "../../tile/tile.ts";
import { eventList, tileList } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { afterSeq, limit, oneOf, sessionId } from "./fields.ts";

interface HappeningsWanted {
  readonly after_seq: number;
  readonly limit: number;
  readonly pruned?: "refuse" | "skip";
}

/** A page of a session's events, and where the next begins; null when there is no more now. */
export async function happenings(
  store: Store,
  session: string,
  { after_seq, limit: count, pruned = "refuse" }: HappeningsWanted,
): Promise<{ readonly events: readonly ToldEvent[]; readonly next: number | null }> {
  const wanted = { stream: streamOf(session), afterSeq: after_seq, limit: count };
  const events = pruned === "skip" ? await store.read(wanted) : await eventPage(store, wanted);
  return { events, next: events.length < count ? null : (events.at(-1)?.event.seq ?? null) };
}

const listEvents = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/events",
  group: "What happened",
  summary: "List events, in order",
  description:
    "As they are stored, each with its hash: SHA-256 of a zero byte and the event's JSON. Each names the hash before it.",
  pathFields: { session_id: sessionId },
  query: {
    after_seq: afterSeq,
    limit: limit(100),
    pruned: oneOf(
      ["refuse", "skip"],
      "Where events asked for are pruned: a refusal, or those that are left. Default refuse.",
    ).default("refuse"),
  },
  answer: { what: "A page of events.", schema: eventList },
  refusals: ["not_found", "pruned"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/events?after_seq=1&limit=1`,
    answer: { events: [EXAMPLE.event], next_after_seq: 2 },
  },
  async act({ store, path, query }) {
    const { events, next } = await happenings(store, path.session_id, query);
    const told = events.map(({ event, hash }): JsonObject => ({ ...event, hash }));
    return { status: 200, body: { events: told, next_after_seq: next } };
  },
});

const listTiles = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/tiles",
  group: "What happened",
  summary: "List tiles, in order",
  description:
    "A tile is how an event reads to others. Not every event has one: a page has the tiles of `limit` events, may be short, even empty, and still have a next.",
  pathFields: { session_id: sessionId },
  query: { after_seq: afterSeq, limit: limit(100) },
  answer: { what: "A page of tiles, byte for byte as they are sent.", schema: tileList },
  refusals: ["not_found", "pruned"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/tiles`,
    answer: { tiles: [{ seq: 3, hash: EXAMPLE.hash, tile: EXAMPLE.tile }], next_after_seq: null },
  },
  async act({ store, path, query }) {
    const { events, next } = await happenings(store, path.session_id, query);
    const tiles = events.flatMap(({ event, hash }): readonly JsonObject[] => {
      const tile = tileOf(event);
      return tile === null ? [] : [{ seq: event.seq, hash, tile: { ...tile } }];
    });
    return { status: 200, body: { tiles, next_after_seq: next } };
  },
});

export const happeningEndpoints: readonly Endpoint[] = [listEvents, listTiles];
