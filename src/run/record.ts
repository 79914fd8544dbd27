// Takes what became of an attempt into the session: its output and artifacts as blobs, durable before the event that
// names them, then the completion. Doing it twice changes nothing: an attempt completes only as itself.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HolodeckError } from "../event/error.ts";
import type { TaskRecord } from "../session/events.ts";
import type { Session } from "../session/session.ts";
import type { Store } from "../store/port.ts";
import { verdictOf } from "./outcome.ts";
import { attemptFolder, type AttemptName } from "./spool-folders.ts";
import { outputFile, type AttemptExit } from "./spool.ts";

export interface RecordParams extends AttemptName {
  readonly session: Session;
  readonly store: Store;
  readonly spoolDir: string;
  readonly exit: AttemptExit;
}

/** Completes the attempt, or loses it; then its spool is needed no more. */
export async function recordExit(params: RecordParams): Promise<void> {
  const { session, taskId, attempt, exit } = params;
  const verdict = verdictOf(exit);
  if (verdict.kind === "lost") await session.loseAttempt(taskId, verdict.reason);
  else {
    const { outcome, error } = verdict;
    const record = await keep(params);
    const result = exit.result === null || outcome !== "success" ? {} : { result: exit.result };
    const told = error === null ? {} : { error };
    const completion = { attempt, durationMs: exit.duration_ms, record, ...told, ...result };
    await session.completeTask(taskId, outcome, completion).catch(unlessOver);
  }
  rmSync(attemptFolder(params), { recursive: true, force: true });
}

/** The session decided before us, by timeout, cancel or its own end: its word stands. */
function unlessOver(error: unknown): void {
  const over: readonly string[] = ["task_ended", "session_ended", "conflict"];
  if (!(error instanceof HolodeckError) || !over.includes(error.code)) throw error;
}

async function keep({ store, spoolDir, exit }: RecordParams): Promise<TaskRecord> {
  const output =
    exit.output_kept_bytes === 0
      ? {}
      : { output: await keepFile(store, outputFile(spoolDir), { preview: exit.preview }) };
  const artifacts = [];
  for (const { path, file } of exit.artifacts) {
    artifacts.push(await keepFile(store, join(spoolDir, file), { path }));
  }
  return {
    ...(exit.exit_code !== null && { exit_code: exit.exit_code }),
    ...output,
    ...(artifacts.length > 0 && { artifacts }),
  };
}

async function keepFile<More extends object>(
  store: Store,
  path: string,
  more: More,
): Promise<{ hash: string; bytes: number } & More> {
  const bytes = readFileSync(path);
  return { hash: await store.putBlob({ bytes }), bytes: bytes.length, ...more };
}
