// A condition asks for attributes of a request. It is parsed once, when its statement is loaded, and then judged.
import type { JsonObject } from "../event/json.ts";
import {
  ATTRIBUTE_LENGTH_MAX,
  parseAttributePath,
  readAttribute,
  type AttributePath,
  type Subject,
} from "./attribute.ts";
import { checkPlainObject, invalid } from "./input.ts";
import { parseEquality, parseOperator, type Check, type Operators, type Scalar } from "./operator.ts";

/** Attributes by path; all must hold. A bare value means equality. */
export interface Condition extends JsonObject {
  readonly [path: string]: Scalar | Operators;
}

/**
 * `holds` and `fails`; `missing` when an attribute that is asked for is not there; or what could not be told. An
 * error outweighs a missing attribute, and that outweighs a failed one, so the order of the members never matters.
 */
export type Verdict = "holds" | "fails" | "missing" | ConditionError;

export interface ConditionError {
  readonly what: string;
}

export type CompiledCondition = readonly AttributeTest[];

interface AttributeTest {
  readonly name: string;
  readonly path: AttributePath;
  /** Whether it must be there; null when not asked: then a missing attribute is `missing`. */
  readonly exists: boolean | null;
  readonly checks: readonly Check[];
}

const ATTRIBUTES_MAX = 32;

/** Throws `invalid_argument` with the path of what is wrong. */
export function compileCondition(value: unknown, path: string): CompiledCondition {
  const condition = checkPlainObject(value, path, ATTRIBUTES_MAX);
  return Object.keys(condition).map((name) => compileTest(name, condition[name], path));
}

export function judge(condition: CompiledCondition, subject: Subject): Verdict {
  let verdict: Verdict = "holds";
  for (const test of condition) {
    const one = judgeTest(test, subject);
    if (typeof one === "object") return one;
    if (one === "missing" || (one === "fails" && verdict === "holds")) verdict = one;
  }
  return verdict;
}

function compileTest(name: string, wanted: unknown, parent: string): AttributeTest {
  const path = parseAttributePath(name, parent);
  const place = `${parent}.${name}`;
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) {
    return { name, path, exists: null, checks: [parseEquality(wanted, place)] };
  }
  const operators = checkPlainObject(wanted, place, 16);
  const { exists, ...others } = operators;
  if (exists !== undefined && typeof exists !== "boolean") {
    throw invalid(`${place}.exists`, exists, "Write true or false.");
  }
  const names = Object.keys(others);
  if (exists === undefined && names.length === 0) {
    throw invalid(place, "without an operator", "Write one, such as { in: [...] }, or a bare value.");
  }
  if (exists === false && names.length > 0) {
    throw invalid(
      `${place}.exists`,
      exists,
      "Leave the other operators out: what is not there has no value.",
    );
  }
  const checks = names.map((operator) => parseOperator(operator, others[operator], place));
  return { name, path, exists: exists ?? null, checks };
}

function judgeTest({ name, path, exists, checks }: AttributeTest, subject: Subject): Verdict {
  const value = readAttribute(subject, path);
  if (value === undefined) return exists === null ? "missing" : exists ? "fails" : "holds";
  if (exists === false) return "fails";
  if (typeof value === "string" && value.length > ATTRIBUTE_LENGTH_MAX) {
    return { what: `${name} is longer than ${ATTRIBUTE_LENGTH_MAX} characters` };
  }
  let verdict: Verdict = "holds";
  for (const check of checks) {
    const held = check(value);
    if (typeof held === "string") return { what: `${name} ${held}` };
    if (!held) verdict = "fails";
  }
  return verdict;
}
