// The work of a guard after its go: run the command, follow its output, end what it leaves, write the spool.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { endProcesses } from "./ending.ts";
import type { GoSpec } from "./guard-protocol.ts";
import { promptFile, send } from "./guard-protocol.ts";
import { startIdleTimer } from "./idle.ts";
import { launch, type Launched } from "./launch.ts";
import { closeWriter, openPipe, removePipes, taskFolder } from "./output-pipes.ts";
import { followOutput, type OutputEnd } from "./output.ts";
import type { ProcessInfo } from "./process-info.ts";
import { processAt } from "./processes.ts";
import { redactText, secretPatterns, type Patterns } from "./redact.ts";
import { resultFromFile, resultFromLine, type AttemptResult } from "./result.ts";
import { previewOf, writeSpool, type AttemptExit, type StoppedBy } from "./spool.ts";
import { ATTEMPT_KEY_VARIABLE } from "./survivors.ts";

export interface GuardPlace {
  readonly spoolDir: string;
  readonly attemptKey: string;
  readonly graceMs: number;
  /** The living processes of the attempt without the guard. */
  readonly others: (known: ReadonlySet<number>) => readonly ProcessInfo[];
}

export interface WorkParams {
  readonly spec: GoSpec;
  readonly place: GuardPlace;
  readonly control: Socket;
}

export interface Work {
  /** Ends the command. The first cause counts; after the command's own end none does. */
  stop(by: StoppedBy): void;
  /** Resolves when nothing of the attempt runs and the spool stands. */
  readonly done: Promise<void>;
}

/** How the command itself ended. */
type CommandEnd = Pick<AttemptExit, "exit_code" | "signal" | "error" | "started_at" | "duration_ms">;

/** How long the pipes may stay open once no process is left that we know of. */
const DRAIN_MS = 2000;

export function startWork(params: WorkParams): Work {
  const { place } = params;
  let stoppedBy: StoppedBy | null = null;
  let pid: number | null = null;
  let isOver = false;
  const endOthers = async (): Promise<void> => {
    await endProcesses({ find: place.others, graceMs: place.graceMs });
  };
  const stop = (by: StoppedBy): void => {
    if (isOver || stoppedBy !== null) return;
    // A command that has ended has ended by itself, also when we have not been told yet.
    if (pid !== null && processAt(pid) === null) return;
    stoppedBy = by;
    void endOthers();
  };
  const onStarted = (id: number): void => {
    pid = id;
    send(params.control, { type: "started", pid });
    if (stoppedBy !== null) void endOthers();
  };
  const work = async (): Promise<void> => {
    const patterns = secretPatterns(params.spec.secrets);
    const { command, output } = await runCommand({ ...params, patterns, onStarted, stop });
    isOver = true;
    await endOthers();
    await leaveSpool({ ...params, patterns, command, output: await output(), stoppedBy });
  };
  return { stop, done: work() };
}

interface RunParams extends WorkParams {
  readonly patterns: Patterns;
  readonly onStarted: (pid: number) => void;
  readonly stop: (by: StoppedBy) => void;
}

/** Runs the command to its end. `output` waits for the end of its output, for when its descendants are ended. */
async function runCommand(
  params: RunParams,
): Promise<{ readonly command: CommandEnd; readonly output: () => Promise<OutputEnd> }> {
  const { spec, place, patterns, control, onStarted, stop } = params;
  const pipes = { stdout: openPipe(place.spoolDir, "stdout"), stderr: openPipe(place.spoolDir, "stderr") };
  const { stdout, stderr } = { stdout: pipes.stdout.reader, stderr: pipes.stderr.reader };
  const output = followOutput({ stdout, stderr, patterns, control, bytesMax: spec.outputBytesMax });
  const stopIdle =
    spec.idleTimeoutMs === undefined
      ? (): void => undefined
      : startIdleTimer({
          timeoutMs: spec.idleTimeoutMs,
          lastAt: () => output.lastAt(),
          onIdle: () => stop("idle"),
        });
  const startedAt = Date.now();
  const begun = performance.now();
  const launched = await launch({
    spec,
    env: commandEnvironment(spec, place),
    stdoutFd: pipes.stdout.writeFd,
    stderrFd: pipes.stderr.writeFd,
  });
  closeWriter(pipes.stdout);
  closeWriter(pipes.stderr);
  const ended = await commandEnd(launched, onStarted);
  stopIdle();
  const command = { ...ended, started_at: startedAt, duration_ms: performance.now() - begun };
  return { command, output: () => output.end(DRAIN_MS) };
}

async function commandEnd(
  launched: Launched,
  onStarted: (pid: number) => void,
): Promise<Pick<CommandEnd, "exit_code" | "signal" | "error">> {
  if ("error" in launched) return { exit_code: launched.exitCode, signal: null, error: launched.error };
  const exit = once(launched.child, "exit");
  onStarted(launched.pid);
  const [code, signal] = (await exit) as [number | null, string | null];
  return { exit_code: code, signal, error: null };
}

function commandEnvironment({ env, secrets, prompt }: GoSpec, place: GuardPlace): Record<string, string> {
  if (prompt !== undefined) writeFileSync(promptFile(place.spoolDir), prompt, { mode: 0o600 });
  return {
    ...env,
    ...secrets,
    ...(prompt === undefined ? {} : { HOLODECK_PROMPT_FILE: promptFile(place.spoolDir) }),
    HOLODECK_RESULT_FILE: resultFile(place.spoolDir),
    [ATTEMPT_KEY_VARIABLE]: place.attemptKey,
  };
}

interface SpoolParams extends WorkParams {
  readonly patterns: Patterns;
  readonly command: CommandEnd;
  readonly output: OutputEnd;
  readonly stoppedBy: StoppedBy | null;
}

async function leaveSpool({ spec, place, patterns, command, output, stoppedBy }: SpoolParams): Promise<void> {
  const { spoolDir } = place;
  const { result, error } = findResult(spoolDir, output, patterns);
  const globs = stoppedBy === "parent" || command.error !== null ? [] : (spec.artifacts ?? []);
  // Loaded when used: most tasks have none, and every task waits for its guard's start.
  const { spoolArtifacts } = await import("./artifacts.ts");
  const artifacts = await spoolArtifacts({ cwd: spec.cwd, globs, spoolDir, patterns });
  removePipes(spoolDir);
  const exit: AttemptExit = {
    v: 1,
    attempt_key: place.attemptKey,
    ...command,
    error: command.error === null ? null : redactText(patterns, command.error),
    ended_at: Date.now(),
    stopped_by: stoppedBy,
    ...(stoppedBy === "idle" && { idle_timeout_ms: spec.idleTimeoutMs ?? 0 }),
    output_bytes: output.totalBytes,
    output_kept_bytes: output.bytes.length,
    truncated: output.isTruncated,
    preview: previewOf(output.bytes),
    result,
    result_error: error,
    ...artifacts,
  };
  writeSpool({ spoolDir, exit, output: output.bytes, runs: output.runs });
}

function findResult(spoolDir: string, output: OutputEnd, patterns: Patterns): AttemptResult {
  return resultFromFile(resultFile(spoolDir), patterns) ?? resultFromLine(output.lastLine, patterns);
}

/** Where the command may leave its result. Not in the spool itself: what is there is redacted. */
function resultFile(spoolDir: string): string {
  return join(taskFolder(spoolDir), "result.json");
}
