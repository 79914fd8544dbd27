// `holodeck session ls`: the sessions of a store, newest first, read from their heads alone.
import type { JsonObject } from "../event/json.ts";
import type { SessionFilter, SessionPage, SessionSummary } from "../session/list.ts";
import { isoTime } from "../tile/session-tiles.ts";
import { palette, wantsColor } from "./ansi.ts";
import { addressOf, hasData } from "./existing-store.ts";
import { EXIT } from "./exit-codes.ts";
import { formatAge, formatDuration } from "./format.ts";
import { note, print, printJson, type Io } from "./io.ts";
import type { SourceOption } from "./session-source.ts";
import { urlOf, withSource } from "./source.ts";
import { styleStatus } from "./status-style.ts";
import { table } from "./table.ts";

export interface SessionLsOptions extends SourceOption {
  readonly status?: NonNullable<SessionFilter["status"]>;
  readonly agent?: string;
  readonly tag?: string;
  readonly limit?: number;
  readonly after?: string;
  readonly json?: boolean;
}

export async function command(_args: readonly string[], options: SessionLsOptions, io: Io): Promise<number> {
  const page = await readPage(options, io);
  if (options.json === true) {
    printJson(io, { sessions: page.sessions.map(documentOf), next: page.next });
    return EXIT.ok;
  }
  const colors = palette(wantsColor(io.out, io.env));
  const headings = ["SESSION", "NAME", "AGENT", "STATUS", "AGE", "DURATION", "TASKS"];
  const now = Date.now();
  const rows = page.sessions.map((session) => rowOf(session, now));
  if (rows.length === 0) note(io, "No sessions.");
  else for (const line of table(headings, rows, colors, styleColumn)) print(io, line);
  if (page.next !== null) note(io, `There are more: add --after ${page.next}`);
  return EXIT.ok;

  function styleColumn(cell: string, column: number): string {
    return column === 3 ? styleStatus(cell, colors) : cell;
  }
}

async function readPage(options: SessionLsOptions, io: Io): Promise<SessionPage> {
  const isStored = urlOf(options, io) === null;
  if (options.json === true && isStored && !hasData(addressOf(options, io)))
    return { sessions: [], next: null };
  const { status, agent, tag, limit, after } = options;
  const filter: SessionFilter = {
    ...(status !== undefined && { status }),
    ...(agent !== undefined && { agentId: agent }),
    ...(tag !== undefined && { tag }),
    ...(limit !== undefined && { limit }),
    ...(after !== undefined && { after }),
  };
  return await withSource(options, io, async (source) => await source.list(filter));
}

function documentOf(session: SessionSummary): object {
  return {
    session_id: session.sessionId,
    session_name: session.sessionName,
    agent_id: session.agentId,
    status: session.status,
    created_at: isoTime(session.createdAt),
    due_at: session.dueAt === null ? null : isoTime(session.dueAt),
    duration_ms: session.durationMs,
    tasks: session.tasks,
  };
}

function rowOf(session: SessionSummary, now: number): readonly string[] {
  const { sessionId, sessionName, agentId, status, createdAt, durationMs, tasks } = session;
  const duration = durationMs === null ? "" : formatDuration(durationMs);
  return [sessionId, sessionName, agentId, status, formatAge(now - createdAt), duration, tasksText(tasks)];
}

/** `5 of 8, 1 failed, 1 timed out` */
export function tasksText(tasks: JsonObject): string {
  const number = (name: string): number => Number(tasks[name] ?? 0);
  const [succeeded, failed, cancelled] = [number("succeeded"), number("failed"), number("cancelled")];
  const timedOut = number("timed_out");
  const parts = [`${succeeded + failed + cancelled + timedOut} of ${number("total")}`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (timedOut > 0) parts.push(`${timedOut} timed out`);
  if (cancelled > 0) parts.push(`${cancelled} cancelled`);
  return parts.join(", ");
}
