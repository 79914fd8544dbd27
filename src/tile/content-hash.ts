// What a submitted tile says, as one hash: two tiles that say the same have the same.
import { leafHash, type Hash } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";

/** The same for the same question and answer, in whatever order an object's members stand. */
export function contentHash(question: string, answer: string | JsonObject): Hash {
  return leafHash(new TextEncoder().encode(canonical([question, answer])));
}

function canonical(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one as Json)).join(",")}]`;
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${JSON.stringify(key)}:${canonical(member)}`],
  );
  return `{${members.sort().join(",")}}`;
}
