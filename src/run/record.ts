// Takes what became of an attempt into the session: its output and artifacts as blobs, durable before the event that
// names them, then the completion. Doing it twice changes nothing: an attempt completes only as itself.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HolodeckError } from "../event/error.ts";
import type { ArtifactReference, LeftOut, TaskRecord } from "../session/events.ts";
import type { Session } from "../session/session.ts";
import type { Store } from "../store/port.ts";
import { verdictOf, type Verdict } from "./outcome.ts";
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

/**
 * Completes the attempt, or loses it. Where the session had decided before us, by timeout, cancel or its own end, its
 * word stands, and what there is of the attempt is kept beside it. Then its spool is needed no more.
 */
export async function recordExit(params: RecordParams): Promise<void> {
  const verdict = verdictOf(params.exit);
  const record = await keep(params);
  if (verdict.kind === "lost") await lose(params, verdict.reason, record);
  const isTold = verdict.kind === "ended" && (await complete(params, verdict, record));
  // What the loss told already is not told again.
  if (!isTold) await keepBeside(params, record);
  rmSync(attemptFolder(params), { recursive: true, force: true });
}

/** Does nothing when the session had decided before us. */
async function lose(
  { session, taskId, attempt }: RecordParams,
  reason: string,
  record: TaskRecord,
): Promise<void> {
  const lost = session.loseAttempt(taskId, reason, { attempt, record });
  await lost
    .catch(async (error: unknown) => {
      if (!isTooLarge(error)) throw error;
      await session.loseAttempt(taskId, reason, { attempt });
    })
    .catch(unlessOver);
}

/** False when the session had decided before us. */
async function complete(
  { session, taskId, attempt, exit }: RecordParams,
  { outcome, error }: Verdict & { readonly kind: "ended" },
  record: TaskRecord,
): Promise<boolean> {
  const durationMs = Math.round(exit.duration_ms);
  const result = exit.result === null || outcome !== "success" ? {} : { result: exit.result };
  const told = error === null ? {} : { error };
  const completed = session.completeTask(taskId, outcome, {
    attempt,
    durationMs,
    record,
    ...told,
    ...result,
  });
  return await completed
    .catch(async (refusal: unknown) => {
      // Left open, every run and resume would fail the same way: so it is the task's failure.
      if (!isTooLarge(refusal)) throw refusal;
      const why = `What became of it is too large to be recorded. ${refusal.what}`;
      return await session.completeTask(taskId, "failed", { attempt, durationMs, error: why });
    })
    .then(
      () => true,
      (refusal: unknown) => (unlessOver(refusal), false),
    );
}

async function keepBeside({ session, taskId, attempt }: RecordParams, record: TaskRecord): Promise<void> {
  if (Object.keys(record).length === 0) return;
  await session.keepRecord(taskId, attempt, record).catch((error: unknown) => {
    if (!isTooLarge(error)) unlessOver(error);
  });
}

function isTooLarge(error: unknown): error is HolodeckError {
  return error instanceof HolodeckError && error.code === "event_too_large";
}

/** Lets pass that the session decided before us, by timeout, cancel or its own end: its word stands. */
export function unlessOver(error: unknown): void {
  const over: readonly string[] = ["task_ended", "session_ended", "conflict", "pruned"];
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
