// An answer as text, for servers that take no objects: its JSON, from 20 to 5,000 characters, as their gate wants it
// (spec/wire.md §1). A longer one is cut to its headline fields and the hash by which the full tile can be found.
import type { Json, JsonObject } from "../event/json.ts";

export const TEXT_ANSWER_LENGTH_MIN = 20;
export const TEXT_ANSWER_LENGTH_MAX = 5_000;

/** The longest text a headline field may have; longer ones are cut. */
const HEADLINE_LENGTH_MAX = 200;

/** `tileHash` is the SHA-256 of the full tile's JSON, in hex. */
export function textAnswer(answer: string | JsonObject, tileHash: string): string {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  if (text.length < TEXT_ANSWER_LENGTH_MIN) return JSON.stringify({ answer, tile_hash: tileHash });
  if (text.length <= TEXT_ANSWER_LENGTH_MAX) return text;
  return headlines(typeof answer === "string" ? { text: answer } : answer, tileHash);
}

/** The fields that are no list and no object, in their order, as far as they fit. */
function headlines(answer: JsonObject, tileHash: string): string {
  let kept: JsonObject = {};
  const write = (fields: JsonObject): string =>
    JSON.stringify({ ...fields, truncated: true, tile_hash: tileHash });
  for (const [name, value] of Object.entries(answer)) {
    const headline = headlineOf(value);
    if (headline === undefined) continue;
    const longer = { ...kept, [name]: headline };
    if (write(longer).length <= TEXT_ANSWER_LENGTH_MAX) kept = longer;
  }
  return write(kept);
}

function headlineOf(value: Json | undefined): Json | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  return typeof value === "string" ? value.slice(0, HEADLINE_LENGTH_MAX).toWellFormed() : value;
}
