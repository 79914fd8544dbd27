// `holodeck session show`: one session as its events leave it. Folds the stream itself and starts no manager:
// showing a session changes nothing, not even one whose time is up.
import { streamKey } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import { isAlive } from "../run/host.ts";
import { sessionAggregate } from "../session/aggregate.ts";
import { taskCount, taskTotals, type SessionState } from "../session/state.ts";
import { palette, wantsColor } from "./ansi.ts";
import { EXIT } from "./exit-codes.ts";
import { findSession } from "./find-session.ts";
import { count, formatAge, formatDate, formatDuration } from "./format.ts";
import { pasteable } from "./hint.ts";
import { note, print, printJson, type Io } from "./io.ts";
import { printable } from "./printable.ts";
import { sessionDocument } from "../session/session-document.ts";
import { tasksText } from "./session-ls.ts";
import type { SourceOption } from "./session-source.ts";
import { withSource } from "./source.ts";
import { styleStatus } from "./status-style.ts";
import { taskRow, TASK_HEADINGS, TASK_OUTCOME_COLUMN } from "./task-row.ts";
import { table } from "./table.ts";

export interface SessionShowOptions extends SourceOption {
  readonly json?: boolean;
}

export async function command(args: readonly string[], options: SessionShowOptions, io: Io): Promise<number> {
  const { state, isServed } = await withSource(options, io, async (source) => {
    const { stream } = await findSession(source, args[0] ?? "latest");
    const log = source.reading(streamKey(stream));
    const folded = await fold({ aggregate: sessionAggregate, log, stream });
    return { state: folded.state, isServed: source.isServed };
  });
  if (options.json === true) printJson(io, sessionDocument(state, Date.now()));
  else {
    showSession(state, Date.now(), io);
    // Whether a server's process lives is not known here.
    const advice = isServed ? null : adviceOn(state);
    if (advice !== null) note(io, pasteable(io, advice));
  }
  return EXIT.ok;
}

/** `now` is milliseconds since the epoch: an open session has lasted until then. */
export function showSession(state: SessionState, now: number, io: Io): void {
  const colors = palette(wantsColor(io.out, io.env));
  print(io, `${colors.bold(printable(state.sessionName))}  ${state.sessionId}`);
  for (const [name, value] of facts(state, now)) {
    const text = printable(value);
    print(io, `  ${colors.dim(name.padEnd(9))} ${name === "status" ? styleStatus(text, colors) : text}`);
  }
  if (state.tasks.size > 0) {
    print(io, "");
    const rows = [...state.tasks.values()].map((task) => taskRow(task, state.agentId));
    const style = (cell: string, column: number): string =>
      column === TASK_OUTCOME_COLUMN ? styleStatus(cell, colors) : cell;
    for (const line of table(TASK_HEADINGS, rows, colors, style)) print(io, line);
  }
}

function facts(state: SessionState, now: number): readonly (readonly [name: string, value: string])[] {
  const { outcome, tags, startedAt, durationMs, patterns, error, dueAt, forkedFrom } = state;
  const duration = durationMs ?? now - startedAt;
  const all: (readonly [string, string])[] = [
    ["status", outcome ?? "open"],
    ["agent", state.agentId],
    ["started", `${formatDate(state.createdAt)} (${formatAge(Date.now() - state.createdAt)} ago)`],
    [
      "duration",
      `${formatDuration(duration)} of at most ${formatDuration(state.sessionTimeoutSeconds * 1_000)}`,
    ],
    ["tasks", tasksText({ ...taskTotals(state), total: taskCount(state) })],
  ];
  if (outcome === null) all.push(["due", formatDate(dueAt)]);
  if (forkedFrom !== null) all.push(["forked", `from ${forkedFrom.sessionId} at ${forkedFrom.seq}`]);
  if (tags.length > 0) all.push(["tags", tags.join(", ")]);
  if (patterns.length > 0) all.push(["patterns", patterns.join(", ")]);
  if (state.h1 !== null)
    all.push([
      "routed",
      `by ${routersOf(state)}; β₁ ${state.h1.start} → ${state.h1.end}${alertsText(state)}`,
    ]);
  if (state.emitTiles) all.push(["room", state.scoutRoom]);
  if (error !== null) all.push(["error", error]);
  if (state.pruned === "events") all.push(["pruned", "its events, tasks and blobs are gone; this stays"]);
  if (state.pruned === "blobs") all.push(["pruned", "its blobs are gone"]);
  return all;
}

function routersOf(state: SessionState): string {
  const routers = new Set([...state.tasks.values()].flatMap(({ router }) => router ?? []));
  return routers.size === 0 ? "H¹" : [...routers].join(", ");
}

function alertsText({ alerts }: SessionState): string {
  return alerts === 0 ? "" : `, ${count(alerts, "emergence alert")}`;
}

/** What to do about an open session that nobody works on. */
function adviceOn({ outcome, process, plan, sessionId }: SessionState): string | null {
  if (outcome !== null || process === null) return null;
  const { boot_id: bootId, pid, start_time } = process;
  if (isAlive({ bootId, pid, startTime: Number(start_time) })) return null;
  const goOn = `holodeck resume ${sessionId}`;
  const end = `holodeck session end ${sessionId}`;
  return plan === null
    ? `Process ${pid}, which ran it, is not on this machine any more. \`${end}\` ends it.`
    : `Process ${pid}, which ran it, is not on this machine any more. \`${goOn}\` goes on with it, \`${end}\` ends it.`;
}
