// How a session starts from the state of another: it is started anew, says what it was forked from, adds the same
// tasks, and tells what had become of each. All in one decision, so that a fork is there whole or not at all.
import { isRefusal, type Decision } from "../event/decider.ts";
import type { ForkSession, StartSession } from "./commands.ts";
import type { SessionEvent, TaskCarried } from "./events.ts";
import { startSession } from "./lifecycle.ts";
import type { SessionState, TaskState } from "./state.ts";
import { fact } from "./tasks.ts";

export function carryOver(state: SessionState, command: ForkSession): Decision<SessionEvent> {
  const { from, state: source } = command;
  const started = startSession(state, startOf(command));
  if (isRefusal(started)) return started;
  const { h1 } = source;
  const forked = fact("session_forked", null, {
    from_session_id: from.sessionId,
    from_seq: from.seq,
    from_hash: from.hash,
    ...(h1 !== null && { h1: { ...h1 } }),
  });
  const tasks = [...source.tasks.values()];
  const pending = tasks.filter((task) => task.status !== "ended" && !isFresh(task));
  // In the order they ended: patterns are read from it.
  const ended = source.ends.flatMap((end) => {
    const task = source.tasks.get(end.taskId);
    return task === undefined ? [] : [taskCarried(task, end.closedBySession)];
  });
  return [
    ...started,
    forked,
    ...tasks.map((task) => taskAdded(task, source)),
    ...pending.map((task) => taskCarried(task, false)),
    ...ended,
  ];
}

function startOf({ now, sessionId, process, boot, state }: ForkSession): StartSession {
  const { sessionName, agentId, tags, metadata, maxTasks, taskTimeoutSeconds, sessionTimeoutSeconds } = state;
  const { h1RouterEnabled, emergenceThresholdOffset, scoutRoom, emitTiles, plan } = state;
  const { identityKey, policyKey, recordAllows, platoUrl, deliverTiles, h1RouterUrl } = state;
  const { roles: granted } = state;
  return {
    type: "start_session",
    now,
    sessionId,
    sessionName,
    agentId,
    tags,
    metadata,
    maxTasks,
    taskTimeoutSeconds,
    sessionTimeoutSeconds,
    h1RouterEnabled,
    emergenceThresholdOffset,
    scoutRoom,
    emitTiles,
    platoUrl,
    deliverTiles,
    h1RouterUrl,
    plan,
    identityKey,
    policyKey,
    // What was negotiated holds in the fork too, less what was revoked since; agents are attached anew.
    roles: granted.length === 0 ? null : { requested: granted, granted, refused: [] },
    recordAllows,
    process,
    boot,
  };
}

/** Nothing had happened to it since it was added. */
function isFresh({ status, attempt, routing }: TaskState): boolean {
  return status === "pending" && attempt === 0 && routing === null;
}

function taskAdded(task: TaskState, source: SessionState): SessionEvent {
  const { agentId, timeoutSeconds, retries } = task;
  return fact("task_added", null, {
    task_id: task.taskId,
    data: task.data,
    priority: task.priority,
    required_capabilities: task.requiredCapabilities,
    ...(agentId !== null && { agent_id: agentId }),
    ...(timeoutSeconds !== source.taskTimeoutSeconds && { timeout_seconds: timeoutSeconds }),
    ...(retries.max > 0 && { retries }),
  });
}

/** An attempt that ran is not carried: the task waits for the next, and no retry is used up. */
function taskCarried(task: TaskState, closedBySession: boolean): SessionEvent {
  const { taskId, attempt, retried, routing, error, retryAt, outcome } = task;
  const end: TaskCarried["end"] =
    outcome === null
      ? undefined
      : {
          ...task.record,
          outcome,
          duration_ms: task.durationMs ?? 0,
          ended_at: task.endedAt ?? 0,
          ...(closedBySession && { closed_by_session: true }),
          ...(task.result !== undefined && { result: task.result }),
        };
  return fact("task_carried", null, {
    task_id: taskId,
    attempt,
    retried,
    ...(routing !== null && { routing }),
    ...(error !== null && { error }),
    ...(retryAt !== null && { retry_at: retryAt }),
    ...(end !== undefined && { end }),
  });
}
