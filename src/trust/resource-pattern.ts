// Which resources a statement names: one exactly, all (`*`), or all under a dotted or slashed prefix.
// `axis.temperature.*` covers `axis.temperature.room1` and what lies under it; neither `axis.temperature` itself nor
// `axis.temperatureX`. A star stands nowhere else.
import { invalid } from "./input.ts";
import { checkName, RESOURCE_LENGTH_MAX } from "./name.ts";

export type ResourcePattern =
  | { readonly kind: "all" }
  | { readonly kind: "exact"; readonly id: string }
  /** With its last dot or slash. */
  | { readonly kind: "prefix"; readonly prefix: string };

/** Throws `invalid_argument`. */
export function parseResourcePattern(value: unknown, path: string): ResourcePattern {
  if (value === "*") return { kind: "all" };
  if (typeof value === "string" && /[./]\*$/.test(value.slice(-2))) {
    checkName(value.slice(0, -2), path, RESOURCE_LENGTH_MAX);
    return { kind: "prefix", prefix: value.slice(0, -1) };
  }
  if (typeof value === "string" && value.endsWith("*")) {
    throw invalid(path, value, "Write `*` alone, or behind a dot or a slash: `axis.temperature.*`.");
  }
  return { kind: "exact", id: checkName(value, path, RESOURCE_LENGTH_MAX) };
}

/** The index behind the next dot or slash from `start` on; -1 when there is none. */
export function endOfSegment(id: string, start: number): number {
  for (let index = start; index < id.length; index++) {
    const code = id.charCodeAt(index);
    if (code === 46 || code === 47) return index + 1;
  }
  return -1;
}
