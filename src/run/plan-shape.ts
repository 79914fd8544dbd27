// Checks a plan's shape and says in words what zod found. Unknown keys alone do not keep the rest from being checked.
import type { z } from "zod";
import { nearest } from "./nearest.ts";
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
  return [faultAt(at, `${named(at)} ${describeValue(valueAt(value, at))}.`, issue.message)];
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
export function describeValue(value: unknown): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is empty";
  if (typeof value === "number" || typeof value === "boolean") return `is ${String(value)}`;
  if (typeof value === "string") return value === "" ? "is an empty text" : "is a text that does not fit";
  return Array.isArray(value) ? `is a list of ${value.length}` : "is a set of keys";
}

export function valueAt(value: unknown, at: PlanPath): unknown {
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
