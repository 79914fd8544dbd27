// The last word about a run: a summary for people, one document for machines, an exit code for both.
import { stateAt } from "../session/past-session.ts";
import type { Session } from "../session/session.ts";
import { streamOf } from "../session/stream.ts";
import type { Store } from "../store/port.ts";
import { EXIT, exitCodeOfOutcome } from "./exit-codes.ts";
import { count, formatDuration } from "./format.ts";
import { hint } from "./hint.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { junitReport } from "./junit.ts";
import { writeOutputFile } from "./output-file.ts";
import type { RunOptions } from "./run-session.ts";

/** What became of a session, for machines. */
interface RunDocument {
  readonly session_id: string;
  /** Null when the run was stopped and the session is open. */
  readonly outcome: string | null;
  readonly tasks: object;
  readonly patterns: readonly string[];
  /** β₁ of the fleet before the first routing and after the last; null when nothing was routed. */
  readonly h1: { readonly start: number; readonly end: number } | null;
  readonly emergence_alerts: number;
  /** How many tiles it has. */
  readonly tiles: number;
}

/** Tells what became of a session, and answers the exit code. */
export async function finish(session: Session, store: Store, options: RunOptions, io: Io): Promise<number> {
  const { sessionId, outcome, patterns, totals, h1, emergenceAlerts } = session;
  const tiles = (await session.tiles()).length;
  const told = { h1, emergence_alerts: emergenceAlerts, tiles };
  const document: RunDocument = { session_id: sessionId, outcome, tasks: totals, patterns, ...told };
  if (options.json === true) printJson(io, document);
  else
    for (const line of outcome === null ? [] : summary(session, { tiles, storeName: store.name, io }))
      print(io, line);
  if (options.junit !== undefined) await writeReport(session, store, options.junit);
  if (outcome === null) {
    note(io, `Stopped; what had finished is kept. Go on with: ${hint(io, "resume", sessionId)}`);
    return EXIT.interrupted;
  }
  return options.failOnEmergence === true && emergenceAlerts > 0
    ? EXIT.emergence
    : exitCodeOfOutcome(outcome);
}

async function writeReport(session: Session, store: Store, path: string): Promise<void> {
  const head = await store.head({ stream: streamOf(session.sessionId) });
  const { state } = await stateAt(store, session.sessionId, head?.seq ?? 1);
  writeOutputFile(path, junitReport(state));
}

interface Told {
  readonly tiles: number;
  readonly storeName: string;
  readonly io: Io;
}

function summary(session: Session, { tiles, storeName, io }: Told): readonly string[] {
  const { sessionId, sessionName, outcome, patterns, durationSeconds, emergenceAlerts } = session;
  return [
    "",
    `${sessionName} ended as ${outcome} in ${formatDuration(durationSeconds * 1_000)}`,
    `  tasks     ${taskLine(session)}`,
    `  patterns  ${patterns.join(", ") || "none"}`,
    ...(emergenceAlerts > 0 ? [`  emergence ${count(emergenceAlerts, "alert")}`] : []),
    `  tiles     ${count(tiles, "tile")}`,
    `  data      ${storeName}`,
    `  next      ${hint(io, "session", "show", sessionId)}`,
    `            ${hint(io, "tiles", "--session", sessionId)}`,
    `            ${hint(io, "verify")}`,
  ];
}

function taskLine({ totals }: Session): string {
  const parts = [
    [totals.succeeded, "succeeded"],
    [totals.failed, "failed"],
    [totals.timed_out, "timed out"],
    [totals.cancelled, "cancelled"],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return `${totals.total}${told.length === 0 ? "" : `: ${told.join(", ")}`}`;
}
