// How a session starts, changes hands, runs out of time, and ends.
import { CLOCK_CHANGE_MS_MIN } from "../event/clock.ts";
import type { Decision, Moment } from "../event/decider.ts";
import { disconnected } from "./agents.ts";
import type { EndSession, ResumeSession, SessionCommand, SetClock, StartSession } from "./commands.ts";
import type { ProcessIdentity, SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { SessionOutcome } from "./outcome.ts";
import { patternsOf } from "./patterns.ts";
import { nextDueAt, taskTotals, type SessionState, type TaskState } from "./state.ts";
import { closeTask, fact, refuseUnlessOpen, roomOf, timeOutTask } from "./tasks.ts";

export function startSession(state: SessionState, command: StartSession): Decision<SessionEvent> {
  if (state.status !== "none") {
    return {
      code: "conflict",
      what: `Session ${state.sessionId} exists already.`,
      todo: "Leave the id out, so that a new one is made.",
    };
  }
  const { plan, process, boot, roles, recordAllows } = command;
  const negotiated = roles === null ? [] : [fact("roles_negotiated", null, roles)];
  return [
    fact("session_started", command.emitTiles ? command.scoutRoom : null, {
      session_id: command.sessionId,
      agent_id: command.agentId,
      session_name: command.sessionName,
      tags: command.tags,
      metadata: command.metadata,
      max_tasks: command.maxTasks,
      task_timeout_seconds: command.taskTimeoutSeconds,
      session_timeout_seconds: command.sessionTimeoutSeconds,
      h1_router_enabled: command.h1RouterEnabled,
      emergence_threshold_offset: command.emergenceThresholdOffset,
      scout_room: command.scoutRoom,
      emit_tiles: command.emitTiles,
      plato_url: command.platoUrl,
      deliver_tiles: command.deliverTiles,
      ...(command.h1RouterUrl !== null && { h1_router_url: command.h1RouterUrl }),
      ...(plan !== null && { plan }),
      identity_key: command.identityKey,
      policy_key: command.policyKey,
      cursor_keys: [],
      ...(recordAllows !== "sampled" && { record_allows: recordAllows }),
      ...(process !== null && { process }),
      boot_id: boot.id,
      boot_offset_ms: boot.offsetMs,
    }),
    ...negotiated,
  ];
}

export function resumeSession(state: SessionState, command: ResumeSession): Decision<SessionEvent> {
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  const owner = state.process;
  const { process, boot, ownerAlive } = command;
  if (isSame(owner, process)) return [];
  // Whoever judged another process than the one that has the work now was not the first to take it over.
  if (owner !== null && (ownerAlive || !isSame(owner, command.owner))) {
    return {
      code: "conflict",
      what: `Session ${state.sessionId} is being worked on by process ${owner.pid} on ${owner.host}.`,
      todo: "Wait for it, or stop that process first.",
    };
  }
  return [fact("session_resumed", null, { process, boot_offset_ms: boot.offsetMs })];
}

function isSame(one: ProcessIdentity | null, other: ProcessIdentity | null): boolean {
  if (one === null || other === null) return one === other;
  return one.pid === other.pid && one.start_time === other.start_time && one.boot_id === other.boot_id;
}

export function endSession(state: SessionState, command: EndSession): Decision<SessionEvent> {
  if (state.status === "ended") return [];
  const refusal = refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  const { now, outcome, error } = command;
  const durationMs = Math.max(0, now - state.startedAt);
  return close(state, { now, outcome, error, durationMs, why: `The session ended as ${outcome}.` });
}

/** The command time alone makes due (law 3): a set clock first, for it moves the deadlines. */
export function settle(state: SessionState, { now, boot }: Moment): SessionCommand | null {
  if (state.status !== "open") return null;
  const setBy = boot.id === state.boot.id ? Math.abs(boot.offsetMs - state.boot.offsetMs) : 0;
  if (setBy >= CLOCK_CHANGE_MS_MIN) return { type: "set_clock", now, boot };
  const dueAt = nextDueAt(state);
  return dueAt !== null && dueAt <= now ? { type: "expire", now } : null;
}

export function setClock(state: SessionState, { boot }: SetClock): Decision<SessionEvent> {
  const byMs = boot.offsetMs - state.boot.offsetMs;
  return [fact("clock_set", null, { by_ms: byMs, boot_offset_ms: boot.offsetMs })];
}

/** Agents that are not heard of leave, tasks past their time end as `timeout`, the longest overdue first; when the session's time is up, it ends with all it holds. */
export function expire(state: SessionState, now: number): Decision<SessionEvent> {
  const sessionDue = state.dueAt <= now;
  const until = sessionDue ? state.dueAt : now;
  const late = openTasks(state).filter((task) => task.dueAt !== null && task.dueAt <= until);
  const silent = disconnected(state, until);
  if (late.length > 0 || silent.length > 0) {
    late.sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
    return [...late.map((task) => timeOutTask(state, task, now)), ...silent];
  }
  if (!sessionDue) return [];
  const seconds = state.sessionTimeoutSeconds;
  const why = `The session timed out after ${seconds} s.`;
  return close(state, { now, outcome: "timeout", error: why, durationMs: seconds * 1_000, why });
}

interface Closing {
  readonly now: number;
  readonly outcome: SessionOutcome;
  readonly error: string | null;
  readonly durationMs: number;
  /** What the tasks that are still open are told. */
  readonly why: string;
}

/** Open tasks are cancelled, the error is told, and the end sums it all up: one decision, one append. */
function close(state: SessionState, closing: Closing): readonly SessionEvent[] {
  const { now, outcome, error, durationMs, why } = closing;
  const { sessionId: session_id, agentId: agent_id, sessionName: session_name } = state;
  const closed = openTasks(state).map((task) => closeTask(state, task, now, why));
  const told =
    error === null
      ? []
      : [fact("session_error", roomOf(state), { session_id, agent_id, session_name, error })];
  const after = afterClosing(state, closed, now);
  const { h1 } = state;
  const ended = fact("session_ended", roomOf(state), {
    session_id,
    agent_id,
    session_name,
    outcome,
    duration_ms: durationMs,
    tasks: taskTotals(after),
    ...(state.h1RouterEnabled && { h1_delta: h1Delta(h1) }),
    patterns: patternsOf({ ...after, outcome, durationMs }),
    ...(error !== null && { error }),
  });
  return [...closed, ...told, ended];
}

/** What totals and patterns will see once the open tasks are closed; `state` itself stays as it is. */
function afterClosing(state: SessionState, closed: readonly SessionEvent[], now: number): SessionState {
  const after: SessionState = {
    ...state,
    tasks: new Map(openTasks(state).map((task) => [task.taskId, { ...task }])),
    open: new Set(state.open),
    running: new Set(state.running),
    ends: [...state.ends],
    totals: { ...state.totals },
  };
  return closed.reduce((folded, event) => evolve(folded, { ...event, at: now, seq: 0 }), after);
}

function h1Delta(h1: SessionState["h1"]): { start: number; end: number; change: number } {
  const { start, end } = h1 ?? { start: 0, end: 0 };
  return { start, end, change: end - start };
}

function openTasks(state: SessionState): TaskState[] {
  return [...state.open].flatMap((taskId) => state.tasks.get(taskId) ?? []);
}
