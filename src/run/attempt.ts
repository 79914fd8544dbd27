// An attempt as its parent sees it: a guard that is ready and waits, a go, a stop, and in the end what became of it.
// The parent records the guard (pid, start time, boot) durably before it says go, so that whatever dies, the next
// process knows whom to end and where to look.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import type { Duplex } from "node:stream";
import { extname } from "node:path";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { HolodeckError } from "../event/error.ts";
import { GRACE_MS } from "./ending.ts";
import { CONTROL_FD, onMessages, send } from "./guard-protocol.ts";
import type { GoSpec, OutputReport, StopReason } from "./guard-protocol.ts";
import { bootId, type ProcessMark } from "./host.ts";
import { readSpool, type AttemptExit, type StoppedBy } from "./spool.ts";
import { ATTEMPT_KEY_VARIABLE, endSurvivors } from "./survivors.ts";

export interface AttemptParams {
  /** `<session>:<task>:<attempt>`: names the attempt's processes; no other attempt has it. */
  readonly attemptKey: string;
  /** An absolute path; made when it is not there. One folder an attempt. */
  readonly spoolDir: string;
  /** How long processes have between TERM and KILL, in milliseconds. Default 5,000. */
  readonly graceMs?: number;
  /** How long after a stop a guard that does not answer is killed, in milliseconds. Default: the grace and 30,000. */
  readonly patienceMs?: number;
  /** Each piece of redacted output as it comes. */
  readonly onOutput?: (output: OutputReport) => void;
  /** The command runs now, under this id. */
  readonly onStarted?: (pid: number) => void;
  /** Stops the attempt as `stop("stop")` does. */
  readonly signal?: AbortSignal;
}

/** A guard that waits for its go; the mark is the guard's. */
export interface Attempt extends ProcessMark {
  /** Starts the command. Once; later ones are refused with `conflict`. */
  go(spec: GoSpec): void;
  /** Ends the command and all that came of it; before the go, the guard leaves. The first reason counts. */
  stop(reason: StopReason): void;
  /**
   * What became of it, when nothing of it runs any more. Never rejects. Without a go, or when the guard was killed,
   * it is made up here: `started_at` null, or `stopped_by` "guard".
   */
  readonly exit: Promise<AttemptExit>;
}

/** Rejects with `conflict` when the spool is used, with `internal` when no guard can be started. */
export async function prepareAttempt(params: AttemptParams): Promise<Attempt> {
  params.signal?.throwIfAborted();
  mkdirSync(params.spoolDir, { recursive: true, mode: 0o700 });
  if (readSpool(params.spoolDir) !== null) throw spoolUsed(params.spoolDir);
  const guard = startGuard(params);
  return guardedAttempt(params, guard, await guardReady(guard, params.signal));
}

interface Guard {
  readonly process: ChildProcess;
  readonly control: Duplex;
  /** Resolves when the process is gone and all it wrote is read. */
  readonly gone: Promise<void>;
  /** Why it failed, as far as it could say so. */
  readonly words: () => string;
  readonly onReady: Promise<number>;
}

function startGuard({ attemptKey, spoolDir, graceMs = GRACE_MS, onOutput, onStarted }: AttemptParams): Guard {
  // The guard runs as this file does: as TypeScript from the sources, as JavaScript once built.
  const entry = fileURLToPath(new URL(`./guard${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(execPath, ["--no-warnings", entry, spoolDir, String(graceMs)], {
    detached: true,
    cwd: spoolDir,
    env: { ...guardEnvironment(), [ATTEMPT_KEY_VARIABLE]: attemptKey },
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const control = child.stdio[CONTROL_FD] as Duplex;
  let words = "";
  child.stderr?.on("data", (bytes: Buffer) => (words = (words + bytes.toString()).slice(-2000)));
  // What breaks the pipe is the guard's end, which is seen as such.
  control.on("error", () => control.destroy());
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", (cause) => ((words = cause.message), resolve()));
  });
  const onReady = new Promise<number>((resolve) => {
    onMessages(control, (message) => {
      if (message.type === "ready") resolve(message.startTime);
      else if (message.type === "output") onOutput?.(message);
      else if (message.type === "started") onStarted?.(message.pid);
      else if (message.type === "failed") words = message.error;
    });
  });
  return { process: child, control, gone, words: () => words, onReady };
}

/** What node itself needs to start. The command's environment comes with the go. */
function guardEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH } = env;
  return { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH };
}

/** Waits for the guard's word. Before it the guard has nothing to end, so it may simply be killed. */
async function guardReady(guard: Guard, signal: AbortSignal | undefined): Promise<ProcessMark> {
  const kill = (): unknown => guard.process.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const startTime = await Promise.race([guard.onReady, guard.gone]);
    signal?.throwIfAborted();
    if (startTime === undefined) throw guardFailed(guard.words());
    return { pid: guard.process.pid ?? 0, startTime, bootId: bootId() };
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

function guardedAttempt(params: AttemptParams, guard: Guard, mark: ProcessMark): Attempt {
  const { graceMs = GRACE_MS, patienceMs = graceMs + 30_000, signal } = params;
  let goAt: number | null = null;
  let asked: StopReason | null = null;
  let isGone = false;
  let watchdog: NodeJS.Timeout | undefined;
  const stop = (reason: StopReason): void => {
    if (asked !== null || isGone) return;
    asked = reason;
    if (goAt === null) guard.control.end();
    else send(guard.control, { type: "stop", reason });
    watchdog = setTimeout(() => guard.process.kill("SIGKILL"), patienceMs);
  };
  const onAbort = (): void => stop("stop");
  const exit = async (): Promise<AttemptExit> => {
    await guard.gone;
    isGone = true;
    clearTimeout(watchdog);
    signal?.removeEventListener("abort", onAbort);
    const spooled = readSpool(params.spoolDir);
    if (spooled !== null) return spooled;
    await endSurvivors({ ...mark, attemptKey: params.attemptKey, graceMs });
    const error = guard.words() === "" ? null : `The guard failed: ${guard.words()}`;
    return lostExit({ attemptKey: params.attemptKey, startedAt: goAt, stoppedBy: asked ?? "guard", error });
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    ...mark,
    go(spec) {
      if (goAt !== null) throw startedTwice(params.attemptKey);
      if (asked !== null) return;
      goAt = Date.now();
      send(guard.control, { type: "go", spec });
    },
    stop,
    exit: exit(),
  };
}

interface LostParams {
  readonly attemptKey: string;
  readonly startedAt: number | null;
  readonly stoppedBy: StoppedBy;
  readonly error: string | null;
}

/** What is known of an attempt that left no spool. */
function lostExit({ attemptKey, startedAt, stoppedBy, error }: LostParams): AttemptExit {
  return {
    v: 1,
    attempt_key: attemptKey,
    exit_code: null,
    signal: null,
    stopped_by: stoppedBy,
    error,
    started_at: startedAt,
    ended_at: Date.now(),
    duration_ms: 0,
    output_bytes: 0,
    output_kept_bytes: 0,
    truncated: false,
    preview: "",
    result: null,
    result_error: null,
    artifacts: [],
    artifacts_left_out: [],
  };
}

function spoolUsed(spoolDir: string): HolodeckError {
  return new HolodeckError("conflict", {
    what: `${spoolDir} holds what became of another attempt.`,
    todo: "Give every attempt a folder of its own.",
  });
}

function startedTwice(attemptKey: string): HolodeckError {
  return new HolodeckError("conflict", {
    what: `The attempt ${attemptKey} was started already.`,
    todo: "Prepare a new attempt, with a key of its own, to run the command again.",
  });
}

function guardFailed(words: string): HolodeckError {
  return new HolodeckError("internal", {
    what: `A guard process could not be started: ${words.trim() || "it ended without a word"}.`,
    todo: "See that the data folder is writable and allows named pipes, and that the machine has room for processes.",
  });
}
