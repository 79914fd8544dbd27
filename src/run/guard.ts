// The guard: a process of its own around one attempt's command. It leads a session and a process group, waits for a
// go, runs the command, and ends everything that came of it when the command is done, when it is told to, or when
// its parent dies. Then it leaves in the spool what became of it. It decides nothing and starts fast.
// Usage: node guard.ts SPOOL_DIR GRACE_MS, with HOLODECK_ATTEMPT_KEY set and the control pipe at descriptor 3.
import { Socket } from "node:net";
import process, { argv, env, exit, pid } from "node:process";
import { endProcesses } from "./ending.ts";
import { CONTROL_FD, onMessages, send, type GoSpec } from "./guard-protocol.ts";
import { startWork, type Work } from "./guard-work.ts";
import { makePipes, removePipes } from "./output-pipes.ts";
import { processAt } from "./processes.ts";
import type { StoppedBy } from "./spool.ts";
import { ATTEMPT_KEY_VARIABLE, attemptProcesses } from "./survivors.ts";

const CRASHED = 70;

const [, , spoolDir = "", graceMs = ""] = argv;
const attemptKey = env[ATTEMPT_KEY_VARIABLE] ?? "";
const startTime = processAt(pid)?.startTime ?? 0;
const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
let work: Work | null = null;
let isCrashing = false;

const place = {
  spoolDir,
  attemptKey,
  graceMs: Number(graceMs),
  /** Everything of this attempt but the guard. */
  others: (known: ReadonlySet<number>) =>
    attemptProcesses({ attemptKey, pid, startTime }, known).filter((info) => info.pid !== pid),
};

process.on("uncaughtException", crash);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop("guard"));
control.on("error", () => stop("parent"));
control.on("close", () => stop("parent"));
control.on("end", () => stop("parent"));

makePipes(spoolDir);
onMessages(control, (message) => {
  if (message.type === "stop") stop(message.reason);
  else if (message.type === "go" && work === null) begin(message.spec);
});
send(control, { type: "ready", startTime });

function begin(spec: GoSpec): void {
  work = startWork({ spec, place, control });
  work.done.then(() => control.end(() => exit(0)), crash);
  control.on("close", () => void work?.done.then(() => exit(0)));
}

/** Before the go there is nothing to end and nothing to tell. */
function stop(by: StoppedBy): void {
  if (work !== null) return work.stop(by);
  removePipes(spoolDir);
  exit(0);
}

/** A guard that fails leaves nothing running; its parent learns from the missing spool that the attempt is lost. */
function crash(cause: unknown): void {
  if (isCrashing) return;
  isCrashing = true;
  const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  send(control, { type: "failed", error });
  void endProcesses({ find: place.others, graceMs: 0 }).finally(() => exit(CRASHED));
}
