// Letting go of what an ended session holds: first its stream says so, with all that stays, then the store may act.
import type { Decision, Happened } from "../event/decider.ts";
import type { PruneSession } from "./commands.ts";
import type { SessionEvent, SessionPruned } from "./events.ts";
import { initialState, taskTotals, type SessionState } from "./state.ts";
import { fact } from "./tasks.ts";

export function pruneSession(state: SessionState, command: PruneSession): Decision<SessionEvent> {
  const { status, outcome, durationMs } = state;
  if (status !== "ended" || outcome === null || durationMs === null) {
    const what = status === "none" ? "There is no such session." : `Session ${state.sessionId} is open.`;
    return { code: "conflict", what, todo: "Prune sessions that have ended." };
  }
  // A record that came since `to` was read would stay behind, before the event that says what went.
  if (state.recordSeq > command.to) return [];
  if (state.pruned === "events" || state.pruned === command.what || state.pruned !== command.seen) return [];
  if (command.what === "blobs") return [fact("blobs_pruned", null, {})];
  const { to, lastHash } = command;
  const { forkedFrom: forked } = state;
  return [
    fact("pruned", null, {
      from: 1,
      to,
      last_hash: lastHash,
      session_id: state.sessionId,
      session_name: state.sessionName,
      agent_id: state.agentId,
      tags: state.tags,
      max_tasks: state.maxTasks,
      task_timeout_seconds: state.taskTimeoutSeconds,
      session_timeout_seconds: state.sessionTimeoutSeconds,
      h1_router_enabled: state.h1RouterEnabled,
      emergence_threshold_offset: state.emergenceThresholdOffset,
      scout_room: state.scoutRoom,
      emit_tiles: state.emitTiles,
      labels: state.labels,
      boot_id: state.boot.id,
      boot_offset_ms: state.boot.offsetMs,
      created_at: state.createdAt,
      started_at: state.startedAt,
      due_at: state.dueAt,
      active_at: state.activeAt,
      outcome,
      duration_ms: durationMs,
      patterns: state.patterns,
      tasks: taskTotals(state),
      h1: state.h1,
      forked_from:
        forked === null ? null : { session_id: forked.sessionId, seq: forked.seq, hash: forked.hash },
    }),
  ];
}

/** The state after a `pruned` event, which is the same whatever was known of the events before it. */
export function prunedState({ data }: Happened<SessionEvent & { readonly type: "pruned" }>): SessionState {
  const { total: _total, succeeded: success, failed, cancelled, timed_out: timeout } = data.tasks;
  const { forked_from: forked } = data;
  return {
    ...initialState(),
    status: "ended",
    pruned: "events",
    ...identity(data),
    labels: data.labels,
    boot: { id: data.boot_id, offsetMs: data.boot_offset_ms },
    createdAt: data.created_at,
    startedAt: data.started_at,
    dueAt: data.due_at,
    activeAt: data.active_at,
    outcome: data.outcome,
    durationMs: data.duration_ms,
    patterns: data.patterns,
    h1: data.h1,
    forkedFrom: forked === null ? null : { sessionId: forked.session_id, seq: forked.seq, hash: forked.hash },
    totals: { success, failed, cancelled, timeout },
  };
}

function identity(data: SessionPruned): Partial<SessionState> {
  return {
    sessionId: data.session_id,
    sessionName: data.session_name,
    agentId: data.agent_id,
    tags: data.tags,
    maxTasks: data.max_tasks,
    taskTimeoutSeconds: data.task_timeout_seconds,
    sessionTimeoutSeconds: data.session_timeout_seconds,
    h1RouterEnabled: data.h1_router_enabled,
    emergenceThresholdOffset: data.emergence_threshold_offset,
    scoutRoom: data.scout_room,
    emitTiles: data.emit_tiles,
  };
}
