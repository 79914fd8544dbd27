// What is written down of a decision, and how it is asked again under another policy.
import type { Decision, PolicyRequest } from "../trust/decision.ts";
import { faultOfAttributes } from "../trust/attribute.ts";
import type { Asked, DecisionMade } from "./decisions.ts";
import type { Basis, Judged } from "./principal.ts";
import type { GuardQuestion } from "./question.ts";
import { isElsewhere } from "./resource.ts";

const REASONS_MAX = 64;
const ERRORS_MAX = 16;
const ERROR_LENGTH_MAX = 512;
const NAME_LENGTH_MAX = 256;
const RESOURCE_LENGTH_MAX = 4_096;
/** Of context and attributes together, as JSON. An event has 64 KiB, three bytes a character. */
const FACTS_LENGTH_MAX = 4_096;

interface Decided {
  /** Null when it could not be confirmed what the decision rests on. */
  readonly basis: Basis | null;
  readonly judged: Judged | string;
  readonly question: GuardQuestion;
  /** Null when it could not be made. */
  readonly request: PolicyRequest | null;
  readonly decision: Decision;
}

export function recordOf({ basis, judged, question, request, decision }: Decided): DecisionMade {
  const { allow, reasons, errors, obligations, policyVersion, decisionId } = decision;
  const { agentId, action, resource } = question;
  const isAsked = basis !== null && request !== null && typeof judged !== "string";
  const asked = isAsked && !isForeign(basis, request) ? askedOf(basis, judged, request) : null;
  return {
    decision_id: decisionId,
    allow,
    reasons: reasons.slice(0, REASONS_MAX),
    errors: errors
      .slice(0, ERRORS_MAX)
      .map(({ statementId, what }) => ({ statement_id: statementId, what: what.slice(0, ERROR_LENGTH_MAX) })),
    obligations: obligations.map((one) => ({ ...one })),
    policy_key: basis?.session.policyKey ?? null,
    policy_version: policyVersion,
    identity_key: basis?.session.identityKey ?? null,
    agent_id: cut(agentId, NAME_LENGTH_MAX),
    action: cut(action, NAME_LENGTH_MAX),
    resource: cut(typeof resource === "string" ? resource : resource?.id, RESOURCE_LENGTH_MAX),
    ...(asked !== null && { asked }),
  };
}

function askedOf({ owner }: Basis, { principal, attachmentId }: Judged, request: PolicyRequest): Asked {
  const facts = factsOf(request);
  return {
    attachment_id: attachmentId,
    identity_version: owner.version,
    roles: principal.roles,
    ...(facts !== null && { facts }),
  };
}

/** About another session, which no policy is asked about. */
function isForeign({ session }: Basis, { resource }: PolicyRequest): boolean {
  return isElsewhere(session.sessionId, typeof resource === "string" ? resource : resource.id);
}

function factsOf({ context = {}, resource }: PolicyRequest): NonNullable<Asked["facts"]> | null {
  const attributes = typeof resource === "string" ? {} : (resource.attributes ?? {});
  const facts = { context, attributes };
  const isPlain = faultOfAttributes(context) === null && faultOfAttributes(attributes) === null;
  if (!isPlain || JSON.stringify(facts).length > FACTS_LENGTH_MAX) return null;
  return facts;
}

/** Also of what is no text at all: whoever asks may pass anything. */
function cut(text: unknown, lengthMax: number): string {
  return typeof text === "string" ? text.slice(0, lengthMax).toWellFormed() : typeof text;
}
