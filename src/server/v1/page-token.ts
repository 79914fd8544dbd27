// Places in long lists as they travel: opaque text that belongs to one list with its filters. One that was made up,
// changed, or taken from another list is refused, not misread.
import { hash as digest } from "node:crypto";
import { invalid } from "../query.ts";

/** `list` names the list and all that filters it. */
export function pageToken(list: string, place: string): string {
  return Buffer.from(JSON.stringify([place, seal(list, place)])).toString("base64url");
}

/** The place in a token; undefined without one. Throws `invalid_argument` for one of no page of this list. */
export function placeIn(list: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const [place, sealed] = parse(token);
  if (typeof place === "string" && sealed === seal(list, place) && pageToken(list, place) === token)
    return place;
  throw invalid(
    "page_token is not one of this list.",
    "Pass the `next_page_token` of the page before, unchanged, with the same filters.",
  );
}

/** Not a secret: who makes one up sees no more than who asks for the list. */
function seal(list: string, place: string): string {
  return digest("sha256", `${list}\n${place}`, "base64url").slice(0, 12);
}

function parse(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
