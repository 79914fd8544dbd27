// The event of a submitted tile: what stands in it, and how it reads.
import type { Event, Hash } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { CONFIDENCE_DEFAULT } from "./submission.ts";

/** An answer too large for an event: the SHA-256 of its JSON text in the store's blobs, and how it begins. */
export interface AnswerBlob extends JsonObject {
  readonly hash: Hash;
  readonly bytes: number;
  readonly preview: string;
}

export interface TileSubmitted extends JsonObject {
  /** As it came; without `answer` when that is a blob. */
  readonly tile: JsonObject;
  readonly answer_blob?: AnswerBlob;
  /** The tile this one takes the place of. */
  readonly supersedes?: Hash;
}

/** What a submitted tile says. */
export interface SubmittedContent {
  readonly domain: string;
  readonly question: string;
  /** Of a large answer: where the whole of it is. */
  readonly answer: string | JsonObject;
  readonly tags: readonly string[];
  readonly confidence: number;
  readonly source: string;
}

const FIELDS: ReadonlySet<string> = new Set(["domain", "question", "answer", "tags", "confidence", "source"]);

/** The tile of a `tile_submitted` event, as submitted. */
export function renderSubmitted(event: Event): SubmittedContent {
  const { tile, answer_blob } = submittedOf(event);
  return {
    domain: textIn(tile, "domain") ?? event.room ?? "",
    question: textIn(tile, "question") ?? "",
    answer: answer_blob ?? (tile["answer"] as string | JsonObject),
    tags: (tile["tags"] ?? []) as readonly string[],
    confidence: (tile["confidence"] ?? CONFIDENCE_DEFAULT) as number,
    source: textIn(tile, "source") ?? textIn(tile, "agent") ?? "unknown",
  };
}

/** What else was submitted, as it came. */
export function extrasOf(event: Event): JsonObject {
  const { tile } = submittedOf(event);
  return Object.fromEntries(Object.entries(tile).filter(([name]) => !FIELDS.has(name)));
}

/** The data of a `tile_submitted` event. */
export function submittedOf(event: Event): TileSubmitted {
  // The type of an event fixes the shape of its data; room-aggregate.ts ties the two.
  return event.data as TileSubmitted;
}

function textIn(tile: JsonObject, name: string): string | null {
  const value = tile[name];
  return typeof value === "string" && value !== "" ? value : null;
}
