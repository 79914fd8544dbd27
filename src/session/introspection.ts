// Who is here, with which roles, attached to what.
import type { JsonObject } from "../event/json.ts";
import type { AgentKind } from "./agent-kind.ts";
import { rolesOf, sessionRoles, type TrustContext } from "./principal.ts";
import { ownerOf } from "./stream.ts";
import { agentOf } from "./tasks.ts";

export interface Introspection {
  readonly sessionId: string;
  readonly status: "open" | "ended";
  /** Whom the session acts for; null for nobody. */
  readonly identity: string | null;
  readonly policyKey: string | null;
  /** Those negotiated, less those revoked. */
  readonly roles: readonly string[];
  /** In the order they were attached. */
  readonly agents: readonly PresentAgent[];
}

export interface PresentAgent {
  readonly agentId: string;
  readonly nickname: string;
  readonly metadata: JsonObject;
  readonly kind: AgentKind;
  /** Of a drift: whom it acts through. */
  readonly gyre: string | null;
  /** Those it is judged by now, beside `attached`. */
  readonly roles: readonly string[];
  readonly capabilities: readonly string[];
  /** The tasks given to it that have not ended. */
  readonly tasks: readonly string[];
  /** Milliseconds since the epoch. */
  readonly attachedAt: number;
  /** When it counts as disconnected unless it is heard of; null when it need not be. */
  readonly dueAt: number | null;
}

export function introspectionOf(context: Pick<TrustContext, "session" | "owner">): Introspection {
  const { session } = context;
  const open = [...session.open].flatMap((taskId) => session.tasks.get(taskId) ?? []);
  const agents = [...session.agents.values()].map((agent) => ({
    agentId: agent.agentId,
    nickname: agent.nickname,
    metadata: agent.metadata,
    kind: agent.kind,
    gyre: agent.gyreId,
    roles: rolesOf(context, agent),
    capabilities: agent.capabilities,
    tasks: open.filter((task) => agentOf(session, task) === agent.agentId).map(({ taskId }) => taskId),
    attachedAt: agent.attachedAt,
    dueAt: agent.dueAt,
  }));
  // A copy: what the session knows is nobody's to change through it.
  return structuredClone({
    sessionId: session.sessionId,
    status: session.status === "ended" ? ("ended" as const) : ("open" as const),
    identity: ownerOf(session.identityKey),
    policyKey: session.policyKey,
    roles: sessionRoles(context),
    agents,
  });
}
