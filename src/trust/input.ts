// Checks what is loaded into the trust boundary, before any of it counts. Each check answers the value or throws
// `invalid_argument` with the path of the member, what stands there, and what to write instead.
import { HolodeckError } from "../event/error.ts";

export function invalid(path: string, value: unknown, todo: string): HolodeckError {
  return new HolodeckError("invalid_argument", { what: `${path.slice(0, 400)} is ${show(value)}.`, todo });
}

/** A plain object with none but the members named. */
export function checkObject(
  value: unknown,
  path: string,
  members: readonly string[],
): Readonly<Record<string, unknown>> {
  const object = checkPlainObject(value, path, members.length);
  const unknown = Object.keys(object).find((key) => !members.includes(key));
  if (unknown !== undefined) {
    throw new HolodeckError("invalid_argument", {
      what: `${path} has the unknown member ${show(unknown)}.`,
      todo: `Leave it out, or use one of ${members.join(", ")}.`,
    });
  }
  return object;
}

/** A plain object with at most `countMax` members of any name; the caller judges the names. */
export function checkPlainObject(
  value: unknown,
  path: string,
  countMax: number,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(path, value, "Write an object.");
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw invalid(path, value, "Write a plain object.");
  const count = Object.keys(value).length;
  if (count > countMax) throw invalid(path, `an object of ${count} members`, `Write at most ${countMax}.`);
  return value as Readonly<Record<string, unknown>>;
}

/** A list of 1 (or `countMin`) to `countMax` items. */
export function checkList(value: unknown, path: string, countMax: number, countMin = 1): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(path, value, `Write a list of ${countMin} to ${countMax} items.`);
  if (value.length < countMin || value.length > countMax) {
    throw invalid(path, `a list of ${value.length}`, `Write a list of ${countMin} to ${countMax} items.`);
  }
  return value;
}

/** Well-formed text of at most `lengthMax` UTF-16 units; empty only when `lengthMin` is 0. */
export function checkText(value: unknown, path: string, lengthMax: number, lengthMin = 1): string {
  const fits = typeof value === "string" && value.length >= lengthMin && value.length <= lengthMax;
  if (!fits || !value.isWellFormed()) {
    throw invalid(path, value, `Write well-formed text of ${lengthMin} to ${lengthMax} characters.`);
  }
  return value;
}

export function checkNumber(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw invalid(path, value, `Write a number from ${min} to ${max}.`);
  }
  return value;
}

export function checkInteger(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(path, value, `Write a whole number from ${min} to ${max}.`);
  }
  return value;
}

export function checkOneOf<Value extends string>(
  value: unknown,
  path: string,
  values: readonly Value[],
): Value {
  const found = values.find((one) => one === value);
  if (found === undefined) throw invalid(path, value, `Write one of ${values.join(", ")}.`);
  return found;
}

/** What stands there, cut short; members of objects are never shown. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (typeof value === "number" || typeof value === "boolean" || value === undefined) return String(value);
  return value === null ? "null" : Array.isArray(value) ? "a list" : `of type ${typeof value}`;
}
