// How a question is answered, whichever engine decides: what cannot be read is denied with its fault, nothing is
// thrown, and every answer has a name.
import { HolodeckError } from "../event/error.ts";
import { faultOfAttributes } from "./attribute.ts";
import {
  decisionIdOf,
  unreadDecisionId,
  type Decision,
  type Outcome,
  type PolicyRequest,
  type Resource,
} from "./decision.ts";
import { ROLES_MAX, type Identity } from "./identity.ts";
import { faultOfName, RESOURCE_LENGTH_MAX } from "./name.ts";

/** Asks `decide` about a request that can be read. What it throws denies. */
export function answer(
  principal: Identity,
  request: PolicyRequest,
  policyVersion: number,
  decide: (resource: Required<Resource>) => Outcome,
): Decision {
  try {
    const resource = resourceOf(request);
    const fault = faultOfPrincipal(principal) ?? faultOfRequest(request, resource);
    if (fault !== null) return unread(fault, request, policyVersion);
    const outcome = decide(resource);
    return { ...outcome, decisionId: decisionIdOf(principal, request, resource, outcome) };
  } catch (error) {
    const what = error instanceof HolodeckError ? error.what : "The request cannot be read.";
    return unread(what, null, policyVersion);
  }
}

/** What denies for a reason that is no statement's. */
export function deniedOutcome(what: string, policyVersion: number): Outcome {
  return { allow: false, reasons: [], errors: [{ statementId: null, what }], obligations: [], policyVersion };
}

function unread(what: string, request: PolicyRequest | null, policyVersion: number): Decision {
  const outcome = deniedOutcome(what, policyVersion);
  const given = request?.decisionId;
  const decisionId = given !== undefined && faultOfName(given) === null ? given : unreadDecisionId(outcome);
  return { ...outcome, decisionId };
}

const NO_ATTRIBUTES = {};

function resourceOf({ resource }: PolicyRequest): Required<Resource> {
  if (typeof resource === "string") return { id: resource, attributes: NO_ATTRIBUTES };
  return { id: resource.id, attributes: resource.attributes ?? NO_ATTRIBUTES };
}

function faultOfPrincipal({ id, roles }: Identity): string | null {
  const fault = faultOfName(id);
  if (fault !== null) return `The principal's id ${fault}.`;
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) {
    return `The principal's roles are no list of at most ${ROLES_MAX}.`;
  }
  for (const role of roles) {
    const faultOfRole = faultOfName(role);
    if (faultOfRole !== null) return `A role of the principal ${faultOfRole}.`;
  }
  return null;
}

function faultOfRequest(
  { action, context, decisionId }: PolicyRequest,
  resource: Required<Resource>,
): string | null {
  const ofAction = faultOfName(action);
  if (ofAction !== null) return `The action ${ofAction}.`;
  const ofResource = faultOfName(resource.id, RESOURCE_LENGTH_MAX);
  if (ofResource !== null) return `The resource's id ${ofResource}.`;
  const ofAttributes = faultOfAttributes(resource.attributes);
  if (ofAttributes !== null) return `The resource's attributes: the value ${ofAttributes}.`;
  const ofContext = context === undefined ? null : faultOfAttributes(context);
  if (ofContext !== null) return `The context: the value ${ofContext}.`;
  const ofId = decisionId === undefined ? null : faultOfName(decisionId);
  return ofId === null ? null : `The decision's id ${ofId}.`;
}
