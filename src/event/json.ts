// What may stand in an event: plain JSON that reads back as it was written, in any language.
// Refused: NaN and infinities, lone surrogates, functions, dates and other classes, depth over 64, and the keys
// that change a prototype when an object is copied.
import { HolodeckError } from "./error.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The deepest nesting an event's data may have; the data itself is depth 1. */
export const JSON_DEPTH_MAX = 64;

/** Throws `invalid_event` and names the path of the first value that is not plain JSON. Undefined members are left out. */
export function assertPlainJson(value: unknown, name: string): asserts value is Json {
  const fault = findFault(value, 1);
  if (fault === null) return;
  throw new HolodeckError("invalid_event", {
    what: `${(name + fault.path).slice(0, 200)} ${fault.why}.`,
    todo: "Pass plain JSON: objects, arrays, well-formed strings, finite numbers, booleans, null.",
  });
}

interface Fault {
  readonly path: string;
  readonly why: string;
  /** The container that lies too deep; `round` is the way from it back to it, once that is known to exist. */
  readonly deep?: object;
  readonly round?: string;
}

function findFault(value: unknown, depth: number): Fault | null {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? null : { path: "", why: "holds half of a surrogate pair" };
    case "number":
      return Number.isFinite(value) ? null : { path: "", why: `is ${value}; JSON has finite numbers alone` };
    case "boolean":
      return null;
    case "object":
      if (value === null) return null;
      if (depth > JSON_DEPTH_MAX) {
        return { path: "", why: `is nested deeper than ${JSON_DEPTH_MAX}`, deep: value };
      }
      return Array.isArray(value) ? faultInArray(value, depth) : faultInObject(value, depth);
    default:
      return { path: "", why: `is of type ${typeof value}` };
  }
}

function faultInArray(items: readonly unknown[], depth: number): Fault | null {
  for (let index = 0; index < items.length; index++) {
    const fault = findFault(items[index], depth + 1);
    if (fault !== null) return faultIn(items, `[${index}]`, fault);
  }
  return null;
}

function faultInObject(value: object, depth: number): Fault | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return { path: "", why: "is not a plain object" };
  for (const key of Object.keys(value)) {
    if (isForbidden(key)) return { path: "", why: `has the forbidden key ${key}` };
    if (!key.isWellFormed()) return { path: "", why: "has a key with half of a surrogate pair" };
    const member: unknown = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const fault = findFault(member, depth + 1);
    if (fault !== null) return faultIn(value, `.${key}`, fault);
  }
  return null;
}

/** Compared one by one: each key of each event passes here. */
function isForbidden(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** A fault as seen from the container around it. What contains itself lies too deep by going round: told is one round. */
function faultIn(container: object, step: string, fault: Fault): Fault {
  const path = step + fault.path;
  if (fault.deep !== container) return { ...fault, path };
  const { round = path } = fault;
  return { path: round, why: "contains itself", deep: container, round };
}
