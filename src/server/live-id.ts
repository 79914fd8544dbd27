// The id of a live event: the place in the log after it, for whoever reads on from there. It carries a digest of the
// place and of the event's hash, so the log itself tells a true id from a forged one: in every process that serves it,
// after any restart, and without a key to keep.
import { hash as digest } from "node:crypto";
import { HolodeckError } from "../event/error.ts";
import type { Hash } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { partitionOf } from "../store/partition.ts";
import { invalid } from "./query.ts";

const ID = /^([0-9a-z.]{1,1024})-([0-9a-z]{1,2})-([\w-]{16})$/;

/** For everything there is: no event comes before it. */
export const START = "start";

export function liveId(place: TailPlace, partition: number, eventHash: Hash): string {
  // Most partitions of a small log are empty: their 0 is left out.
  const positions = place.map((position) => (position === 0 ? "" : position.toString(36))).join(".");
  return `${positions}-${partition.toString(36)}-${checkOf(place, eventHash)}`;
}

/**
 * The id of a place that nobody was told an event at: whoever is cut before the first one goes on from there. Null where
 * the events before it have been pruned, and so nothing vouches for it.
 */
export async function idOfPlace(store: Store, place: TailPlace): Promise<string | null> {
  if (place.every((position) => position === 0)) return START;
  for (const [partition, position] of place.entries()) {
    const stored = position === 0 ? undefined : await eventAt(store, place, partition);
    if (stored !== undefined) return liveId(place, partition, stored.hash);
  }
  return null;
}

/**
 * The place an id names. Throws `invalid_argument` for what is no id of this log (forged, of another log, or ahead of
 * where this one ends), and `pruned` when its event is there no more.
 */
export async function placeOfId(store: Store, id: string): Promise<TailPlace> {
  const [, positions = "", number = "", check] = ID.exec(id) ?? [];
  const place = positions.split(".").map((text) => Number.parseInt(text || "0", 36));
  const partition = Number.parseInt(number, 36);
  const position = place[partition];
  if (place.length !== store.partitions || position === undefined || !place.every(Number.isSafeInteger))
    throw notOurs("is no id this server gave");
  const end = await store.end();
  if (place.some((one, index) => one > (end[index] ?? 0)))
    throw notOurs("is ahead of this log: it may have been put back to an earlier state");
  const stored = await eventAt(store, place, partition);
  if (stored === undefined) throw tooOld();
  if (checkOf(place, stored.hash) !== check) throw notOurs("is no id this server gave");
  return place;
}

/** The event right before a place in one of the partitions; undefined when it is there no more. */
async function eventAt(store: Store, place: TailPlace, partition: number): Promise<StoredEvent | undefined> {
  const position = place[partition] ?? 0;
  const before = place.map((_, index) => (index === partition ? position - 1 : Number.MAX_SAFE_INTEGER));
  const { events } = await store.tail({ after: before, limit: 1 });
  return events.find(
    ({ event, position: at }) => at === position && partitionOf(event.stream, place.length) === partition,
  );
}

function checkOf(place: TailPlace, eventHash: Hash): string {
  return digest("sha256", `${place.join(".")}\n${eventHash}`, "base64url").slice(0, 16);
}

function notOurs(how: string): HolodeckError {
  return invalid(
    `The place to go on from ${how}.`,
    "Begin anew: without Last-Event-ID and `after` come new events, with ?after=start all there are.",
  );
}

function tooOld(): HolodeckError {
  return new HolodeckError("pruned", {
    what: "The place to go on from is too old: its event has been pruned, and others after it may have been.",
    todo: "Read the state anew, then go on without Last-Event-ID, or with ?after=start for all that is left.",
  });
}
