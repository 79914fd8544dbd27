// An attempt's spool: the folder where its guard leaves what became of it, so that it is known whoever dies.
// `exit.json` comes last, whole, by fsync and rename: where it stands the attempt is over and all is there.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../event/json.ts";
import type { Artifacts } from "./artifacts.ts";
import type { OutputRuns } from "./capture.ts";
import { syncPath } from "./sync-path.ts";

/**
 * Why a command was ended before it was done; null when it ended by itself. `timeout` and `stop` are what the parent
 * asked for, `idle` what the guard saw. With `parent` (the parent died) and `guard` (the guard was ended from
 * outside) the attempt is lost, which is not the task's failure.
 */
export type StoppedBy = "parent" | "stop" | "timeout" | "idle" | "guard";

/** What became of an attempt: `exit.json` as it stands, snake_case as all that is written. */
export interface AttemptExit extends Artifacts {
  readonly v: 1;
  readonly attempt_key: string;
  /** 127 when the command was not found, 126 when it could not be started; null when a signal ended it or it never ran. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stopped_by: StoppedBy | null;
  /** How long it might write nothing; absent unless that ended it. */
  readonly idle_timeout_ms?: number;
  /** Why it could not be started, and what to do. */
  readonly error: string | null;
  /** Milliseconds since the epoch by the guard's wall clock; null when the command was never started. */
  readonly started_at: number | null;
  readonly ended_at: number;
  /** By the monotonic clock. */
  readonly duration_ms: number;
  /** All that the command wrote, after redaction; the file `output` holds `output_kept_bytes` of it. */
  readonly output_bytes: number;
  readonly output_kept_bytes: number;
  readonly truncated: boolean;
  /** The end of the output, at most 2 KiB. */
  readonly preview: string;
  readonly result: Json | null;
  readonly result_error: string | null;
}

export const PREVIEW_BYTES_MAX = 2048;

const EXIT_FILE = "exit.json";

/** The file that holds the kept output, redacted. */
export function outputFile(spoolDir: string): string {
  return join(spoolDir, "output");
}

/** What became of the attempt; null when it is not over, or the spool is torn. */
export function readSpool(spoolDir: string): AttemptExit | null {
  try {
    const exit: unknown = JSON.parse(readFileSync(join(spoolDir, EXIT_FILE), "utf8"));
    if (!isExit(exit)) return null;
    return statSync(outputFile(spoolDir)).size === exit.output_kept_bytes ? exit : null;
  } catch {
    return null;
  }
}

/** Which stream each piece of `output` came from; null when the spool is not there. */
export function readOutputRuns(spoolDir: string): OutputRuns | null {
  try {
    return JSON.parse(readFileSync(join(spoolDir, "runs.json"), "utf8")) as OutputRuns;
  } catch {
    return null;
  }
}

/** Writes the output, then the exit, each durable before the next. */
export function writeSpool(params: {
  readonly spoolDir: string;
  readonly exit: AttemptExit;
  readonly output: Uint8Array;
  readonly runs: OutputRuns;
}): void {
  const { spoolDir, exit, output, runs } = params;
  writeDurably(outputFile(spoolDir), output);
  writeDurably(join(spoolDir, "runs.json"), JSON.stringify(runs));
  if (exit.result !== null) writeDurably(join(spoolDir, "result.json"), JSON.stringify(exit.result));
  syncPath(spoolDir);
  const unfinished = join(spoolDir, `${EXIT_FILE}.tmp`);
  writeDurably(unfinished, JSON.stringify(exit));
  renameSync(unfinished, join(spoolDir, EXIT_FILE));
  syncPath(spoolDir);
}

/** The end of the output as text, not cut within a character. */
export function previewOf(output: Uint8Array): string {
  let from = Math.max(0, output.length - PREVIEW_BYTES_MAX);
  while (from > 0 && from < output.length && ((output[from] ?? 0) & 0xc0) === 0x80) from++;
  return Buffer.from(output.subarray(from)).toString();
}

function writeDurably(path: string, bytes: Uint8Array | string): void {
  writeFileSync(path, bytes, { mode: 0o600, flush: true });
}

function isExit(value: unknown): value is AttemptExit {
  if (typeof value !== "object" || value === null) return false;
  const exit = value as Partial<AttemptExit>;
  return (
    exit.v === 1 &&
    typeof exit.attempt_key === "string" &&
    typeof exit.ended_at === "number" &&
    typeof exit.output_kept_bytes === "number" &&
    Array.isArray(exit.artifacts)
  );
}
