// A task's work inside this process: an attempt at a time, with a signal that is aborted when the attempt is over
// before the work is.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { Json } from "../event/json.ts";
import { held } from "./held.ts";
import { TaskOutcome } from "./outcome.ts";
import type { Task, TaskOwner } from "./task.ts";

/** What a task's work is given. */
export interface WorkContext {
  readonly task: Task;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when the attempt times out, is cancelled, or its session ends. */
  readonly signal: AbortSignal;
  /** The same for every attempt of the task: pass it on as an idempotency key. */
  readonly taskKey: string;
}

/** An attempt whose work is under way in this process. */
export interface Work {
  /** Told when an attempt of the task has ended, by whomever. */
  ended(attempt: number, outcome: string): void;
}

interface RunWork<Result> {
  readonly session: TaskOwner;
  readonly clock: Clock;
  /** The session's work under way, by task. */
  readonly underway: Map<string, Work>;
  readonly taskId: string;
  readonly work: (context: WorkContext) => Promise<Result> | Result;
}

/** Runs attempts until one succeeds or the task has ended. Meanwhile the process has something to live for. */
export async function runWork<Result extends Json | void>(params: RunWork<Result>): Promise<Result> {
  return await held(params.clock, async () => await attemptAll(params));
}

async function attemptAll<Result extends Json | void>(params: RunWork<Result>): Promise<Result> {
  for (;;) {
    const task = await params.session.startTask(params.taskId);
    const attempted = await attemptOnce(params, task);
    if ("value" in attempted) return attempted.value;
    // Pending, it waits for another attempt. Running, its end could not be recorded: it is not begun beside itself.
    if (task.status !== "pending" || params.session.status === "ended") throw attempted.error;
    await backOff(params, task);
  }
}

/** Waits until the next attempt may start; throws at once when the task ends before. */
async function backOff({ clock, underway, taskId }: RunWork<unknown>, task: Task): Promise<void> {
  const over = new AbortController();
  const { attempts } = task;
  underway.set(taskId, { ended: (_, outcome) => over.abort(attemptOver(taskId, attempts, outcome)) });
  const wait = (task.retryAt ?? 0) - clock.now();
  if (wait > 0) await clock.sleep(wait, over.signal);
  underway.delete(taskId);
  over.signal.throwIfAborted();
}

type Attempted<Result> = { readonly value: Result } | { readonly error: unknown };

async function attemptOnce<Result extends Json | void>(
  { session, clock, underway, taskId, work }: RunWork<Result>,
  task: Task,
): Promise<Attempted<Result>> {
  const attempt = task.attempts;
  const over = new AbortController();
  underway.set(taskId, {
    ended: (endedAttempt, outcome) => {
      if (endedAttempt === attempt) over.abort(attemptOver(taskId, attempt, outcome));
    },
  });
  const began = clock.monotonic();
  const taskKey = `${session.sessionId}:${taskId}`;
  const worked = await settled(invoke(work, { task, attempt, signal: over.signal, taskKey }), over.signal);
  // From here on the completion is this attempt's own: the signal is for work that must stop.
  underway.delete(taskId);
  if (over.signal.aborted) return { error: over.signal.reason };
  const told = { attempt, durationMs: Math.round(clock.monotonic() - began) };
  if ("error" in worked) return await fail(session, taskId, worked.error, told);
  try {
    const result: Json | void = worked.value;
    const completion = result === undefined ? told : { ...told, result };
    await session.completeTask(taskId, TaskOutcome.SUCCESS, completion);
    return worked;
  } catch (error) {
    const unfit = error instanceof HolodeckError && error.code === "invalid_event";
    return unfit ? await fail(session, taskId, error, told) : { error };
  }
}

/** Completes the attempt as failed. When that is refused, it was over already, and that is what is told. */
async function fail(
  session: TaskOwner,
  taskId: string,
  error: unknown,
  told: { readonly attempt: number; readonly durationMs: number },
): Promise<{ readonly error: unknown }> {
  const message = error instanceof Error ? error.message : String(error);
  return await session.completeTask(taskId, TaskOutcome.FAILED, { ...told, error: message }).then(
    () => ({ error }),
    (refusal: unknown) => ({ error: refusal }),
  );
}

/** The work's end, or the attempt's when that comes first; the work is then left to its signal. */
async function settled<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Attempted<Result>> {
  return await new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve({ error: signal.reason as unknown }), { once: true });
    work.then(
      (value) => resolve({ value }),
      (error: unknown) => resolve({ error }),
    );
  });
}

/** Also work that throws before its first await becomes a rejected promise. */
async function invoke<Result>(
  work: (context: WorkContext) => Promise<Result> | Result,
  context: WorkContext,
): Promise<Result> {
  return await work(context);
}

function attemptOver(taskId: string, attempt: number, outcome: string): HolodeckError {
  return new HolodeckError("task_ended", {
    what: `Attempt ${attempt} of task ${JSON.stringify(taskId)} ended as ${outcome} before its work was done.`,
    todo: "Stop the work when its signal is aborted; its result is not taken any more.",
  });
}
