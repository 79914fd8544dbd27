// What an agent is shown of a session and its tasks: copies, as they stood when they were asked for. A handle would go
// on showing what the next decision denies.
import type { Json, JsonObject } from "../event/json.ts";
import type { Routing, TaskTotals } from "../tile/session-tiles.ts";
import type { PrunedPart, TaskRecord } from "./events.ts";
import type { SessionOutcome, TaskOutcome, TaskPriority } from "./outcome.ts";
import type { SessionView } from "./session-view.ts";
import type { ForkedFrom } from "./state.ts";
import type { Task } from "./task.ts";

/** A session, without its tasks; members as in `Session`. */
export interface SessionSnapshot {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly agentId: string;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly plan: JsonObject | null;
  readonly forkedFrom: ForkedFrom | null;
  readonly status: "open" | "ended";
  readonly outcome: SessionOutcome | null;
  readonly error: string | null;
  readonly pruned: PrunedPart | null;
  readonly patterns: readonly string[];
  readonly dueAt: number;
  readonly durationSeconds: number;
  readonly totals: TaskTotals;
  readonly h1: SessionView["h1"];
  readonly emergenceAlerts: number;
}

/** A task; members as in `Task`. */
export interface TaskSnapshot {
  readonly taskId: string;
  readonly status: "pending" | "running" | "ended";
  readonly outcome: TaskOutcome | null;
  readonly data: Json;
  readonly priority: TaskPriority;
  readonly requiredCapabilities: readonly string[];
  readonly agentId: string;
  readonly routing: Routing | null;
  readonly attempts: number;
  readonly durationMs: number | null;
  readonly result: Json | undefined;
  readonly error: string | null;
  readonly dueAt: number | null;
  readonly retryAt: number | null;
  readonly record: TaskRecord;
}

export function sessionSnapshot(view: SessionView): SessionSnapshot {
  const { sessionId, sessionName, agentId, tags, metadata, plan, forkedFrom, status, outcome } = view;
  const { error, pruned, patterns, dueAt, durationSeconds, totals, h1, emergenceAlerts } = view;
  return structuredClone({
    sessionId,
    sessionName,
    agentId,
    tags,
    metadata,
    plan,
    forkedFrom,
    status,
    outcome,
    error,
    pruned,
    patterns,
    dueAt,
    durationSeconds,
    totals,
    h1,
    emergenceAlerts,
  });
}

export function taskSnapshot(task: Task): TaskSnapshot {
  const { taskId, status, outcome, data, priority, requiredCapabilities, agentId, routing } = task;
  const { attempts, durationMs, result, error, dueAt, retryAt, record } = task;
  return structuredClone({
    taskId,
    status,
    outcome,
    data,
    priority,
    requiredCapabilities,
    agentId,
    routing,
    attempts,
    durationMs,
    result,
    error,
    dueAt,
    retryAt,
    record,
  });
}
