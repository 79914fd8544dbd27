// Under whose identity and which policy a session starts, and the roles it gets: asked for once, here.
import { leafHash, type StreamId } from "../event/event.ts";
import { negotiateRoles } from "../trust/negotiation.ts";
import { Policy } from "../trust/policy.ts";
import { checkRoleIds } from "../trust/role.ts";
import type { StartSession } from "./commands.ts";
import { RECORD_ALLOWS, type RecordAllows } from "./decisions.ts";
import { heldBy } from "./identities.ts";
import { checkOneOf, checkText, invalid } from "./input.ts";
import { policyStream, throwRefusal, unknown } from "./policies.ts";
import { identityKeyOf, OWNER_POLICY_KEY } from "./stream.ts";
import { trustStream, type TrustStreams } from "./trust-streams.ts";

/** Who a session acts for, and what is allowed in it. */
export interface TrustOptions {
  /**
   * The id of a policy of `manager.policies`, or a compiled one, which is then kept with the store. Default the
   * built-in one: whoever started the session may do all with it, an attached agent may work on its own tasks.
   */
  readonly policy?: string | Policy;
  /** The id of an identity of `manager.identities`. Default the session's `agentId`, which need not be put. */
  readonly identity?: string;
  /** The roles asked for, at most 63. Default all that the identity holds. Granted are those that are offered and held. */
  readonly roles?: readonly string[];
  /** Which allowed decisions are recorded. Default `sampled`: the first and every hundredth. */
  readonly recordAllows?: RecordAllows;
}

/** An agent has the role `attached` beside those it inherits, and an identity has at most 64. */
const ROLES_MAX = 63;

type Trust = Pick<StartSession, "identityKey" | "policyKey" | "roles" | "recordAllows">;

/** Throws `invalid_argument`, and `not_found` for a policy or an identity that nobody put. */
export async function resolveTrust(
  streams: TrustStreams,
  { policy, identity, roles, recordAllows = "sampled" }: TrustOptions,
  agentId: string,
): Promise<Trust> {
  checkOneOf(recordAllows, "recordAllows", RECORD_ALLOWS);
  // Under the built-in policy roles decide nothing: nothing needs to be read.
  if (policy === undefined && identity === undefined && roles === undefined) {
    return { identityKey: identityKeyOf(agentId), policyKey: OWNER_POLICY_KEY, roles: null, recordAllows };
  }
  const asked = roles === undefined ? null : checkRoleIds(roles, "roles", ROLES_MAX);
  const isNamed = identity !== undefined;
  const identityKey = isNamed
    ? trustStream("identity", checkText(identity, "identity"))
    : identityKeyOf(agentId);
  const held = isNamed ? (await heldBy(streams, identity)).roles : await rolesOf(streams, identityKey);
  const policyKey = policy === undefined ? OWNER_POLICY_KEY : await policyKeyOf(streams, policy);
  const requested = asked ?? held.slice(0, ROLES_MAX);
  if (requested.length === 0) return { identityKey, policyKey, roles: null, recordAllows };
  const offered = await offeredOf(streams, requested);
  const { granted, refused } = negotiateRoles({ requested, offered, allowed: held });
  const negotiated = {
    requested,
    granted,
    refused: refused.map(({ roleId, why }) => ({ role_id: roleId, why })),
  };
  return { identityKey, policyKey, roles: negotiated, recordAllows };
}

/** Of who started the session without naming an identity: it need not be known. */
async function rolesOf(streams: TrustStreams, identityKey: StreamId): Promise<readonly string[]> {
  const { identity } = await streams.identities.refresh(identityKey);
  return identity?.roles ?? [];
}

async function offeredOf(streams: TrustStreams, requested: readonly string[]): Promise<readonly string[]> {
  const offered = await Promise.all(
    requested.map(async (roleId) => {
      const { role, isRetired } = await streams.roles.refresh(trustStream("role", roleId));
      return role !== null && !isRetired;
    }),
  );
  return requested.filter((_, index) => offered[index]);
}

async function policyKeyOf(streams: TrustStreams, policy: string | Policy): Promise<string> {
  if (policy instanceof Policy) return await keep(streams, policy);
  if (typeof policy !== "string")
    throw invalid("policy", policy, "Pass a policy's id, or a compiled policy.");
  const stream = policyStream(policy);
  if ((await streams.policies.refresh(stream)).version === 0) throw unknown("policy", policy);
  return stream;
}

/** A compiled policy is kept under a name that follows from what it says: the same one is kept once. */
async function keep(streams: TrustStreams, { statements }: Policy): Promise<string> {
  const hash = leafHash(new TextEncoder().encode(JSON.stringify(statements)));
  const stream = policyStream(`sha256-${hash}`);
  throwRefusal(await streams.policies.execute(stream, { type: "set_policy", by: "session", statements }));
  return stream;
}
