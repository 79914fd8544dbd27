// What can be asked of a session's tasks, and what follows: events, or a refusal that says what to do.
import type { Decision, Refusal } from "../event/decider.ts";
import type { Fact } from "../event/event.ts";
import type { AddTask, CompleteTask, LoseAttempt, NoteHeartbeat, RouteTask, StartTask } from "./commands.ts";
import type { SessionEvent } from "./events.ts";
import type { TaskOutcome } from "./outcome.ts";
import type { RouterAlert } from "./router.ts";
import type { SessionState, TaskState } from "./state.ts";

export function addTask(state: SessionState, command: AddTask): Decision<SessionEvent> {
  const refusal = refuseUnlessOpen(state) ?? refuseOverLimit(state);
  if (refusal !== null) return refusal;
  const { taskId, agentId, timeoutSeconds, retries } = command;
  if (state.tasks.has(taskId)) {
    return {
      code: "task_exists",
      what: `Session ${state.sessionId} has a task ${quote(taskId)} already.`,
      todo: "Give the new task an id of its own; a task is added once.",
    };
  }
  return [
    fact("task_added", null, {
      task_id: taskId,
      data: command.data,
      priority: command.priority,
      required_capabilities: command.requiredCapabilities,
      ...(agentId !== null && { agent_id: agentId }),
      ...(timeoutSeconds !== null && { timeout_seconds: timeoutSeconds }),
      ...(retries !== null && { retries }),
    }),
  ];
}

export function routeTask(state: SessionState, command: RouteTask): Decision<SessionEvent> {
  const task = state.tasks.get(command.taskId);
  const refusal =
    refuseUnlessOpen(state) ??
    (task === undefined ? refuseOverLimit(state) : refuseIfEnded(task, "it cannot be routed"));
  if (refusal !== null) return refusal;
  const { taskId: task_id, requiredCapabilities, routing, router, reasoning, unreachable, alert } = command;
  const fellBack =
    unreachable === null ? [] : [fact("routing_fell_back", null, { task_id, router, reason: unreachable })];
  const routed = {
    task_id,
    required_capabilities: requiredCapabilities,
    routing,
    router,
    ...(unreachable !== null && { fell_back: true as const }),
    reasoning,
  };
  const alerted = alert === null ? [] : [emergenceAlert(state, command, alert)];
  return [...fellBack, fact("task_routed", null, routed), ...alerted];
}

function emergenceAlert(
  state: SessionState,
  { taskId, routing }: RouteTask,
  alert: RouterAlert,
): SessionEvent {
  const { h1, threshold, vertices, edges, recommendation } = alert;
  return fact("emergence_alert", roomOf(state), {
    session_id: state.sessionId,
    h1,
    threshold,
    offset: state.emergenceThresholdOffset,
    vertices,
    edges,
    routing_decision: { task_id: taskId, ...routing },
    recommendation,
  });
}

export function startTask(state: SessionState, command: StartTask): Decision<SessionEvent> {
  const task = findTask(state, command.taskId);
  if ("code" in task) return task;
  const refusal = refuseIfEnded(task, "it cannot start again") ?? refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  if (task.status === "running") {
    return {
      code: "conflict",
      what: `Attempt ${task.attempt} of task ${quote(task.taskId)} is running already.`,
      todo: "Wait for it to end, or cancel the task.",
    };
  }
  return [attemptStarted(state, task, command)];
}

/** Within this time of the last sign of life another one says nothing new. */
const HEARTBEAT_MS_MIN = 1_000;

/** A sign of life is kept, and moves no deadline: an attempt has the time it was given, however often it speaks. */
export function noteHeartbeat(state: SessionState, command: NoteHeartbeat): Decision<SessionEvent> {
  const task = findTask(state, command.taskId);
  if ("code" in task) return task;
  const refusal =
    refuseIfEnded(task, "its work can stop") ??
    refuseUnlessOpen(state) ??
    refuseOldAttempt(task, command.attempt) ??
    refuseUnlessRunning(task);
  if (refusal !== null) return refusal;
  const { now, note } = command;
  const heard = task.heartbeatAt ?? task.startedAt ?? 0;
  if (note === null && now < heard + HEARTBEAT_MS_MIN) return [];
  const { taskId: task_id, attempt } = task;
  return [fact("task_heartbeat", null, { task_id, attempt, ...(note !== null && { note }) })];
}

export function completeTask(state: SessionState, command: CompleteTask): Decision<SessionEvent> {
  const task = findTask(state, command.taskId);
  if ("code" in task) return task;
  const refusal =
    refuseIfEnded(task, `its completion as ${command.outcome} was refused`) ??
    refuseUnlessOpen(state) ??
    refuseOldAttempt(task, command.attempt);
  if (refusal !== null) return refusal;
  const { outcome, now } = command;
  // Work that was done had a beginning: an attempt that is over does not end again (law 2).
  const begins = task.status !== "running" && outcome !== "cancelled";
  const attempt = begins ? task.attempt + 1 : task.attempt;
  const started = begins
    ? [attemptStarted(state, task, { now, agentId: null, process: null } as StartTask)]
    : [];
  const since = task.startedAt ?? now;
  const ending: Ending = { ...command, durationMs: command.durationMs ?? Math.max(0, now - since), attempt };
  return [...started, endAttempt(state, task, ending)];
}

export function loseAttempt(state: SessionState, command: LoseAttempt): Decision<SessionEvent> {
  const task = findTask(state, command.taskId);
  if ("code" in task) return task;
  const refusal = refuseIfEnded(task, "none of its attempts can be lost") ?? refuseUnlessOpen(state);
  if (refusal !== null) return refusal;
  // Who finds the attempt gone already was not the first to look: nothing is to be done.
  if (task.status !== "running" || task.attempt !== command.attempt) return [];
  return [
    fact("attempt_ended", null, {
      ...command.record,
      task_id: task.taskId,
      attempt: task.attempt,
      outcome: "lost",
      duration_ms: Math.max(0, command.now - (task.startedAt ?? command.now)),
      error: command.reason,
      retry_at: command.now,
    }),
  ];
}

/** A running task is past its time: its attempt ends as `timeout`, after just that time. */
export function timeOutTask(state: SessionState, task: TaskState, now: number): SessionEvent {
  return endAttempt(state, task, {
    now,
    outcome: "timeout",
    durationMs: task.timeoutSeconds * 1_000,
    attempt: task.attempt,
    result: undefined,
    error: `Timed out after ${task.timeoutSeconds} s.`,
    record: {},
  });
}

/** The session ends while a task is open. */
export function closeTask(state: SessionState, task: TaskState, now: number, why: string): SessionEvent {
  const ended = taskEnded(state, task, {
    now,
    outcome: "cancelled",
    durationMs: Math.max(0, now - (task.startedAt ?? now)),
    attempt: task.attempt,
    result: undefined,
    error: why,
    record: {},
  });
  return { ...ended, data: { ...ended.data, closed_by_session: true } };
}

/** How an attempt ended; the task ends with it unless it gets another. */
interface Ending extends Pick<CompleteTask, "outcome" | "result" | "error" | "record"> {
  readonly now: number;
  readonly durationMs: number;
  readonly attempt: number;
}

function attemptStarted(state: SessionState, task: TaskState, command: StartTask): SessionEvent {
  const { now, process } = command;
  return fact("task_started", roomOf(state), {
    session_id: state.sessionId,
    task_id: task.taskId,
    agent_id: command.agentId ?? agentOf(state, task),
    attempt: task.attempt + 1,
    ...(task.routing !== null && { routing: task.routing }),
    due_at: now + task.timeoutSeconds * 1_000,
    ...(process !== null && { process }),
  });
}

function endAttempt(state: SessionState, task: TaskState, ending: Ending): SessionEvent {
  const { outcome, now, durationMs, error, record } = ending;
  if (!triesAgain(task, outcome)) return taskEnded(state, task, ending);
  const backoffMs = task.retries.backoff_seconds * 1_000 * 2 ** task.retried;
  return fact("attempt_ended", null, {
    ...record,
    task_id: task.taskId,
    attempt: ending.attempt,
    outcome,
    duration_ms: durationMs,
    ...(error !== null && { error }),
    retry_at: now + backoffMs,
  });
}

function triesAgain(task: TaskState, outcome: TaskOutcome): outcome is "failed" | "timeout" {
  if (outcome !== "failed" && outcome !== "timeout") return false;
  return task.retried < task.retries.max && task.retries.on.includes(outcome);
}

function taskEnded(state: SessionState, task: TaskState, ending: Ending): EventOf<"task_ended"> {
  const { outcome, durationMs, attempt, result, error, record } = ending;
  return fact("task_ended", roomOf(state), {
    session_id: state.sessionId,
    task_id: task.taskId,
    agent_id: agentOf(state, task),
    outcome,
    duration_ms: durationMs,
    attempt,
    ...(result !== undefined && { result }),
    ...(error !== null && { error }),
    ...record,
    ...(task.router !== null && { router: task.router }),
  });
}

/** Who does a task: whom it was given to, else whom it was routed to, else the session's own agent. */
export function agentOf(state: SessionState, task: TaskState): string {
  return task.agentId ?? task.routing?.agent_id ?? state.agentId;
}

/** The room a session's tiles go to; null when it sends none. */
export function roomOf(state: SessionState): string | null {
  return state.emitTiles ? state.scoutRoom : null;
}

type EventOf<Type extends SessionEvent["type"]> = Extract<SessionEvent, { readonly type: Type }>;

/** An event of the session, its data's shape checked against its type. */
export function fact<Type extends SessionEvent["type"]>(
  type: Type,
  room: string | null,
  data: EventOf<Type>["data"],
): EventOf<Type> {
  const made: Fact = { type, room, data };
  return made as EventOf<Type>;
}

/** What no task can be asked once its session has ended. */
export function refuseUnlessOpen(state: SessionState): Refusal | null {
  if (state.status === "open") return null;
  if (state.status === "none") {
    return {
      code: "not_found",
      what: "There is no such session.",
      todo: "Check the session id; `holodeck session ls` lists them.",
    };
  }
  return {
    code: "session_ended",
    what: `Session ${state.sessionId} ended as ${state.outcome}.`,
    todo: "Start a new session; one that has ended stays as it is.",
  };
}

function refuseOverLimit(state: SessionState): Refusal | null {
  if (state.tasks.size < state.maxTasks) return null;
  return {
    code: "task_limit",
    what: `Session ${state.sessionId} has ${state.tasks.size} tasks and may have ${state.maxTasks}.`,
    todo: "Start a session that may have more, or split the work into sessions.",
  };
}

function refuseIfEnded(task: TaskState, so: string): Refusal | null {
  if (task.status !== "ended") return null;
  return {
    code: "task_ended",
    what: `Task ${quote(task.taskId)} ended as ${task.outcome}; ${so}.`,
    todo: "A task ends once. Add a new task for new work.",
  };
}

function refuseUnlessRunning(task: TaskState): Refusal | null {
  if (task.status === "running") return null;
  return {
    code: "conflict",
    what: `No attempt of task ${quote(task.taskId)} is running.`,
    todo: "Stop the work: start an attempt first, and tell of its life after that.",
  };
}

function refuseOldAttempt(task: TaskState, attempt: number | null): Refusal | null {
  if (attempt === null || (attempt === task.attempt && task.status === "running")) return null;
  return {
    code: "conflict",
    what: `Attempt ${attempt} of task ${quote(task.taskId)} is over; ${task.attempt} were started.`,
    todo: "Drop this result: an attempt completes only as itself.",
  };
}

export function findTask(state: SessionState, taskId: string): TaskState | Refusal {
  const task = state.tasks.get(taskId);
  if (task !== undefined) return task;
  return (
    (state.status === "none" ? refuseUnlessOpen(state) : null) ?? {
      code: "task_not_found",
      what: `Session ${state.sessionId} has no task ${quote(taskId)}.`,
      todo: "Add it first; the session's tasks say what there is.",
    }
  );
}

export function quote(taskId: string): string {
  return JSON.stringify(taskId.slice(0, 100));
}
