// What each event changes in a session. Deterministic: the same events give the same state on any machine.
import type { Happened } from "../event/decider.ts";
import { takePartChanged } from "./agents.ts";
import type { SessionEvent, TaskAdded, TaskCarried } from "./events.ts";
import { prunedState } from "./prune.ts";
import { NO_RECORD, recordKept, recordOf, recordWith } from "./records.ts";
import { NO_RETRIES, type SessionState, type TaskState } from "./state.ts";

type Started = EventOf<"session_started">["data"];
type EventOf<Type extends SessionEvent["type"]> = Extract<Happened<SessionEvent>, { readonly type: Type }>;

/** Changes `state` in place and returns it, but for a pruned session: that begins anew. */
export function evolve(state: SessionState, event: Happened<SessionEvent>): SessionState {
  if (event.type === "pruned") return prunedState(event);
  switch (event.type) {
    case "session_started":
      started(state, event);
      break;
    case "session_forked":
      forked(state, event);
      break;
    case "session_resumed":
      resumed(state, event);
      break;
    case "clock_set":
      clockSet(state, event.data.by_ms, event.data.boot_offset_ms);
      break;
    case "task_added":
      addTask(state, event.data);
      break;
    case "task_carried":
      taskCarried(state, event);
      break;
    case "task_routed":
      routed(state, event);
      break;
    case "task_started":
    case "task_heartbeat":
    case "attempt_ended":
    case "record_kept":
      attemptWent(state, event);
      break;
    case "task_ended":
      taskEnded(state, event);
      break;
    case "session_error":
      state.error = event.data.error;
      break;
    case "session_ended":
      ended(state, event);
      break;
    case "emergence_alert":
      state.alerts += 1;
      break;
    case "blobs_pruned":
      state.pruned = "blobs";
      break;
    default:
      takePartChanged(state, event);
  }
  return state;
}

function started(state: SessionState, { data, at }: EventOf<"session_started">): void {
  state.status = "open";
  state.sessionId = data.session_id;
  state.sessionName = data.session_name;
  state.agentId = data.agent_id;
  state.tags = data.tags;
  state.labels = labelsOf(data);
  state.metadata = data.metadata;
  state.maxTasks = data.max_tasks;
  state.taskTimeoutSeconds = data.task_timeout_seconds;
  state.sessionTimeoutSeconds = data.session_timeout_seconds;
  state.h1RouterEnabled = data.h1_router_enabled;
  state.emergenceThresholdOffset = data.emergence_threshold_offset;
  state.scoutRoom = data.scout_room;
  state.emitTiles = data.emit_tiles;
  state.platoUrl = data.plato_url ?? "";
  state.deliverTiles = data.deliver_tiles ?? false;
  state.h1RouterUrl = data.h1_router_url ?? null;
  state.plan = data.plan ?? null;
  state.identityKey = data.identity_key;
  state.policyKey = data.policy_key;
  state.cursorKeys = data.cursor_keys;
  state.recordAllows = data.record_allows ?? "sampled";
  state.process = data.process ?? null;
  state.boot = { id: data.boot_id, offsetMs: data.boot_offset_ms };
  state.createdAt = at;
  state.startedAt = at;
  state.activeAt = at;
  state.dueAt = at + data.session_timeout_seconds * 1_000;
}

function resumed(state: SessionState, { data }: EventOf<"session_resumed">): void {
  state.process = data.process;
  state.boot = { id: data.process.boot_id, offsetMs: data.boot_offset_ms };
}

function forked(state: SessionState, { data }: EventOf<"session_forked">): void {
  state.forkedFrom = { sessionId: data.from_session_id, seq: data.from_seq, hash: data.from_hash };
  state.h1 = data.h1 === undefined ? null : { ...data.h1 };
}

/** On the heads of sessions that were started by a plan. */
export const PLAN_LABEL = "plan";

/** A head has at most 32 labels: the agent, the name, and tags as far as they fit. */
const LABELS_MAX = 32;

function labelsOf({ agent_id, session_name, tags, plan }: Started): readonly string[] {
  const labels = [
    `agent:${agent_id}`,
    `name:${session_name}`,
    ...(plan === undefined ? [] : [PLAN_LABEL]),
    ...tags.map((tag) => `tag:${tag}`),
  ];
  return [...new Set(labels)].slice(0, LABELS_MAX);
}

/** Moves every open deadline with the clock, so that what is left of it stays the same. */
function clockSet(state: SessionState, byMs: number, bootOffsetMs: number): void {
  state.boot = { id: state.boot.id, offsetMs: bootOffsetMs };
  state.startedAt += byMs;
  state.dueAt += byMs;
  state.activeAt += byMs;
  for (const agent of state.agents.values()) if (agent.dueAt !== null) agent.dueAt += byMs;
  for (const taskId of state.open) {
    const task = state.tasks.get(taskId);
    if (task === undefined) continue;
    if (task.startedAt !== null) task.startedAt += byMs;
    if (task.dueAt !== null) task.dueAt += byMs;
    if (task.retryAt !== null) task.retryAt += byMs;
    if (task.heartbeatAt !== null) task.heartbeatAt += byMs;
  }
}

function addTask(state: SessionState, data: TaskAdded): TaskState {
  const task: TaskState = {
    taskId: data.task_id,
    data: data.data,
    priority: data.priority,
    requiredCapabilities: data.required_capabilities,
    agentId: data.agent_id ?? null,
    timeoutSeconds: data.timeout_seconds ?? state.taskTimeoutSeconds,
    retries: data.retries ?? NO_RETRIES,
    routing: null,
    router: null,
    routings: 0,
    status: "pending",
    attempt: 0,
    retried: 0,
    startedAt: null,
    dueAt: null,
    process: null,
    heartbeatAt: null,
    retryAt: null,
    outcome: null,
    durationMs: null,
    endedAt: null,
    result: undefined,
    error: null,
    record: NO_RECORD,
  };
  state.tasks.set(task.taskId, task);
  state.open.add(task.taskId);
  return task;
}

/** Who routed before events told it. */
const FIRST_ROUTER = "fleet:default";

/** A task that was routed but never added is registered by its routing. */
function routed(state: SessionState, { data }: EventOf<"task_routed">): void {
  const { task_id, required_capabilities, routing } = data;
  const task =
    state.tasks.get(task_id) ??
    addTask(state, { task_id, data: null, priority: "normal", required_capabilities });
  task.routing = routing;
  task.router = data.router ?? FIRST_ROUTER;
  task.routings += 1;
  state.h1 = { start: state.h1?.start ?? routing.h1_before, end: routing.h1_after };
}

function attemptWent(
  state: SessionState,
  event: EventOf<"task_started" | "task_heartbeat" | "attempt_ended" | "record_kept">,
): void {
  if (event.type === "task_started") attemptStarted(state, event);
  else if (event.type === "task_heartbeat") heard(state, event);
  else if (event.type === "record_kept") recordKept(state, event);
  else attemptEnded(state, event);
}

function attemptStarted(state: SessionState, { data, at }: EventOf<"task_started">): void {
  state.activeAt = Math.max(state.activeAt, at);
  const task = state.tasks.get(data.task_id);
  if (task === undefined) return;
  task.status = "running";
  task.agentId = data.agent_id;
  state.running.add(task.taskId);
  task.attempt = data.attempt;
  task.startedAt = data.due_at - task.timeoutSeconds * 1_000;
  task.dueAt = data.due_at;
  task.process = data.process ?? null;
  task.heartbeatAt = null;
  task.retryAt = null;
  task.record = NO_RECORD;
}

function heard(state: SessionState, { data, at }: EventOf<"task_heartbeat">): void {
  const task = state.tasks.get(data.task_id);
  if (task !== undefined) task.heartbeatAt = at;
}

function attemptEnded(state: SessionState, { data, at }: EventOf<"attempt_ended">): void {
  state.activeAt = Math.max(state.activeAt, at);
  const task = state.tasks.get(data.task_id);
  if (task === undefined) return;
  task.status = "pending";
  state.running.delete(task.taskId);
  task.startedAt = null;
  task.dueAt = null;
  task.process = null;
  task.heartbeatAt = null;
  task.retryAt = data.retry_at;
  task.error = data.error ?? null;
  task.record = recordOf(data);
  if (data.outcome !== "lost") task.retried += 1;
}

function taskEnded(state: SessionState, { data, at }: EventOf<"task_ended">): void {
  const task = state.tasks.get(data.task_id);
  if (task === undefined) return;
  closeTask(state, task, { ...data, ended_at: at });
  if (data.closed_by_session !== true) state.activeAt = Math.max(state.activeAt, at);
}

/** A task as the session this one was forked from left it. What happened there is no activity here. */
function taskCarried(state: SessionState, { data }: EventOf<"task_carried">): void {
  const task = state.tasks.get(data.task_id);
  if (task === undefined) return;
  task.attempt = data.attempt;
  task.retried = data.retried;
  task.routing = data.routing ?? null;
  task.error = data.error ?? null;
  task.retryAt = data.retry_at ?? null;
  if (data.end === undefined) return;
  const { attempt } = data;
  closeTask(state, task, { ...data.end, attempt, ...(data.error !== undefined && { error: data.error }) });
}

type Ending = NonNullable<TaskCarried["end"]> & { readonly attempt: number; readonly error?: string };

function closeTask(state: SessionState, task: TaskState, ending: Ending): void {
  const { outcome, duration_ms: durationMs, attempt: attempts } = ending;
  task.status = "ended";
  task.outcome = outcome;
  task.durationMs = durationMs;
  task.endedAt = ending.ended_at;
  task.result = ending.result;
  task.error = ending.error ?? null;
  // A task that is ended between two attempts keeps what there is of the last.
  task.record = recordWith(task.record, ending);
  task.startedAt = null;
  task.dueAt = null;
  task.retryAt = null;
  task.process = null;
  task.heartbeatAt = null;
  state.open.delete(task.taskId);
  state.running.delete(task.taskId);
  state.totals[outcome] += 1;
  const closedBySession = ending.closed_by_session === true;
  state.ends.push({ taskId: task.taskId, outcome, durationMs, attempts, closedBySession });
}

function ended(state: SessionState, { data }: EventOf<"session_ended">): void {
  state.status = "ended";
  state.outcome = data.outcome;
  state.error = data.error ?? state.error;
  state.durationMs = data.duration_ms;
  state.patterns = data.patterns;
  // A session that has ended holds nobody.
  state.agents.clear();
}
