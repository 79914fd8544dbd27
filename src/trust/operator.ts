// The operators of conditions. Each is parsed into a check that says of one present value: true, false, or, as text,
// why it cannot be told. Text and a number are not merely different: comparing them is an error, and errors deny.
import type { JsonObject } from "../event/json.ts";
import { ATTRIBUTE_LENGTH_MAX } from "./attribute.ts";
import { matchesGlob, parseGlob } from "./glob.ts";
import { checkList, checkNumber, checkText, invalid } from "./input.ts";
import {
  isInWindow,
  isMoment,
  isOnDay,
  parseDayOfWeek,
  parseTimeOfDay,
  type DayOfWeek,
  type TimeOfDay,
} from "./wall-time.ts";

export type Scalar = null | boolean | number | string;

/** All that are given must hold. */
export interface Operators extends JsonObject {
  /** One of 1 to 256 values. */
  readonly in?: readonly Scalar[];
  /** Another value than this, or than any of these. */
  readonly not?: Scalar | readonly Scalar[];
  readonly gt?: number;
  readonly gte?: number;
  readonly lt?: number;
  readonly lte?: number;
  /** Both ends are in. */
  readonly between?: readonly [number, number];
  /** `*` stands for any run of characters; see glob.ts. */
  readonly matches_glob?: string;
  /** Whether the attribute is there at all; null counts as there. */
  readonly exists?: boolean;
  readonly time_of_day?: TimeOfDay;
  readonly day_of_week?: DayOfWeek;
}

/** True, false, or why it cannot be told. The text names types, never the value, which may be protected. */
export type Check = (value: unknown) => boolean | string;

type Parse = (operand: unknown, path: string) => Check;

const VALUES_MAX = 256;
const NUMBER_MAX = Number.MAX_VALUE;

/** Every operator but `exists`, which asks about the attribute and not about its value. */
const PARSERS: Readonly<Record<string, Parse>> = {
  in: (operand, path) => isOneOf(checkScalars(operand, path)),
  not: (operand, path) =>
    isNoneOf(Array.isArray(operand) ? checkScalars(operand, path) : [checkScalar(operand, path)]),
  gt: comparison((value, bound) => value > bound),
  gte: comparison((value, bound) => value >= bound),
  lt: comparison((value, bound) => value < bound),
  lte: comparison((value, bound) => value <= bound),
  between: parseBetween,
  matches_glob: (operand, path) => {
    const glob = parseGlob(operand, path);
    return (value) => (typeof value === "string" ? matchesGlob(glob, value) : wants("text", value));
  },
  time_of_day: (operand, path) => {
    const window = parseTimeOfDay(operand, path);
    return (value) =>
      isMoment(value) ? isInWindow(value, window) : wants("a whole number of milliseconds", value);
  },
  day_of_week: (operand, path) => {
    const days = parseDayOfWeek(operand, path);
    return (value) =>
      isMoment(value) ? isOnDay(value, days) : wants("a whole number of milliseconds", value);
  },
};

const OPERATORS: readonly string[] = [...Object.keys(PARSERS), "exists"];

/** Throws `invalid_argument` when the operator is unknown or its operand is wrong. */
export function parseOperator(operator: string, operand: unknown, path: string): Check {
  const parse = Object.hasOwn(PARSERS, operator) ? PARSERS[operator] : undefined;
  if (parse === undefined) {
    throw invalid(`An operator of ${path}`, operator, `Write one of ${OPERATORS.join(", ")}.`);
  }
  return parse(operand, `${path}.${operator}`);
}

/** Equality with one value. */
export function parseEquality(operand: unknown, path: string): Check {
  return isOneOf([checkScalar(operand, path)]);
}

function isOneOf(values: readonly Scalar[]): Check {
  const set = new Set<unknown>(values);
  const types = new Set<string>(values.filter((value) => value !== null).map((value) => typeof value));
  return (value) => {
    if (set.has(value)) return true;
    if (value === null || types.size === 0) return isScalar(value) ? false : wants("a single value", value);
    // Nothing is equal to text or a number that was not asked for; a deny must not be passed by quoting a number.
    return types.has(typeof value) && isScalar(value) ? false : wants([...types].join(" or "), value);
  };
}

function isNoneOf(values: readonly Scalar[]): Check {
  const isOne = isOneOf(values);
  return (value) => {
    const held = isOne(value);
    return typeof held === "string" ? held : !held;
  };
}

function comparison(holds: (value: number, bound: number) => boolean): Parse {
  return (operand, path) => {
    const bound = checkNumber(operand, path, -NUMBER_MAX, NUMBER_MAX);
    return (value) => (isNumber(value) ? holds(value, bound) : wants("a number", value));
  };
}

function parseBetween(operand: unknown, path: string): Check {
  const bounds = checkList(operand, path, 2, 2);
  const low = checkNumber(bounds[0], `${path}[0]`, -NUMBER_MAX, NUMBER_MAX);
  const high = checkNumber(bounds[1], `${path}[1]`, low, NUMBER_MAX);
  return (value) => (isNumber(value) ? value >= low && value <= high : wants("a number", value));
}

function checkScalars(value: unknown, path: string): readonly Scalar[] {
  return checkList(value, path, VALUES_MAX).map((item, index) => checkScalar(item, `${path}[${index}]`));
}

function checkScalar(value: unknown, path: string): Scalar {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return checkNumber(value, path, -NUMBER_MAX, NUMBER_MAX);
  if (typeof value === "string") return checkText(value, path, ATTRIBUTE_LENGTH_MAX, 0);
  throw invalid(path, value, "Write text, a number, true, false or null; for several values { in: [...] }.");
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function wants(wanted: string, value: unknown): string {
  const type = value === null ? "null" : Array.isArray(value) ? "a list" : `of type ${typeof value}`;
  return `is ${type} and must be ${wanted}`;
}
