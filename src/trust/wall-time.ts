// Times of day and days of the week, as conditions ask for them. A moment is milliseconds since the epoch and comes
// with the request (`context.now`), never from a clock. Rule of zones: UTC, or the fixed `utc_offset` the statement
// states. No zone with summer time is known here: its rules differ by machine and by year, and the same request must
// be decided the same everywhere. Where local time is meant, put the local moment into the context.
import type { JsonObject } from "../event/json.ts";
import { checkList, checkObject, checkOneOf, invalid } from "./input.ts";

/** `from` is in, `to` is out; when `from` is later than `to`, midnight lies between. `"09:00"` to `"24:00"`. */
export interface TimeOfDay extends JsonObject {
  readonly from: string;
  readonly to: string;
  /** `"+02:00"`; default UTC. */
  readonly utc_offset?: string;
}

export interface DayOfWeek extends JsonObject {
  readonly days: readonly Day[];
  /** `"+02:00"`; default UTC. */
  readonly utc_offset?: string;
}

/** In the order of their numbers: Sunday is 0. */
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Day = (typeof DAYS)[number];

/** Either test with its words made numbers. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

export interface DaySet {
  /** 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  readonly offsetMs: number;
}

const DAY_MS = 86_400_000;
/** The furthest moment ECMAScript's Date can tell. */
const MOMENT_MAX = 8.64e15;

export function parseTimeOfDay(value: unknown, path: string): TimeWindow {
  const given = checkObject(value, path, ["from", "to", "utc_offset"]);
  const fromMs = parseClock(given["from"], `${path}.from`);
  const toMs = parseClock(given["to"], `${path}.to`);
  if (fromMs === toMs) {
    throw invalid(`${path}.to`, given["to"], "Write a time other than `from`, or leave time_of_day out.");
  }
  return { fromMs, toMs, offsetMs: parseOffset(given["utc_offset"], `${path}.utc_offset`) };
}

export function parseDayOfWeek(value: unknown, path: string): DaySet {
  const given = checkObject(value, path, ["days", "utc_offset"]);
  const days = checkList(given["days"], `${path}.days`, DAYS.length).map((day, index) =>
    DAYS.indexOf(checkOneOf(day, `${path}.days[${index}]`, DAYS)),
  );
  return { days: new Set(days), offsetMs: parseOffset(given["utc_offset"], `${path}.utc_offset`) };
}

/** Whether the value is a whole number of milliseconds that a date can tell. */
export function isMoment(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= MOMENT_MAX;
}

export function isInWindow(moment: number, { fromMs, toMs, offsetMs }: TimeWindow): boolean {
  const time = timeOfDay(moment, offsetMs);
  return fromMs < toMs ? time >= fromMs && time < toMs : time >= fromMs || time < toMs;
}

export function isOnDay(moment: number, { days, offsetMs }: DaySet): boolean {
  return days.has(dayOfWeek(moment, offsetMs));
}

/** Milliseconds since midnight. */
export function timeOfDay(moment: number, offsetMs: number): number {
  return (((moment + offsetMs) % DAY_MS) + DAY_MS) % DAY_MS;
}

/** 0 is Sunday. */
export function dayOfWeek(moment: number, offsetMs: number): number {
  // The epoch was a Thursday.
  return (((Math.floor((moment + offsetMs) / DAY_MS) + 4) % 7) + 7) % 7;
}

function parseClock(value: unknown, path: string): number {
  const match = typeof value === "string" ? /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/.exec(value) : null;
  if (match === null) throw invalid(path, value, 'Write hours and minutes, such as "09:30", up to "24:00".');
  return value === "24:00" ? DAY_MS : (Number(match[1]) * 60 + Number(match[2])) * 60_000;
}

function parseOffset(value: unknown, path: string): number {
  if (value === undefined) return 0;
  const match = typeof value === "string" ? /^([+-])(0\d|1[0-4]):([0-5]\d)$/.exec(value) : null;
  if (match === null) throw invalid(path, value, 'Write a fixed offset from UTC, such as "+02:00".');
  const ms = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === "-" ? -ms : ms;
}
