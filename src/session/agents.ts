// Who takes part in a session: attaching, detaching, being heard of, and the roles they share.
import type { Decision, Happened, Refusal } from "../event/decider.ts";
import type { AgentState } from "./agent-state.ts";
import type { AttachAgent, DetachAgent, HeartbeatAgent } from "./commands.ts";
import type { AgentAttached, Attachment, SessionEvent } from "./events.ts";
import type { SessionState } from "./state.ts";
import { ownerOf } from "./stream.ts";
import { fact, refuseUnlessOpen } from "./tasks.ts";

/** The most agents attached to one session at a time. */
const AGENTS_MAX = 1_000;

export function attachAgent(state: SessionState, command: AttachAgent): Decision<SessionEvent> {
  const refusal = refuseAttaching(state, command);
  if (refusal !== null) return refusal;
  const { agentId, attachmentId, nickname, metadata, kind, gyreId, roles, capabilities } = command;
  const { heartbeatSeconds, process, now } = command;
  return [
    fact("agent_attached", null, {
      agent_id: agentId,
      attachment_id: attachmentId,
      nickname,
      metadata,
      kind,
      ...(gyreId !== null && { gyre_id: gyreId }),
      ...(roles !== null && { roles }),
      capabilities,
      ...(heartbeatSeconds !== null && {
        heartbeat_seconds: heartbeatSeconds,
        due_at: dueAfter(now, heartbeatSeconds),
      }),
      ...(process !== null && { process }),
    }),
  ];
}

/** Why an agent cannot be attached now; null when it can. */
export function refuseAttaching(
  state: SessionState,
  { agentId, kind, gyreId }: Pick<AttachAgent, "agentId" | "kind" | "gyreId">,
): Refusal | null {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  if (agentId === ownerOf(state.identityKey)) {
    return {
      code: "conflict",
      what: `${quote(agentId)} is the session's own identity, and would be judged as its owner.`,
      todo: "Attach the agent under a name of its own, or start the session with another `identity`.",
    };
  }
  if (state.agents.has(agentId)) {
    return {
      code: "conflict",
      what: `Agent ${quote(agentId)} is attached already.`,
      todo: "Detach it first, or attach the other one under a name of its own.",
    };
  }
  if (state.agents.size >= AGENTS_MAX) {
    return {
      code: "conflict",
      what: `Session ${state.sessionId} has ${AGENTS_MAX} agents, and may have no more.`,
      todo: "Detach those that are done, or split the work into sessions.",
    };
  }
  if (kind !== "drift" || state.agents.get(gyreId ?? "")?.kind === "gyre") return null;
  return {
    code: "conflict",
    what: `A drift acts through its gyre, and no gyre ${quote(gyreId ?? "")} is attached.`,
    todo: "Attach the gyre first, and name it in `gyre`.",
  };
}

/** The drifts of a gyre leave before it: they act through it. */
export function detachAgent(state: SessionState, command: DetachAgent): Decision<SessionEvent> {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  const { agentId, attachmentId, reason } = command;
  const agent = state.agents.get(agentId);
  if (attachmentId !== null && agent?.attachmentId !== attachmentId) return [];
  if (agent === undefined) return notAttached(state, agentId);
  const why = reason === null ? {} : { reason };
  return [...driftsOf(state, agent), agent].flatMap((one) => [
    fact("agent_detached", null, { ...attachmentOf(one), ...why }),
    ...routesFreed(state, one),
  ]);
}

/**
 * An agent that is heard of every H seconds counts as disconnected between H and 1.5 H after it was heard of last.
 * That lets the log keep the deadline alone: a heartbeat is written when it moves the deadline by H / 2 or more.
 */
export function heartbeatAgent(
  state: SessionState,
  { agentId, now }: HeartbeatAgent,
): Decision<SessionEvent> {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  const agent = state.agents.get(agentId);
  if (agent === undefined) return notAttached(state, agentId);
  const { heartbeatSeconds, dueAt } = agent;
  if (heartbeatSeconds === null || dueAt === null) return [];
  const next = dueAfter(now, heartbeatSeconds);
  if (next - dueAt < heartbeatSeconds * 500) return [];
  return [fact("agent_heartbeat", null, { ...attachmentOf(agent), due_at: next })];
}

function dueAfter(now: number, heartbeatSeconds: number): number {
  return now + heartbeatSeconds * 1_500;
}

/** Those who were not heard of in time, the newest first. Each goes with its drifts. */
export function disconnected(state: SessionState, until: number): readonly SessionEvent[] {
  const silent = new Set<AgentState>();
  for (const agent of [...state.agents.values()].toReversed()) {
    if (agent.dueAt === null || agent.dueAt > until) continue;
    for (const drift of driftsOf(state, agent)) silent.add(drift);
    silent.add(agent);
  }
  return [...silent].flatMap((agent) => [
    fact("agent_disconnected", null, attachmentOf(agent)),
    ...routesFreed(state, agent),
  ]);
}

/** The tasks that were routed to it hold no edge in the fleet any more. */
function routesFreed(state: SessionState, { agentId }: AgentState): readonly SessionEvent[] {
  return [...state.open].flatMap((taskId) => {
    const task = state.tasks.get(taskId);
    if (task?.routing?.agent_id !== agentId || task.router === null) return [];
    return [fact("route_freed", null, { task_id: taskId, router: task.router })];
  });
}

export function revokeRole(state: SessionState, roleId: string): Decision<SessionEvent> {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  return state.roles.includes(roleId) ? [fact("role_revoked", null, { role_id: roleId })] : [];
}

type TakePartEvent = Extract<
  Happened<SessionEvent>,
  {
    readonly type:
      | "roles_negotiated"
      | "role_revoked"
      | "routing_fell_back"
      | "route_freed"
      | "object_managed"
      | `agent_${string}`;
  }
>;

/** What an event about who and what is in a session changes: agents, their roles and routes, objects. */
export function takePartChanged(state: SessionState, event: TakePartEvent): void {
  switch (event.type) {
    case "roles_negotiated":
      state.roles = event.data.granted;
      break;
    case "role_revoked":
      state.roles = state.roles.filter((role) => role !== event.data.role_id);
      break;
    case "agent_attached":
      state.agents.set(event.data.agent_id, agentOf(event.data, event.at));
      break;
    case "agent_heartbeat": {
      const agent = state.agents.get(event.data.agent_id);
      if (agent !== undefined) agent.dueAt = event.data.due_at;
      break;
    }
    case "agent_detached":
    case "agent_disconnected":
      state.agents.delete(event.data.agent_id);
      break;
    case "object_managed":
      state.managed.add(event.data.key);
      break;
    case "routing_fell_back":
      break; // Told for those who look after the router.
    case "route_freed": {
      const task = state.tasks.get(event.data.task_id);
      if (task === undefined) return;
      task.routing = null;
      task.router = null;
      break;
    }
  }
}

function agentOf(data: AgentAttached, at: number): AgentState {
  return {
    agentId: data.agent_id,
    attachmentId: data.attachment_id,
    nickname: data.nickname,
    metadata: data.metadata,
    kind: data.kind,
    gyreId: data.gyre_id ?? null,
    roles: data.roles ?? null,
    capabilities: data.capabilities,
    attachedAt: at,
    heartbeatSeconds: data.heartbeat_seconds ?? null,
    dueAt: data.due_at ?? null,
    process: data.process ?? null,
  };
}

function driftsOf(state: SessionState, { agentId }: AgentState): readonly AgentState[] {
  return [...state.agents.values()].filter(({ gyreId }) => gyreId === agentId).toReversed();
}

function attachmentOf({ agentId, attachmentId }: AgentState): Attachment {
  return { agent_id: agentId, attachment_id: attachmentId };
}

function notAttached(state: SessionState, agentId: string): Refusal {
  return {
    code: "not_found",
    what: `No agent ${quote(agentId)} is attached to session ${state.sessionId}.`,
    todo: "Attach it first; the session says who is there.",
  };
}

function quote(agentId: string): string {
  return JSON.stringify(agentId.slice(0, 100));
}
