// Why a policy decided as it did: every statement in turn, and what of it did not fit.
import { compileCondition, judge } from "./condition.ts";
import { matchesResource } from "./coverage.ts";
import type { Decision, PolicyEngine, PolicyRequest, Resource } from "./decision.ts";
import type { Identity } from "./identity.ts";
import { Policy } from "./policy.ts";
import type { Effect, Statement } from "./statement.ts";

export interface Explanation {
  readonly decision: Decision;
  /** One sentence. */
  readonly sentence: string;
  /** Those that speak of the action and the resource, in their order. */
  readonly statements: readonly ExplainedStatement[];
}

export interface ExplainedStatement {
  readonly id: string;
  readonly effect: Effect;
  readonly applies: boolean;
  /** Why, in a few words: it never shows a value of the request. */
  readonly why: string;
}

/** Of another engine than ours the decision alone is told: its statements are its own. */
export function explainDecision(
  policy: PolicyEngine,
  principal: Identity,
  request: PolicyRequest,
): Explanation {
  const decision = policy.evaluate(principal, request);
  const unread = decision.errors.find(({ statementId }) => statementId === null);
  if (unread !== undefined) {
    return { decision, sentence: `${principal.id} may not do this: ${unread.what}`, statements: [] };
  }
  const resource = typeof request.resource === "string" ? { id: request.resource } : request.resource;
  const statements = policy instanceof Policy ? policy.statements : [];
  return {
    decision,
    sentence: sentenceFor(decision, principal, request.action, resource.id),
    statements: statements
      .filter((statement) => speaksOf(statement, request.action, resource.id))
      .map((statement) => explain(statement, principal, request, resource)),
  };
}

function speaksOf({ actions, resources }: Statement, action: string, resource: string): boolean {
  return (
    (actions.includes("*") || actions.includes(action)) &&
    resources.some((pattern) => matchesResource(pattern, resource))
  );
}

function explain(
  statement: Statement,
  principal: Identity,
  { context = {} }: PolicyRequest,
  resource: Resource,
): ExplainedStatement {
  const { id, effect, roles } = statement;
  if (!roles.includes("*") && !roles.some((role) => principal.roles.includes(role))) {
    return { id, effect, applies: false, why: `is for ${roles.join(", ")}` };
  }
  const { attributes = {} } = resource;
  const subject = { context, identity: principal, resource: { id: resource.id, attributes } };
  const verdict = judge(compileCondition(statement.condition, `condition of ${id}`), subject);
  if (typeof verdict === "object")
    return { id, effect, applies: true, why: `cannot be judged: ${verdict.what}` };
  if (verdict === "missing") {
    const applies = effect === "deny";
    return { id, effect, applies, why: "asks for an attribute that is not there" };
  }
  const applies = verdict === "holds";
  return { id, effect, applies, why: applies ? "applies" : "has a condition that does not hold" };
}

function sentenceFor(decision: Decision, { id }: Identity, action: string, resource: string): string {
  const what = `${id} may${decision.allow ? "" : " not"} ${action} ${resource}`;
  const [error] = decision.errors;
  if (error !== undefined) return `${what}: ${error.statementId ?? "it"} cannot be judged: ${error.what}`;
  if (decision.reasons.length > 0) {
    return `${what}: ${decision.reasons.join(", ")} ${decision.allow ? "allows" : "denies"} it.`;
  }
  return `${what}: no statement allows it.`;
}
