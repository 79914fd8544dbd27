// What `run`, `resume` and `demo` share: a session's plan run to its end, a signal that stops it, and the last word.
import { rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { HolodeckError } from "../event/error.ts";
import { bootId } from "../run/host.ts";
import { machineProcesses } from "../run/machine-processes.ts";
import type { PlanRouter } from "../run/plan-routing.ts";
import type { Plan } from "../run/plan-schema.ts";
import { RunLease } from "../run/run-lease.ts";
import { leftovers, takeAway } from "../run/leftovers.ts";
import { runPlan } from "../run/runner.ts";
import type { Session } from "../session/session.ts";
import { SystemClock } from "../session/system-clock.ts";
import type { Store } from "../store/port.ts";
import { addressOf, fileOf } from "./existing-store.ts";
import type { Io } from "./io.ts";
import { showRun } from "./run-view.ts";

export interface RunOptions {
  /** The store's address; default as the library's. */
  readonly store?: string;
  /** One JSON document on stdout, and nothing else there. */
  readonly json?: boolean;
  /** Only the last word. */
  readonly quiet?: boolean;
  /** Exits with 6 when routing brought the fleet's β₁ over its threshold. */
  readonly failOnEmergence?: boolean;
  /** A file for a JUnit report. */
  readonly junit?: string;
}

export interface SessionRun {
  /** The session's manager. */
  readonly router: PlanRouter;
  readonly session: Session;
  readonly store: Store;
  readonly plan: Plan;
  readonly folder: string;
  readonly spool: string;
  /** Says that the session is run here. Given back by who took it. */
  readonly lease: RunLease;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs until the session has ended, or until a signal: then what runs is stopped and the session stays open. */
export async function runSession(run: SessionRun, options: RunOptions, io: Io): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    // A second signal means: now. The guards end what runs when this process is gone.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const clock = new SystemClock(bootId());
  let isTaken = false;
  run.lease.keep(() => {
    isTaken = true;
    stop.abort();
  });
  const isQuiet = options.quiet === true || options.json === true;
  const view = showRun({ session: run.session, plan: run.plan, clock, isQuiet, io });
  try {
    await runPlan({
      ...run,
      clock,
      environment: io.env,
      onOutput: (taskId, { text }) => view.output(taskId, text),
      signal: stop.signal,
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await view.close();
  }
  if (isTaken) throw takenOver(run.session);
  if (run.session.status === "ended") rmSync(run.spool, { recursive: true, force: true });
}

/** What says, to other hosts too, who runs a session. */
export function leaseOf(store: Store, sessionId: string): RunLease {
  return new RunLease({ store, sessionId, clock: new SystemClock(bootId()), processes: machineProcesses });
}

function takenOver({ sessionId }: Session): HolodeckError {
  return new HolodeckError("conflict", {
    what: `Another process has taken session ${sessionId} over, since this one was not heard of for a while.`,
    todo: `It goes on there: \`holodeck tail ${sessionId}\` follows it.`,
  });
}

/** Takes away what ended sessions left in a folder of spools when their processes were killed. */
export async function sweep(store: Store, spools: string | null): Promise<void> {
  if (spools === null) return;
  for (const leftover of await leftovers(store, spools)) await takeAway(leftover);
}

/** The folder beside the store where attempts spool: an absolute path. */
export function dataFolderOf(store: string | undefined, io: Io): string {
  const file = fileOf(addressOf(store === undefined ? {} : { store }, io));
  return resolve(file === null ? io.env["HOLODECK_HOME"] || ".holodeck" : dirname(file));
}
