// A session as one JSON document, snake_case as everything that leaves the process.
import type { JsonObject } from "../event/json.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { taskCount, taskTotals, type SessionState, type TaskState } from "./state.ts";

/** `now` is milliseconds since the epoch: an open session's duration runs until then. */
export function sessionDocument(state: SessionState, now: number): JsonObject {
  return { ...sessionFacts(state, now), tasks: taskDocuments(state) };
}

/** All of the document but its tasks, of which there may be many. */
export function sessionFacts(state: SessionState, now: number): JsonObject {
  const { durationMs, startedAt, outcome } = state;
  return {
    session_id: state.sessionId,
    session_name: state.sessionName,
    agent_id: state.agentId,
    status: outcome ?? "open",
    outcome,
    error: state.error,
    tags: state.tags,
    metadata: state.metadata,
    created_at: isoTime(state.createdAt),
    due_at: outcome === null ? isoTime(state.dueAt) : null,
    duration_seconds: (durationMs ?? Math.max(0, now - startedAt)) / 1_000,
    patterns: state.patterns,
    totals: { ...taskTotals(state), total: taskCount(state) },
    h1_router_enabled: state.h1RouterEnabled,
    ...(state.h1RouterUrl !== null && { h1_router_url: state.h1RouterUrl }),
    h1: state.h1,
    emergence_alerts: state.alerts,
    forked_from: forkOf(state),
    room: state.emitTiles ? state.scoutRoom : null,
    process: state.process,
    identity_key: state.identityKey,
    policy_key: state.policyKey,
    ...(state.pruned !== null && { pruned: state.pruned }),
  };
}

/** How it was set when it started. */
export function sessionSettings(state: SessionState): JsonObject {
  return {
    max_tasks: state.maxTasks,
    task_timeout_seconds: state.taskTimeoutSeconds,
    session_timeout_seconds: state.sessionTimeoutSeconds,
    h1_router_enabled: state.h1RouterEnabled,
    emergence_threshold_offset: state.emergenceThresholdOffset,
    emit_tiles: state.emitTiles,
    scout_room: state.scoutRoom,
    plato_url: state.platoUrl,
    deliver_tiles: state.deliverTiles,
  };
}

/** Its tasks, in the order they came. */
export function taskDocuments(state: SessionState): readonly JsonObject[] {
  return [...state.tasks.values()].map((task) => taskDocument(task, state.agentId));
}

function forkOf({ forkedFrom }: SessionState): JsonObject | null {
  if (forkedFrom === null) return null;
  const { sessionId, seq, hash } = forkedFrom;
  return { session_id: sessionId, seq, hash };
}

export function taskDocument(task: TaskState, sessionAgentId: string): JsonObject {
  return {
    task_id: task.taskId,
    status: task.status,
    outcome: task.outcome,
    attempts: task.attempt,
    attempts_max: task.retries.max + 1,
    duration_ms: task.durationMs,
    agent_id: task.agentId ?? task.routing?.agent_id ?? sessionAgentId,
    priority: task.priority,
    required_capabilities: task.requiredCapabilities,
    data: task.data,
    ...(task.routing !== null && { routing: task.routing, router: task.router }),
    started_at: timeOrNull(task.startedAt),
    due_at: timeOrNull(task.dueAt),
    retry_at: timeOrNull(task.retryAt),
    heartbeat_at: timeOrNull(task.heartbeatAt),
    ended_at: timeOrNull(task.endedAt),
    error: task.error,
    result: task.result ?? null,
    ...task.record,
  };
}

function timeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(Math.round(at));
}
