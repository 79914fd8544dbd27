// Takes what became of an attempt into the session: its output and artifacts as blobs, durable before the event that
// names them, then the completion. Doing it twice changes nothing: an attempt completes only as itself.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HolodeckError } from "../event/error.ts";
import type { ArtifactReference, LeftOut, TaskRecord } from "../session/events.ts";
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

/** A list of artifacts up to this many bytes of JSON, some twenty of them, stands in the event. */
const LIST_BYTES_MAX = 4 * 1024;

/** So many that were left out are named. */
const LEFT_OUT_MAX = 10;

/** Completes the attempt, or loses it; then its spool is needed no more. */
export async function recordExit(params: RecordParams): Promise<void> {
  const { session, taskId, attempt, exit } = params;
  const verdict = verdictOf(exit);
  if (verdict.kind === "lost") await session.loseAttempt(taskId, verdict.reason, attempt);
  else {
    const { outcome, error } = verdict;
    const record = await keep(params);
    const result = exit.result === null || outcome !== "success" ? {} : { result: exit.result };
    const told = error === null ? {} : { error };
    const completion = { attempt, durationMs: Math.round(exit.duration_ms), record, ...told, ...result };
    await session
      .completeTask(taskId, outcome, completion)
      .catch(async (refusal: unknown) => await failUnstorable(params, refusal))
      .catch(unlessOver);
  }
  rmSync(attemptFolder(params), { recursive: true, force: true });
}

/** What is too large to be recorded is the task's failure: left open, every run and resume would fail the same way. */
async function failUnstorable(
  { session, taskId, attempt, exit }: RecordParams,
  error: unknown,
): Promise<void> {
  if (!(error instanceof HolodeckError) || error.code !== "event_too_large") throw error;
  const told = `What became of it is too large to be recorded. ${error.what}`;
  await session.completeTask(taskId, "failed", {
    attempt,
    durationMs: Math.round(exit.duration_ms),
    error: told,
  });
}

/** Lets pass that the session decided before us, by timeout, cancel or its own end: its word stands. */
export function unlessOver(error: unknown): void {
  const over: readonly string[] = ["task_ended", "session_ended", "conflict"];
  if (!(error instanceof HolodeckError) || !over.includes(error.code)) throw error;
}

async function keep({ store, spoolDir, exit }: RecordParams): Promise<TaskRecord> {
  const output =
    exit.output_kept_bytes === 0
      ? {}
      : { output: await keepFile(store, outputFile(spoolDir), { preview: exit.preview }) };
  const artifacts: ArtifactReference[] = [];
  for (const { path, file } of exit.artifacts) {
    artifacts.push(await keepFile(store, join(spoolDir, file), { path }));
  }
  return {
    ...(exit.exit_code !== null && { exit_code: exit.exit_code }),
    ...output,
    ...(await keepList(store, artifacts)),
    ...(exit.artifacts_left_out.length > 0 && { artifacts_left_out: leftOut(exit) }),
  };
}

/** A short list stands in the event, a long one beside it. */
async function keepList(store: Store, artifacts: readonly ArtifactReference[]): Promise<TaskRecord> {
  const bytes = Buffer.from(JSON.stringify(artifacts));
  if (artifacts.length === 0) return {};
  if (bytes.length <= LIST_BYTES_MAX) return { artifacts };
  const hash = await store.putBlob({ bytes });
  return { artifacts_blob: { hash, bytes: bytes.length, preview: `${artifacts.length} artifacts` } };
}

function leftOut({ artifacts_left_out: all }: AttemptExit): readonly LeftOut[] {
  const told = all
    .slice(0, LEFT_OUT_MAX)
    .map(({ path, why }) => ({ path: path.slice(0, 256).toWellFormed(), why }));
  const rest = all.length - told.length;
  return rest === 0 ? told : [...told, { path: "…", why: `${rest} more were left out` }];
}

async function keepFile<More extends object>(
  store: Store,
  path: string,
  more: More,
): Promise<{ hash: string; bytes: number } & More> {
  const bytes = readFileSync(path);
  return { hash: await store.putBlob({ bytes }), bytes: bytes.length, ...more };
}
