// A tile is how an event reads to others: a pure function of the event, never stored twice (spec/wire.md §1, §3).
import type { Event } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { renderSessionEvent } from "./session-tiles.ts";

/** What goes to a PLATO room. `domain` is the room; `confidence` is 0 to 1. */
export interface Tile {
  readonly domain: string;
  readonly question: string;
  readonly answer: string | JsonObject;
  readonly tags: readonly string[];
  readonly confidence: number;
  readonly source: string;
}

/** What a renderer says of an event; the room and the source are the same for all. */
export type TileContent = Pick<Tile, "question" | "tags" | "confidence"> & { readonly answer: JsonObject };

export const TILE_SOURCE = "holodeck-session-manager";

/** The event's tile; null when its type has none, or when its session sends no tiles. */
export function tileOf(event: Event): Tile | null {
  if (event.room === null) return null;
  const content = renderSessionEvent(event);
  if (content === null) return null;
  const { question, answer, tags, confidence } = content;
  return { domain: event.room, question, answer, tags, confidence, source: TILE_SOURCE };
}
