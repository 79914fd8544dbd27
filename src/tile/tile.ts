// A tile is how an event reads to others: a pure function of the event, never stored twice (spec/wire.md §1, §3).
import type { Event } from "../event/event.ts";
import { streamKind } from "../event/stream.ts";
import type { JsonObject } from "../event/json.ts";
import { FLEET_TILE_SOURCE, renderFleetEvent } from "./fleet-tiles.ts";
import { renderSessionEvent, type TileContent } from "./session-tiles.ts";
import { renderSubmitted } from "./submitted-tile.ts";

/** What goes to a PLATO room. `domain` is the room. */
export interface Tile extends Omit<TileContent, "answer"> {
  readonly domain: string;
  readonly answer: string | JsonObject;
  readonly source: string;
}

/** The `source` of every tile of a session. */
export const TILE_SOURCE = "holodeck-session-manager";

/** The event's tile; null when its type has none, or when its session sends no tiles. */
export function tileOf(event: Event): Tile | null {
  if (event.room === null) return null;
  if (event.type === "tile_submitted") return renderSubmitted(event);
  const isFleet = streamKind(event.stream) === "fleet";
  const content = isFleet ? renderFleetEvent(event) : renderSessionEvent(event);
  if (content === null) return null;
  const { question, answer, tags, confidence } = content;
  const source = isFleet ? FLEET_TILE_SOURCE : TILE_SOURCE;
  return { domain: event.room, question, answer, tags, confidence, source };
}
