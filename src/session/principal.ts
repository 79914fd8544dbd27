// Who is judged in a session: an attached agent by its name, or the session's own identity; nobody else.
import type { Identity } from "../trust/identity.ts";
import type { IdentityState } from "../trust/identity-aggregate.ts";
import { inheritedRoles } from "../trust/negotiation.ts";
import { ATTACHED_ROLE } from "../trust/owner-policy.ts";
import type { Policy } from "../trust/policy.ts";
import type { AgentState } from "./agent-state.ts";
import type { SessionState } from "./state.ts";
import { ownerOf } from "./stream.ts";

/** Who asks, as it stands now. */
export interface Judged {
  /** With the roles it is judged by. */
  readonly principal: Identity;
  /** Null for the session's own identity, which can do whatever it can. */
  readonly capabilities: readonly string[] | null;
  readonly attachmentId: string | null;
}

/** The session with the identities that a decision rests on. */
export interface TrustContext {
  readonly session: SessionState;
  /** The session's own identity. */
  readonly owner: IdentityState;
  /** The asker's, when one was put under its name. */
  readonly asker: IdentityState;
}

/** All that a decision is made from. */
export interface Basis extends TrustContext {
  readonly policy: Policy;
}

/** The roles of a session now: what was negotiated, and is still held. A removed identity holds none. */
export function sessionRoles({ session, owner }: Pick<TrustContext, "session" | "owner">): readonly string[] {
  const held = new Set(owner.identity?.roles ?? []);
  return session.roles.filter((role) => held.has(role));
}

/** Who has this name in the session; a sentence on why nobody does. */
export function judgedAs(context: TrustContext, agentId: string): Judged | string {
  const agent = context.session.agents.get(agentId);
  // Removed is not the same as never put: whoever removed it wants nothing more to be done in its name.
  if (isRemoved(context.asker)) return "The identity was removed.";
  if (isRemoved(context.owner)) return "The session's identity was removed.";
  if (agent !== undefined) return agentAs(context, agent);
  if (agentId !== ownerOf(context.session.identityKey)) return "Nobody of this name is attached.";
  const { nickname = "", metadata = {} } = context.owner.identity ?? {};
  const principal = { id: agentId, nickname, metadata, roles: sessionRoles(context) };
  return { principal, capabilities: null, attachmentId: null };
}

/** The roles an agent has now of those of its session; of a drift, only those its gyre has too. */
export function rolesOf(
  context: Pick<TrustContext, "session" | "owner">,
  agent: AgentState,
): readonly string[] {
  const own = inheritedRoles({ granted: sessionRoles(context), subset: agent.roles });
  const gyre = agent.gyreId === null ? undefined : context.session.agents.get(agent.gyreId);
  if (gyre === undefined) return own;
  return inheritedRoles({ granted: own, subset: rolesOf(context, gyre) });
}

function agentAs(context: TrustContext, agent: AgentState): Judged {
  const { agentId: id, nickname, metadata, capabilities, attachmentId } = agent;
  const roles = [...new Set([...rolesOf(context, agent), ATTACHED_ROLE])].sort();
  return { principal: { id, nickname, metadata, roles }, capabilities, attachmentId };
}

function isRemoved({ version, identity }: IdentityState): boolean {
  return version > 0 && identity === null;
}
