// What a view of a running plan shows, read from the session, its plan and the tasks' output.
import type { Plan, PlanTask } from "../run/plan-schema.ts";
import type { Session } from "../session/session.ts";

export interface ViewState {
  readonly sessionName: string;
  readonly sessionId: string;
  /**
   * `open`, `stopped` when it is open and the run is over, `ending` when it has ended and the run is not over, or the
   * outcome it ended with.
   */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Null while the run goes on. */
  readonly durationMs: number | null;
  readonly limitMs: number;
  /** How many tasks run at once at most. */
  readonly concurrency: number;
  /** In the plan's order. */
  readonly tasks: readonly TaskView[];
  /** What to type next. */
  readonly hints: ViewHints;
}

/** Commands that go on with the session, and that show it. */
export interface ViewHints {
  readonly resume: string;
  readonly show: string;
}

export interface TaskView {
  readonly taskId: string;
  readonly agentId: string;
  readonly state: TaskViewState;
  /** Of the running attempt; null otherwise. Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly durationMs: number | null;
  /** 0 before the first. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** When the next attempt may start; null when none waits. */
  readonly retryAt: number | null;
  /** The error it ended with, or its last line of output; not yet made printable. */
  readonly last: string;
}

export type TaskViewState =
  | "waiting"
  | "running"
  | "retrying"
  | "success"
  | "failed"
  | "timeout"
  | "cancelled";

export interface Viewed {
  readonly session: Session;
  readonly plan: Plan;
  readonly hints: ViewHints;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The last line a task has written. */
  readonly lastLine: (taskId: string) => string;
}

export function viewState({ hints, ...viewed }: Viewed): ViewState {
  const { session, plan } = viewed;
  const { limits } = plan;
  const limitMs = limits.session_timeout_seconds * 1_000;
  return {
    sessionName: session.sessionName,
    sessionId: session.sessionId,
    status: session.outcome ?? "open",
    startedAt: session.dueAt - limitMs,
    durationMs: session.outcome === null ? null : session.durationSeconds * 1_000,
    limitMs,
    concurrency: limits.concurrency,
    tasks: plan.tasks.map((task) => taskView(task, viewed)),
    hints,
  };
}

function taskView(planned: PlanTask, { session, plan, now, lastLine }: Omit<Viewed, "hints">): TaskView {
  const task = session.getTask(planned.id);
  const timeoutSeconds = planned.timeout_seconds ?? plan.limits.task_timeout_seconds;
  const dueAt = task?.dueAt ?? null;
  // One that may start by now waits as the others do, for room or for somebody to go on.
  const retryAt = (task?.retryAt ?? 0) > now ? (task?.retryAt ?? null) : null;
  const state =
    task?.outcome ?? (task?.status === "running" ? "running" : retryAt === null ? "waiting" : "retrying");
  const error = state === "running" ? null : (task?.error ?? null);
  return {
    taskId: planned.id,
    // Whom it goes to is open until it starts, unless the plan says.
    agentId: (task?.attempts ?? 0) > 0 ? (task?.agentId ?? "") : (planned.agent ?? ""),
    state,
    startedAt: dueAt === null ? null : dueAt - timeoutSeconds * 1_000,
    durationMs: task?.durationMs ?? null,
    attempt: task?.attempts ?? 0,
    attemptsMax: planned.retries.max + 1,
    retryAt,
    last: error ?? lastLine(planned.id),
  };
}
