// Cedar policies as a policy of ours: the same question, the same kind of answer. The engine is told of the principal,
// its roles and the resource alone. Where Cedar would go on, a deny: a policy that cannot be evaluated, a request that
// does not fit the schema, an engine that fails or is missing.
import { HolodeckError } from "../event/error.ts";
import { answer, deniedOutcome } from "./answer.ts";
import { faultOfAttributes } from "./attribute.ts";
import { loadCedarEngine, nameFor, type CedarEngine, type CedarFault } from "./cedar-engine.ts";
import { cedarRequest, type CedarEncoding, type CedarRequest } from "./cedar-request.ts";
import { CedarSets } from "./cedar-sets.ts";
import { checkCedarSchema, readCedarPolicies, type CedarRule } from "./cedar-source.ts";
import type { Decision, DecisionError, Outcome, PolicyEngine, PolicyRequest, Resource } from "./decision.ts";
import type { Identity } from "./identity.ts";
import { checkInteger } from "./input.ts";
import { combineObligations } from "./obligation.ts";

export interface CedarSource extends Partial<CedarEncoding> {
  /** Cedar policies, without templates: https://docs.cedarpolicy.com/policies/syntax-policy.html. */
  readonly policies: string;
  /** A Cedar schema. Policies that do not fit it are refused, requests that do not fit it denied. */
  readonly schema?: string;
  /** Names it in decisions. */
  readonly version: number;
}

const DECIMALS_MAX = 6;

/**
 * A policy from Cedar text; `decimals` are 0 by default. Throws `invalid_argument` for text or a schema that is not
 * sound: it is loaded whole or not at all. Without the package `@cedar-policy/cedar-wasm` every request is denied, and
 * each decision says so.
 */
export async function loadCedarPolicy(
  source: CedarSource,
  load: () => Promise<CedarEngine> = loadCedarEngine,
): Promise<PolicyEngine> {
  checkInteger(source.version, "version", 0, Number.MAX_SAFE_INTEGER);
  checkInteger(source.decimals ?? 0, "decimals", 0, DECIMALS_MAX);
  try {
    return new CedarPolicy(source, await load());
  } catch (cause) {
    if (!(cause instanceof HolodeckError) || cause.code !== "unsupported") throw cause;
    return new MissingEngine(source.version, cause.what);
  }
}

class CedarPolicy implements PolicyEngine {
  readonly version: number;
  readonly #engine: CedarEngine;
  readonly #rules: ReadonlyMap<string, CedarRule>;
  readonly #sets: CedarSets;
  readonly #encoding: CedarEncoding;
  readonly #schema: { readonly preparsedSchemaName?: string; readonly validateRequest: boolean };

  constructor({ policies, schema, version, decimals = 0, moments = [] }: CedarSource, engine: CedarEngine) {
    this.version = version;
    this.#engine = engine;
    this.#encoding = { decimals, moments };
    const rules = readCedarPolicies(engine, policies);
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
    this.#schema = { validateRequest: false };
    if (schema !== undefined) {
      const preparsedSchemaName = nameFor(this, engine);
      engine.preparseSchema(preparsedSchemaName, checkCedarSchema(engine, schema, rules));
      this.#schema = { preparsedSchemaName, validateRequest: true };
    }
    this.#sets = new CedarSets(engine, rules);
  }

  evaluate(principal: Identity, request: PolicyRequest): Decision {
    return answer(principal, request, this.version, (resource) =>
      this.#decide(principal, { ...request, resource }),
    );
  }

  #decide(principal: Identity, request: PolicyRequest & { readonly resource: Resource }): Outcome {
    const fault = faultOfAttributes(principal.metadata);
    if (fault !== null) return deniedOutcome(`The principal's metadata: the value ${fault}.`, this.version);
    const asked = cedarRequest(principal, request, this.#encoding);
    try {
      return this.#combined(asked);
    } catch {
      return deniedOutcome("The Cedar engine failed.", this.version);
    }
  }

  /** Of all the sets that speak of it: one forbid outweighs every permit, one error denies. */
  #combined(asked: CedarRequest): Outcome {
    const errors: DecisionError[] = [];
    const determining: CedarRule[] = [];
    for (const preparsedPolicySetId of this.#sets.for(asked)) {
      const call = { ...asked, ...this.#schema, preparsedPolicySetId };
      const answered = this.#engine.statefulIsAuthorized(call);
      if (answered.type === "failure") return deniedOutcome(refusal(answered.errors), this.version);
      const { reason, errors: faults } = answered.response.diagnostics;
      for (const { policyId, error } of faults) {
        errors.push({ statementId: policyId, what: faultOfEvaluation(error) });
      }
      for (const id of reason) determining.push(this.#rule(id));
    }
    const denies = determining.filter(({ effect }) => effect === "deny");
    const policyVersion = this.version;
    if (errors.length > 0 || denies.length > 0) {
      errors.sort((a, b) => ((a.statementId ?? "") < (b.statementId ?? "") ? -1 : 1));
      return { allow: false, reasons: idsOf(denies), errors, obligations: [], policyVersion };
    }
    const obligations = combineObligations(determining.map((rule) => rule.obligations));
    return { allow: determining.length > 0, reasons: idsOf(determining), errors, obligations, policyVersion };
  }

  #rule(id: string): CedarRule {
    const rule = this.#rules.get(id);
    if (rule === undefined) throw new Error("The Cedar engine names a policy that is not there.");
    return rule;
  }
}

class MissingEngine implements PolicyEngine {
  readonly version: number;
  readonly #what: string;

  constructor(version: number, what: string) {
    this.version = version;
    this.#what = what;
  }

  evaluate(principal: Identity, request: PolicyRequest): Decision {
    return answer(principal, request, this.version, () => deniedOutcome(this.#what, this.version));
  }
}

function idsOf(rules: readonly CedarRule[]): readonly string[] {
  return rules.map(({ id }) => id).sort();
}

/** Messages that name types and attributes. All others may show a value, and are not passed on. */
const SAYS_NO_VALUE = /^(?:type error: expected .+, got [a-z_]+|record does not have the attribute `\w+`)$/;

function faultOfEvaluation({ message }: CedarFault): string {
  return SAYS_NO_VALUE.test(message) ? `${message}.` : "It cannot be evaluated.";
}

function refusal([fault]: readonly CedarFault[]): string {
  const attribute = /attribute `(?<name>\w+)`/.exec(fault?.message ?? "")?.groups?.["name"];
  return `Cedar refuses the request${attribute === undefined ? "" : `, its attribute ${attribute}`}.`;
}
