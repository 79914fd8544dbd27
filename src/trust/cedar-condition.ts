// Our conditions as Cedar expressions. What Cedar cannot compute, the time of day and the day of a moment, comes to it
// ready in the context, under a key of its own: those moments are listed beside the policies.
import { parseAttributePath, type AttributePath } from "./attribute.ts";
import { cedarLiteral, cedarPattern, cedarSet, cedarString } from "./cedar-text.ts";
import type { Condition } from "./condition.ts";
import { parseGlob } from "./glob.ts";
import type { Operators, Scalar } from "./operator.ts";
import type { Effect } from "./statement.ts";
import { parseDayOfWeek, parseTimeOfDay, type DayOfWeek, type TimeOfDay } from "./wall-time.ts";

/** What the context must hold under `key`: the time of day (milliseconds since midnight) or day (0 is Sunday). */
export interface CedarMoment {
  readonly key: string;
  readonly kind: "time_of_day" | "day_of_week";
  readonly path: AttributePath;
  readonly offsetMs: number;
}

export interface CedarCondition {
  /** Null when it always holds. */
  readonly expression: string | null;
  readonly moments: readonly CedarMoment[];
}

/** A missing attribute makes an allow not match and a deny apply: the expression says so itself. */
export function cedarCondition(condition: Condition, effect: Effect): CedarCondition {
  const moments: CedarMoment[] = [];
  const tests: string[] = [];
  const missing: string[] = [];
  for (const [name, wanted] of Object.entries(condition)) {
    const path = parseAttributePath(name, "condition");
    const operators = isOperators(wanted) ? wanted : { in: [wanted] };
    tests.push(testOf({ name, path, operators, moments }));
    if (operators.exists === undefined) missing.push(`!(${isThere(path)})`);
  }
  if (tests.length === 0) return { expression: null, moments };
  const holds = tests.join(" && ");
  const expression = effect === "deny" ? [...missing, `(${holds})`].join(" || ") : holds;
  return { expression, moments };
}

interface Test {
  readonly name: string;
  readonly path: AttributePath;
  readonly operators: Operators;
  readonly moments: CedarMoment[];
}

function testOf(test: Test): string {
  const { path, operators } = test;
  if (operators.exists === false) return `!(${isThere(path)})`;
  const names = Object.keys(operators).filter((name) => name !== "exists");
  return `(${[isThere(path), ...names.map((name) => checkOf(test, name))].join(" && ")})`;
}

function checkOf({ name, path, operators, moments }: Test, operator: string): string {
  const value = valueOf(path);
  switch (operator) {
    case "in":
      return isOneOf(value, operators.in ?? []);
    case "not":
      return `!${isOneOf(value, [operators.not ?? null].flat())}`;
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return `${value} ${COMPARISONS[operator] ?? ""} ${cedarLiteral(operators[operator] as Scalar)}`;
    case "between": {
      const [low, high] = operators.between ?? [0, 0];
      return `${value} >= ${cedarLiteral(low)} && ${value} <= ${cedarLiteral(high)}`;
    }
    case "matches_glob": {
      const { pieces } = parseGlob(operators.matches_glob, name);
      return `${value} like ${cedarPattern(pieces.map(({ text }) => text))}`;
    }
    case "time_of_day":
      return inWindow(name, path, operators.time_of_day, moments);
    default:
      return onDay(name, path, operators.day_of_week, moments);
  }
}

const COMPARISONS: Readonly<Record<string, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" };

function isOneOf(value: string, values: readonly Scalar[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? `(${value} == ${cedarLiteral(only)})`
    : `${cedarSet(values)}.contains(${value})`;
}

function inWindow(
  name: string,
  path: AttributePath,
  given: TimeOfDay | undefined,
  moments: CedarMoment[],
): string {
  const { fromMs, toMs, offsetMs } = parseTimeOfDay(given, name);
  const time = momentOf({ name, path, kind: "time_of_day", offsetMs, moments });
  const isIn = fromMs < toMs ? "&&" : "||";
  return `(${time.isThere} && (${time.value} >= ${fromMs} ${isIn} ${time.value} < ${toMs}))`;
}

function onDay(
  name: string,
  path: AttributePath,
  given: DayOfWeek | undefined,
  moments: CedarMoment[],
): string {
  const { days, offsetMs } = parseDayOfWeek(given, name);
  const day = momentOf({ name, path, kind: "day_of_week", offsetMs, moments });
  return `(${day.isThere} && [${[...days].join(", ")}].contains(${day.value}))`;
}

function momentOf({
  name,
  moments,
  ...moment
}: Omit<CedarMoment, "key"> & { readonly name: string; readonly moments: CedarMoment[] }): {
  readonly isThere: string;
  readonly value: string;
} {
  const key = `${moment.kind} of ${name} at ${moment.offsetMs} ms`;
  moments.push({ key, ...moment });
  return { isThere: `context has ${cedarString(key)}`, value: `context[${cedarString(key)}]` };
}

const CEDAR_ROOTS = { context: "context", identity: "principal", resource: "resource" } as const;

/** Each step of the path in turn: `context has "a" && context["a"] has "b"`. */
function isThere({ root, segments }: AttributePath): string {
  return segments
    .map(
      (segment, index) =>
        `${valueOf({ root, segments: segments.slice(0, index) })} has ${cedarString(segment)}`,
    )
    .join(" && ");
}

function valueOf({ root, segments }: AttributePath): string {
  return `${CEDAR_ROOTS[root]}${segments.map((segment) => `[${cedarString(segment)}]`).join("")}`;
}

function isOperators(wanted: Condition[string]): wanted is Operators {
  return typeof wanted === "object" && wanted !== null;
}
