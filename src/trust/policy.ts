// A policy decides. It is compiled once from its statements and holds no state: the same question gets the same
// answer, nothing is remembered between questions, and so nothing can be stale.
//
// - Nothing is allowed unless a statement allows it. A deny that applies outweighs every allow.
// - An attribute that a condition asks for and that is missing: an allow does not match, a deny applies.
// - Any error, in the request or in judging one statement that speaks of it, denies and is named.
import { answer } from "./answer.ts";
import type { Subject } from "./attribute.ts";
import { compileCondition, judge, type CompiledCondition } from "./condition.ts";
import type { Decision, DecisionError, Outcome, PolicyEngine, PolicyRequest, Resource } from "./decision.ts";
import type { Identity } from "./identity.ts";
import { checkInteger } from "./input.ts";
import { combineObligations, obligationsOf, type Obligation } from "./obligation.ts";
import { PolicyIndex, type Ranked } from "./policy-index.ts";
import { parseStatements, type Effect, type Statement } from "./statement.ts";

/** A statement made ready to be judged. */
interface Rule extends Ranked {
  readonly id: string;
  readonly effect: Effect;
  readonly condition: CompiledCondition;
  readonly obligations: readonly Obligation[];
}

/**
 * A policy from its statements (see `parseStatement`); none denies all. `version` names it in decisions. Throws
 * `invalid_argument` with the path of what is wrong: a policy is compiled whole or not at all.
 */
export function compilePolicy(statements: unknown, { version }: { readonly version: number }): Policy {
  checkInteger(version, "version", 0, Number.MAX_SAFE_INTEGER);
  return new Policy(parseStatements(statements), version);
}

export class Policy implements PolicyEngine {
  readonly version: number;
  /** In order of their ids. */
  readonly statements: readonly Statement[];
  readonly #index = new PolicyIndex<Rule>();

  /** For statements that were checked, in their order; `compilePolicy` checks. */
  constructor(statements: readonly Statement[], version: number) {
    this.version = version;
    this.statements = statements;
    for (const [rank, statement] of statements.entries()) {
      const { id, effect } = statement;
      const condition = compileCondition(statement.condition, `condition of ${id}`);
      this.#index.add(statement, { rank, id, effect, condition, obligations: obligationsOf(statement) });
    }
  }

  /**
   * Decides whether the principal may do the action on the resource. Never throws: a request that cannot be read is
   * denied, and `errors` says why. Time comes in `context.now`.
   */
  evaluate(principal: Identity, request: PolicyRequest): Decision {
    return answer(principal, request, this.version, (resource) => this.#decide(principal, request, resource));
  }

  #decide(
    principal: Identity,
    { action, context = {} }: PolicyRequest,
    resource: Required<Resource>,
  ): Outcome {
    const subject: Subject = { context, identity: principal, resource };
    const errors: DecisionError[] = [];
    const denies: string[] = [];
    const allows: string[] = [];
    const obligations: (readonly Obligation[])[] = [];
    for (const rule of this.#index.find(principal.roles, action, resource.id)) {
      const verdict = judge(rule.condition, subject);
      if (typeof verdict === "object") errors.push({ statementId: rule.id, what: verdict.what });
      else if (rule.effect === "deny") {
        if (verdict !== "fails") denies.push(rule.id);
      } else if (verdict === "holds") {
        allows.push(rule.id);
        obligations.push(rule.obligations);
      }
    }
    const policyVersion = this.version;
    if (errors.length > 0 || denies.length > 0) {
      return { allow: false, reasons: denies, errors, obligations: [], policyVersion };
    }
    const allow = allows.length > 0;
    return { allow, reasons: allows, errors, obligations: combineObligations(obligations), policyVersion };
  }
}

/** What denies when there is no policy to ask. */
export const EMPTY_POLICY: Policy = new Policy([], 0);
