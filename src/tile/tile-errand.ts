// Tiles on their way to PLATO servers: a session whose start says so has its tiles sent to the server it names, and a
// fleet to the one that its newest configuration names.
import { streamKind, type Event } from "../event/event.ts";
import type { Carrier, Errand, Opening } from "./errand.ts";
import { outboxAggregate, outboxOf } from "./outbox-stream.ts";
import type { TileSink } from "./sink.ts";
import { tileOf } from "./tile.ts";

/** Streams that have tiles to send, by kind: the event that names the server they go to. */
const OPENED_BY: ReadonlyMap<string, string> = new Map([
  ["session", "session_started"],
  ["fleet", "fleet_configured"],
]);

export const TILES: Errand = {
  kind: "outbox",
  place: "outbox",
  labels: [],
  aggregate: outboxAggregate,
  retried: "tiles_retried",
  begins: "at_first",
  outboxOf,
  titleOf: (event) => (OPENED_BY.has(streamKind(event.stream)) ? (tileOf(event)?.question ?? null) : null),
  opening,
};

/** Carries the tiles of events through a sink, under the events' hashes. */
export function tileCarrier(sink: TileSink): Carrier {
  return {
    carry: async ({ event, hash }, signal) => {
      const tile = tileOf(event);
      return tile === null ? { status: "delivered" } : await sink.submit({ tile, key: hash, signal });
    },
    close: () => sink.close(),
  };
}

function opening(event: Event): Opening | null {
  const { type, stream, seq, data } = event;
  const kind = streamKind(stream);
  if (type !== OPENED_BY.get(kind) || data["deliver_tiles"] !== true) return null;
  // A session that begins without a tile sends none.
  if (kind === "session" && tileOf(event) === null) return null;
  const destination = data["plato_url"];
  // What a fleet did before it had a server is not news.
  return isDestination(destination) ? { destination, afterSeq: kind === "fleet" ? seq : 0 } : null;
}

function isDestination(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
