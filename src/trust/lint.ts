// What in a policy can have no effect, or says two things at once: found by reading it, before anyone is judged.
// Each finding is certain for requests that can be judged (an attribute of the wrong kind denies, whatever asks for it);
// what hangs on values that only a request has is not guessed at.
import type { Condition } from "./condition.ts";
import { covers } from "./coverage.ts";
import { combineObligations, obligationsOf } from "./obligation.ts";
import type { Operators, Scalar } from "./operator.ts";
import { PolicyIndex, type Ranked } from "./policy-index.ts";
import type { Statement } from "./statement.ts";

export interface Finding {
  /**
   * - `unreachable`: its condition can hold for nothing.
   * - `contradictory`: an allow and a deny speak of the same under the same condition; the deny wins.
   * - `shadowed`: another statement takes all its effect away, or has all of it.
   */
  readonly kind: "unreachable" | "contradictory" | "shadowed";
  readonly statementId: string;
  /** The statement it collides with; null when it stands in its own way. */
  readonly byId: string | null;
  /** One sentence for people. */
  readonly what: string;
}

/** The findings of a policy, in the order of its statements. */
export function lintPolicy(statements: readonly Statement[]): readonly Finding[] {
  const index = new PolicyIndex<Listed>();
  for (const [rank, statement] of statements.entries()) index.add(statement, { rank, statement });
  return statements.flatMap((statement) => {
    const finding = unreachable(statement) ?? collision(statement, index);
    return finding === null ? [] : [finding];
  });
}

interface Listed extends Ranked {
  readonly statement: Statement;
}

function unreachable({ id, effect, condition }: Statement): Finding | null {
  // A deny may be reached all the same: it denies where an attribute that it asks for is missing.
  const why = effect === "allow" ? whyNever(condition) : null;
  if (why === null) return null;
  return { kind: "unreachable", statementId: id, byId: null, what: `Its condition never holds: ${why}.` };
}

function collision(statement: Statement, index: PolicyIndex<Listed>): Finding | null {
  for (const { statement: other } of speakingOfPart(statement, index)) {
    if (other === statement || !includes(other, statement)) continue;
    const finding = other.effect === statement.effect ? repeated(statement, other) : denied(statement, other);
    if (finding !== null) return finding;
  }
  return null;
}

/** Who speaks of all that a statement speaks of is among those that speak of its first role, action and resource. */
function speakingOfPart(
  { roles: [role = "*"], actions: [action = "*"], resources: [resource = "*"] }: Statement,
  index: PolicyIndex<Listed>,
): readonly Listed[] {
  return index.find(role === "*" ? [] : [role], action, resource);
}

/** Whether one speaks of all that the other speaks of, and applies wherever the other does. */
function includes(wide: Statement, narrow: Statement): boolean {
  if (!covers(wide, narrow) || !isAtLeast(wide.condition, narrow.condition)) return false;
  const isAlways = Object.keys(wide.condition).length === 0;
  return narrow.effect === "allow" || isAlways || !asksForMore(narrow.condition, wide.condition);
}

/** Of two that say the same, the later is the one too many. */
function repeated(statement: Statement, other: Statement): Finding | null {
  if (!addsNothing(statement, other)) return null;
  const isMutual = includes(statement, other) && addsNothing(other, statement);
  if (isMutual && other.id > statement.id) return null;
  const what = `${other.id} ${statement.effect === "deny" ? "denies" : "allows"} all of it already${
    hasTerms(other) ? ", on its terms" : ""
  }.`;
  return { kind: "shadowed", statementId: statement.id, byId: other.id, what };
}

/** Whether its terms make those of the other no stricter. */
function addsNothing(statement: Statement, other: Statement): boolean {
  const terms = obligationsOf(other);
  return JSON.stringify(combineObligations([terms, obligationsOf(statement)])) === JSON.stringify(terms);
}

function hasTerms(statement: Statement): boolean {
  return obligationsOf(statement).length > 0;
}

function denied(statement: Statement, other: Statement): Finding | null {
  if (statement.effect === "deny") return null;
  const isSame = includes(statement, other);
  const kind = isSame ? "contradictory" : "shadowed";
  const what = isSame
    ? `${other.id} denies exactly what it allows, and a deny wins.`
    : `${other.id} denies all that it allows, and a deny wins.`;
  return { kind, statementId: statement.id, byId: other.id, what };
}

/** Whether one condition holds wherever the other does: it asks for nothing, or for the same. */
function isAtLeast(wide: Condition, narrow: Condition): boolean {
  return Object.entries(wide).every(
    ([path, wanted]) => path in narrow && JSON.stringify(narrow[path]) === JSON.stringify(wanted),
  );
}

/** Whether it may miss an attribute that the other does not ask for: then a deny applies where the other need not. */
function asksForMore(narrow: Condition, wide: Condition): boolean {
  return Object.entries(narrow).some(
    ([path, wanted]) => !(path in wide) && !(isOperators(wanted) && wanted.exists !== undefined),
  );
}

/** Why a condition holds for no value there could be; null when one may be found. */
function whyNever(condition: Condition): string | null {
  for (const [path, wanted] of Object.entries(condition)) {
    const why = isOperators(wanted) ? whyNoValue(wanted) : null;
    if (why !== null) return `${path} ${why}`;
  }
  return null;
}

function whyNoValue(operators: Operators): string | null {
  const low = lowest(operators);
  const high = highest(operators);
  if (low.value > high.value || (low.value === high.value && (low.isOpen || high.isOpen))) {
    const [from, to] = [low.isOpen ? "over" : "at least", high.isOpen ? "under" : "at most"];
    return `would have to be ${from} ${low.value} and ${to} ${high.value}`;
  }
  const { in: values, not = [] } = operators;
  if (values === undefined) return null;
  const refused = new Set<Scalar>([not].flat());
  const left = values.filter((value) => !refused.has(value) && isBetween(value, low, high));
  return left.length === 0 ? "would have to be one of values that it must not be" : null;
}

/** Where nothing bounds it, any value is. */
function isBetween(value: Scalar, low: Bound, high: Bound): boolean {
  if (low.value === -Infinity && high.value === Infinity) return true;
  if (typeof value !== "number") return false;
  return (
    (low.isOpen ? value > low.value : value >= low.value) &&
    (high.isOpen ? value < high.value : value <= high.value)
  );
}

interface Bound {
  readonly value: number;
  /** Whether the value itself is out. */
  readonly isOpen: boolean;
}

function lowest({ gt = -Infinity, gte = -Infinity, between: [from] = [-Infinity, 0] }: Operators): Bound {
  const value = Math.max(gt, gte, from);
  return { value, isOpen: gt === value && value !== -Infinity };
}

function highest({ lt = Infinity, lte = Infinity, between: [, to] = [0, Infinity] }: Operators): Bound {
  const value = Math.min(lt, lte, to);
  return { value, isOpen: lt === value && value !== Infinity };
}

function isOperators(wanted: Condition[string]): wanted is Operators {
  return typeof wanted === "object" && wanted !== null;
}
