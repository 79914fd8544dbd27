// Which events a live reader gets: first what who asks may see at all, then what was asked for.
import type { HolodeckError } from "../event/error.ts";
import { streamKey, streamKind, type Event } from "../event/event.ts";
import { mayOperate, seesRoom, seesSession, type Principal } from "./principal.ts";
import { invalid } from "./query.ts";

/** What is asked for; an empty list asks for all. Values of one name are alternatives, the names hold together. */
export interface LiveFilter {
  readonly streams: ReadonlySet<string>;
  readonly rooms: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

/**
 * Streams that are shown to who may see everything, besides sessions and rooms. A kind that is not named here is not
 * shown to anyone: keys, outboxes with their servers' addresses, and whatever comes to be.
 */
const KINDS_SHOWN: ReadonlySet<string> = new Set(["fleet", "recovery"]);

/** Streams that are shown to operators alone, as `/v1/policies` and its like are. */
const KINDS_OF_OPERATORS: ReadonlySet<string> = new Set(["identity", "policy", "role"]);

const VALUES_MAX = 100;

/** Decided by the stream alone, before anything else. */
export function mayFollow(principal: Principal, { stream }: Event): boolean {
  const kind = streamKind(stream);
  if (kind === "session") return seesSession(principal, streamKey(stream));
  if (kind === "room") return seesRoom(principal, streamKey(stream));
  if (principal.sessions !== null || principal.rooms !== null) return false;
  return KINDS_SHOWN.has(kind) || (mayOperate(principal) && KINDS_OF_OPERATORS.has(kind));
}

/** A room's own stream is in the room, also where an event of it has no tile. */
export function isAskedFor({ streams, rooms, types }: LiveFilter, { stream, room, type }: Event): boolean {
  if (types.size > 0 && !types.has(type)) return false;
  if (streams.size > 0 && !streams.has(stream)) return false;
  if (rooms.size === 0 || (room !== null && rooms.has(room))) return true;
  return streamKind(stream) === "room" && rooms.has(streamKey(stream));
}

/** What was pruned had types and rooms that nobody knows any more; its stream is known. */
export function mayConcern({ streams }: LiveFilter, { stream }: Event): boolean {
  return streams.size === 0 || streams.has(stream);
}

/** Nothing would ever come for it, and whoever waits would not know why. */
function noStream(name: string): HolodeckError {
  const todo = "Name it with its kind: session:sess_…, room:hall, fleet:default.";
  return invalid(`${JSON.stringify(name.slice(0, 100))} is the name of no stream.`, todo);
}

const NAMES: ReadonlySet<string> = new Set(["after", "stream", "room", "type"]);

/** Throws `invalid_argument` for names nobody knows, empty values and more than 100 of them. */
export function readFilter(query: URLSearchParams): LiveFilter {
  const unknown = [...query.keys()].find((name) => !NAMES.has(name));
  if (unknown !== undefined)
    throw invalid(`Nothing is known by ${JSON.stringify(unknown)}.`, "Use stream, room, type and after.");
  if (query.size > VALUES_MAX)
    throw invalid(`${query.size} values are asked for at once.`, `Ask for at most ${VALUES_MAX}.`);
  const values = (name: string): ReadonlySet<string> => {
    const all = query.getAll(name);
    if (all.includes("")) throw invalid(`A ${name} asked for has no name.`, `Leave \`${name}\` out for all.`);
    return new Set(all);
  };
  const streams = values("stream");
  for (const name of streams) if (!name.includes(":")) throw noStream(name);
  return { streams, rooms: values("room"), types: values("type") };
}
