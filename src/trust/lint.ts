// What in a policy can have no effect, or says two things at once: found by reading it, before anyone is judged.
// Each finding is certain; what hangs on values that only a request has is not guessed at.
import { covers, overlaps } from "./coverage.ts";
import type { Condition } from "./condition.ts";
import type { Operators, Scalar } from "./operator.ts";
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
  return statements.flatMap((statement) => {
    // A deny may be reached all the same: it denies where an attribute that it asks for is missing.
    const why = statement.effect === "allow" ? whyNever(statement.condition) : null;
    if (why !== null) {
      return [
        {
          kind: "unreachable",
          statementId: statement.id,
          byId: null,
          what: `Its condition never holds: ${why}.`,
        },
      ];
    }
    const finding = collision(statement, statements);
    return finding === null ? [] : [finding];
  });
}

function collision(statement: Statement, all: readonly Statement[]): Finding | null {
  for (const other of all) {
    if (other === statement || !overlaps(other, statement) || !covers(other, statement)) continue;
    if (!isAtLeast(other.condition, statement.condition)) continue;
    const finding = other.effect === statement.effect ? repeated(statement, other) : denied(statement, other);
    if (finding !== null) return finding;
  }
  return null;
}

/** Of two that say the same, the later is the one too many. */
function repeated(statement: Statement, other: Statement): Finding | null {
  const isSameScope = covers(statement, other) && isAtLeast(statement.condition, other.condition);
  if (isSameScope && other.id > statement.id) return null;
  // An allow that comes on terms of its own makes the terms of both stricter: it has an effect.
  if (statement.effect === "allow" && !hasSameTerms(statement, other)) return null;
  const what = `${other.id} ${statement.effect === "deny" ? "denies" : "allows"} all of it already.`;
  return { kind: "shadowed", statementId: statement.id, byId: other.id, what };
}

function denied(statement: Statement, other: Statement): Finding | null {
  if (statement.effect === "deny") return null;
  const isSame = covers(statement, other) && isAtLeast(statement.condition, other.condition);
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

function hasSameTerms(one: Statement, other: Statement): boolean {
  return termsOf(one) === termsOf(other);
}

function termsOf({ delivery, cost, capabilities }: Statement): string {
  return JSON.stringify([delivery, cost, capabilities]);
}

/** Why a condition holds for no value there could be; null when one may be found. */
function whyNever(condition: Condition): string | null {
  for (const [path, wanted] of Object.entries(condition)) {
    if (typeof wanted !== "object" || wanted === null) continue;
    const why = whyNoValue(wanted);
    if (why !== null) return `${path} ${why}`;
  }
  return null;
}

function whyNoValue(operators: Operators): string | null {
  const low = lowest(operators);
  const high = highest(operators);
  const isOpen = low.isOpen || high.isOpen;
  if (low.value > high.value || (low.value === high.value && isOpen))
    return `would have to be over ${low.value} and under ${high.value}`;
  const { in: values } = operators;
  if (values === undefined) return null;
  const refused = new Set<Scalar>([operators.not ?? []].flat());
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
