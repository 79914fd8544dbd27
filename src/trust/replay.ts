// What would another policy have decided? Recorded decisions are asked again, and what differs is listed.
import type { Decision, PolicyRequest } from "./decision.ts";
import type { Identity } from "./identity.ts";
import type { Policy } from "./policy.ts";

/** A decision with what it was made from. The principal is as it stood then, with the roles it was judged by. */
export interface RecordedDecision {
  readonly principal: Identity;
  readonly request: PolicyRequest;
  readonly decision: Decision;
}

export interface DecisionReplay {
  /** How many were asked again. */
  readonly total: number;
  /** How many came out the same: the same answer, by the same statements, on the same terms. */
  readonly same: number;
  /** In the order of the record. */
  readonly differences: readonly DecisionDifference[];
}

export interface DecisionDifference {
  /** The answer, the terms of what is allowed both times, or only the statements and errors named. */
  readonly kind: "now_allowed" | "now_denied" | "other_terms" | "other_reasons";
  readonly recorded: RecordedDecision;
  /** Under the recorded decision's id. */
  readonly replayed: Decision;
}

/** Asks the policy again for each recorded decision, under the same id. Versions may differ without being listed. */
export function replayDecisions(
  recorded: Iterable<RecordedDecision>,
  policy: Pick<Policy, "evaluate">,
): DecisionReplay {
  const differences: DecisionDifference[] = [];
  let total = 0;
  for (const one of recorded) {
    total++;
    const replayed = {
      ...policy.evaluate(one.principal, one.request),
      decisionId: one.decision.decisionId,
    };
    const kind = differenceOf(one.decision, replayed);
    if (kind !== null) differences.push({ kind, recorded: one, replayed });
  }
  return { total, same: total - differences.length, differences };
}

function differenceOf(was: Decision, is: Decision): DecisionDifference["kind"] | null {
  if (was.allow !== is.allow) return is.allow ? "now_allowed" : "now_denied";
  if (!isEqual(was.obligations, is.obligations)) return "other_terms";
  return isEqual([was.reasons, was.errors], [is.reasons, is.errors]) ? null : "other_reasons";
}

/** Members compared by name, since a record that was read back may have them in another order. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  const [ofA, ofB] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    ofA.length === ofB.size && ofA.every(([name, value]) => ofB.has(name) && isEqual(value, ofB.get(name)))
  );
}
