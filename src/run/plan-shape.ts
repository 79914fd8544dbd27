// Checks a plan's shape and says in words what zod found. Unknown keys alone do not keep the rest from being checked.
import type { z } from "zod";
import { pathText, type PlanPath } from "./plan-source.ts";
import {
  agentSchema,
  conditionSchema,
  limitsSchema,
  planSchema,
  retriesSchema,
  taskSchema,
  type ParsedPlan,
} from "./plan-schema.ts";

/** A fault by its path; the place is looked up in the source. */
export interface PathFault {
  readonly at: PlanPath;
  readonly of: "key" | "value";
  readonly path: string;
  readonly what: string;
  readonly todo: string;
}

export interface Shape {
  readonly faults: readonly PathFault[];
  /** The plan with defaults, as far as it could be read without its unknown keys. */
  readonly plan: ParsedPlan | null;
}

type Issue = z.core.$ZodIssue;

export function checkShape(value: unknown): Shape {
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return { faults: [], plan: parsed.data };
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, value));
  const known = structuredClone(value);
  for (const issue of parsed.error.issues) if (issue.code === "unrecognized_keys") removeKeys(known, issue);
  return { faults, plan: planSchema.safeParse(known).data ?? null };
}

/** A fault at a path. */
export function faultAt(at: PlanPath, what: string, todo: string): PathFault {
  return { at, of: "value", path: pathText(at), what, todo };
}

function faultsOf(issue: Issue, value: unknown): readonly PathFault[] {
  const at = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(at, key));
  if (issue.code === "invalid_key") {
    return [
      { ...faultAt(at, `${named(at)} cannot have this name.`, issue.issues[0]?.message ?? ""), of: "key" },
    ];
  }
  return [faultAt(at, `${named(at)} ${describe(valueAt(value, at))}.`, issue.message)];
}

function unknownKey(at: PlanPath, key: string): PathFault {
  const known = keysAt(at);
  const near = nearest(key, known);
  return {
    at: [...at, key],
    of: "key",
    path: pathText([...at, key]),
    what: `${named([...at, key])} is not a key of a plan.`,
    todo: near === null ? `Use one of ${known.join(", ")}.` : `Did you mean ${near}? Write that.`,
  };
}

function named(at: PlanPath): string {
  return at.length === 0 ? "The plan" : pathText(at);
}

/** Says of a value what it is; texts are not repeated, since they may be private. */
function describe(value: unknown): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is empty";
  if (typeof value === "number" || typeof value === "boolean") return `is ${String(value)}`;
  if (typeof value === "string") return value === "" ? "is an empty text" : "is a text that does not fit";
  return Array.isArray(value) ? `is a list of ${value.length}` : "is a set of keys";
}

function valueAt(value: unknown, at: PlanPath): unknown {
  let found = value;
  for (const part of at) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[part];
  }
  return found;
}

function removeKeys(value: unknown, issue: Extract<Issue, { code: "unrecognized_keys" }>): void {
  const owner = valueAt(value, issue.path as PlanPath);
  if (typeof owner !== "object" || owner === null) return;
  for (const key of issue.keys) Reflect.deleteProperty(owner, key);
}

/** The keys that may stand at a path. */
function keysAt(at: PlanPath): readonly string[] {
  const words = at.filter((part) => typeof part === "string");
  const schema = {
    limits: limitsSchema,
    agents: agentSchema,
    tasks: taskSchema,
    retries: retriesSchema,
    when: conditionSchema,
  };
  const last = words.at(-1);
  return Object.keys((schema[last as keyof typeof schema] ?? planSchema).shape);
}

/** The one known key it is the beginning of, or the one that is at most a third of its letters away; letter case, dashes and underscores do not count. */
function nearest(key: string, known: readonly string[]): string | null {
  const begun = known.filter((candidate) => bare(key).length > 2 && bare(candidate).startsWith(bare(key)));
  if (begun.length === 1) return begun[0] ?? null;
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(bare(key), bare(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, best.candidate.length / 3)
    ? best.candidate
    : null;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, "").slice(0, 64);
}

/** Levenshtein's: how many letters must be put in, left out or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.split("").entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at++) {
      const change = (row[at] ?? 0) + (letter === to[at] ? 0 : 1);
      next.push(Math.min(change, (next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
