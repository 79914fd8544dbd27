// What `run`, `resume` and `demo` share: a session's plan run to its end, a signal that stops it, and the last word.
import { rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { bootId } from "../run/host.ts";
import type { Plan } from "../run/plan.ts";
import { runPlan } from "../run/runner.ts";
import type { Session } from "../session/session.ts";
import { SystemClock } from "../session/system-clock.ts";
import { storeAddress } from "../store/open.ts";
import type { Store } from "../store/port.ts";

/** What a view of a running plan is told beside the session's own events. */
export interface RunView {
  output(taskId: string, text: string): void;
  close(): Promise<void>;
}

export interface SessionRun {
  readonly session: Session;
  readonly store: Store;
  readonly plan: Plan;
  readonly folder: string;
  readonly spool: string;
  readonly view: RunView;
}

/** Runs until the session has ended, or until a signal: then what runs is stopped and the session stays open. */
export async function runSession({ view, ...run }: SessionRun): Promise<{ readonly interrupted: boolean }> {
  const stop = new AbortController();
  const onSignal = (): void => {
    // A second signal means: now. The guards end what runs when this process is gone.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    await runPlan({
      ...run,
      clock: new SystemClock(bootId()),
      environment: process.env,
      onOutput: (taskId, { text }) => view.output(taskId, text),
      signal: stop.signal,
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await view.close();
  }
  const interrupted = run.session.status === "open";
  if (!interrupted) rmSync(run.spool, { recursive: true, force: true });
  return { interrupted };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The folder beside the store where attempts spool: an absolute path. */
export function dataFolderOf(store: string | undefined): string {
  const address = store ?? storeAddress(process.env);
  const path = /^[a-z][a-z0-9+.-]+:/i.test(address) ? address.replace(/^sqlite:/i, "") : address;
  const isFile = !/^[a-z][a-z0-9+.-]+:/i.test(path);
  return resolve(isFile ? dirname(path) : (process.env["HOLODECK_HOME"] ?? ".holodeck"));
}

/** What became of a session, for machines: one document. */
export interface RunDocument {
  readonly session_id: string;
  /** Null when the run was interrupted: the session is open. */
  readonly outcome: string | null;
  readonly tasks: object;
  readonly patterns: readonly string[];
  /** How many tiles it has. */
  readonly tiles: number;
}

export async function runDocument(session: Session): Promise<RunDocument> {
  const tiles = await session.tiles();
  return {
    session_id: session.sessionId,
    outcome: session.outcome,
    tasks: session.totals,
    patterns: session.patterns,
    tiles: tiles.length,
  };
}
