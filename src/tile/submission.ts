// A tile as others submit it: the fields that mean something to us, beside the whole as it came.
import type { Json, JsonObject } from "../event/json.ts";
import { roomNameFault } from "./room-name.ts";

/** Why a submission cannot even be judged. */
export interface SubmissionFault {
  readonly reason: "missing_field" | "invalid_field" | "invalid_room";
  readonly what: string;
}

export interface Submission {
  readonly room: string;
  readonly question: string;
  readonly answer: string | JsonObject;
  /** As it came; 0.5 when nothing was said. */
  readonly confidence: number;
  /** All of it, as it came. */
  readonly tile: JsonObject;
}

/** What a tile without a word about it is worth (spec/wire.md §1). */
export const CONFIDENCE_DEFAULT = 0.5;

/** Reads a submitted tile. `room` is where it was submitted to, when that was said apart from it. */
export function readSubmission(tile: JsonObject, room: string | null = null): Submission | SubmissionFault {
  const { question, answer, confidence } = tile;
  const name = room ?? textOf(tile["room"]) ?? textOf(tile["domain"]);
  if (name === null) return missing("`domain` or `room`, a text,");
  if (textOf(question) === null) return missing("`question`, a text,");
  if (!isObject(answer) && textOf(answer) === null) return missing("`answer`, a text or an object,");
  const invalid = invalidField(tile);
  if (invalid !== null) return { reason: "invalid_field", what: invalid };
  const fault = roomNameFault(name);
  if (fault !== null) return { reason: "invalid_room", what: `The room ${JSON.stringify(name)} ${fault}.` };
  return {
    room: name,
    question: question as string,
    answer: answer as string | JsonObject,
    confidence: typeof confidence === "number" ? confidence : CONFIDENCE_DEFAULT,
    tile,
  };
}

export function isSubmissionFault(read: Submission | SubmissionFault): read is SubmissionFault {
  return "reason" in read;
}

function missing(what: string): SubmissionFault {
  return { reason: "missing_field", what: `The tile has no ${what} that is not empty.` };
}

/** Fields that may be left out, or null, but not be of another kind. */
function invalidField(tile: JsonObject): string | null {
  const { tags, confidence } = tile;
  for (const name of ["domain", "room", "source", "agent"]) {
    const value = tile[name] ?? null;
    if (value !== null && typeof value !== "string") return `\`${name}\` is not a text.`;
  }
  if ((confidence ?? null) !== null && typeof confidence !== "number") return "`confidence` is not a number.";
  const isTags = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
  return (tags ?? null) === null || isTags ? null : "`tags` is not a list of texts.";
}

/** A text that says something; null for anything else. */
function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
