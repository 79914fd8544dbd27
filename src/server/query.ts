// What stands in a request's address: limits and the names of rooms.
import type { Context } from "hono";
import { HolodeckError } from "../event/error.ts";
import { roomNameFault } from "../tile/room-name.ts";

/** The most items any answer has; who asks for more gets so many. */
const LIMIT_MAX = 1_000;

/** `?limit=`, a whole number from 1 on. Throws `invalid_argument`. */
export function limitOf(c: Context, fallback: number): number {
  const text = c.req.query("limit");
  if (text === undefined || text === "") return fallback;
  if (!/^\d{1,15}$/.test(text) || Number(text) < 1)
    throw invalid(`The limit ${JSON.stringify(text)} is not a whole number from 1 on.`, "Pass 1 to 1000.");
  return Math.min(Number(text), LIMIT_MAX);
}

/** What follows `/room/` in the path, its slashes written as they are or as `%2F`. Throws `invalid_argument`. */
export function roomPath(c: Context): string {
  const path = new URL(c.req.url).pathname.slice("/room/".length);
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw invalid(
      `The path ${JSON.stringify(path)} is not encoded as URLs are.`,
      "Encode it as UTF-8.",
      cause,
    );
  }
}

/** A name a room can have. Throws `invalid_argument`. */
export function checkRoom(name: string): string {
  const fault = roomNameFault(name);
  if (fault === null) return name;
  throw invalid(`The room ${JSON.stringify(name)} ${fault}.`, "Use names parted by single slashes.");
}

export function invalid(what: string, todo: string, cause?: unknown): HolodeckError {
  return new HolodeckError("invalid_argument", { what, todo, cause });
}
