// Tiles on their way to PLATO servers: a session whose start says so has its tiles sent to the server it names.
import { streamKind, type Event } from "../event/event.ts";
import type { Carrier, Errand } from "./errand.ts";
import { outboxAggregate, outboxOf } from "./outbox-stream.ts";
import type { TileSink } from "./sink.ts";
import { tileOf } from "./tile.ts";

export const TILES: Errand = {
  kind: "outbox",
  place: "outbox",
  labels: [],
  aggregate: outboxAggregate,
  retried: "tiles_retried",
  begins: "at_first",
  outboxOf,
  titleOf: (event) => (streamKind(event.stream) === "session" ? (tileOf(event)?.question ?? null) : null),
  opensFor,
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

function opensFor({ type, data }: Event): string | null {
  if (type !== "session_started" || data["deliver_tiles"] !== true) return null;
  const destination = data["plato_url"];
  return isDestination(destination) ? destination : null;
}

function isDestination(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
