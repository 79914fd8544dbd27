// A decision: whether, by which statements, on which terms, under which version; and the name it goes by in records.
import { leafHash } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Identity } from "./identity.ts";
import type { Obligation } from "./obligation.ts";

/** What decides: a `Policy`, or another engine that is asked the same way. */
export interface PolicyEngine {
  readonly version: number;
  /** Never throws: what cannot be read or judged is denied, and `errors` says why. */
  evaluate(principal: Identity, request: PolicyRequest): Decision;
}

/** What someone asks to do. */
export interface PolicyRequest {
  readonly action: string;
  /** An id, or an id with the facts that conditions may ask for as `resource.attributes.…`. */
  readonly resource: string | Resource;
  /** Facts of the moment, for conditions: `now` in milliseconds since the epoch, and what else the policy knows. */
  readonly context?: JsonObject;
  /** The name the decision shall have; left out, it is a hash of what was asked and what was decided. */
  readonly decisionId?: string;
}

export interface Resource {
  readonly id: string;
  readonly attributes?: JsonObject;
}

export interface Decision {
  readonly allow: boolean;
  /**
   * The ids of the statements that decided, in their order: all denies that apply; without one, all allows that
   * match. Empty when no statement spoke, which denies.
   */
  readonly reasons: readonly string[];
  /** Each denies by itself. They name types and places, never values. */
  readonly errors: readonly DecisionError[];
  /** What must be done about it; empty unless allowed. */
  readonly obligations: readonly Obligation[];
  readonly policyVersion: number;
  readonly decisionId: string;
}

export interface DecisionError {
  /** The statement that could not be judged; null when the request itself was at fault. */
  readonly statementId: string | null;
  readonly what: string;
}

export type Outcome = Omit<Decision, "decisionId">;

/** The name that was given, or a hash of what was asked and decided: of no more than a request may hold (attribute.ts). */
export function decisionIdOf(
  principal: Identity,
  request: PolicyRequest,
  resource: Required<Resource>,
  outcome: Outcome,
): string {
  if (request.decisionId !== undefined) return request.decisionId;
  const { action, context = {} } = request;
  return hashed([principal.id, principal.roles, action, resource.id, resource.attributes, context, outcome]);
}

/** The name of a decision about a request that could not be read: it holds nothing of the request. */
export function unreadDecisionId(outcome: Outcome): string {
  return hashed([outcome]);
}

function hashed(parts: readonly unknown[]): string {
  return `dec_${leafHash(new TextEncoder().encode(canonical(parts))).slice(0, 32)}`;
}

/** JSON with the members of objects in the order of their names. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}
