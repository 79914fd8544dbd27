// Reading sessions from a server, in the form in which they are read from a store.
import { HolodeckError } from "../event/error.ts";
import type { Event } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { streamKey, type StreamId } from "../event/stream.ts";
import type { SessionFilter, SessionPage, SessionSummary } from "../session/list.ts";
import type { SessionHead, SessionReading, ToldEvent } from "../session/reading.ts";
import { unsupported } from "./commands.ts";
import type { Connection } from "./connection.ts";

const PAGE = 1_000;

export class ServedReading implements SessionReading {
  readonly #connection: Connection;
  /** Of which session blobs are asked for: a server gives only what a session's events name. */
  readonly #sessionId: string | null;

  constructor(connection: Connection, sessionId: string | null = null) {
    this.#connection = connection;
    this.#sessionId = sessionId;
  }

  async read({
    stream,
    afterSeq = 0,
    limit = PAGE,
  }: Parameters<SessionReading["read"]>[0]): Promise<readonly ToldEvent[]> {
    const query = new URLSearchParams({ after_seq: `${afterSeq}`, limit: `${limit}`, pruned: "skip" });
    const { events } = await this.#connection.get(
      `${sessionPath(streamKey(stream))}/events?${query.toString()}`,
    );
    return (events as readonly JsonObject[]).map(toldEvent);
  }

  async head({ stream }: { readonly stream: StreamId }): Promise<SessionHead | null> {
    try {
      const told = (await this.#connection.get(sessionPath(streamKey(stream)))) as unknown as SessionTold;
      const { last_seq: seq, last_hash: hash, status, pruned } = told;
      return { stream, seq, hash, status, summary: pruned === undefined ? {} : { pruned } };
    } catch (error) {
      if (error instanceof HolodeckError && error.code === "not_found") return null;
      throw error;
    }
  }

  async blob({ hash }: { readonly hash: string }): Promise<Uint8Array | null> {
    if (this.#sessionId === null) throw unsupported("A blob is asked for without its session.");
    try {
      return await this.#connection.bytes(`${sessionPath(this.#sessionId)}/blobs/${hash}`);
    } catch (error) {
      if (error instanceof HolodeckError && /^(?:not_found|pruned)$/.test(error.code)) return null;
      throw error;
    }
  }

  /** Folding begins with the first event there is. */
  async snapshot(): Promise<null> {
    return await Promise.resolve(null);
  }

  async list(filter: SessionFilter): Promise<SessionPage> {
    const { status, agentId, tag, createdFrom, createdBefore, text, sessionIds, limit, after } = filter;
    if (sessionIds !== undefined) throw unsupported("A server does not list by ids.");
    const asked = {
      status,
      agent: agentId,
      tag,
      created_after: createdFrom === undefined ? undefined : new Date(createdFrom).toISOString(),
      created_before: createdBefore === undefined ? undefined : new Date(createdBefore).toISOString(),
      text,
      limit: limit === undefined ? undefined : `${limit}`,
      page_token: after,
    };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
    const page = await this.#connection.get(`/v1/sessions?${query.toString()}`);
    const sessions = page["sessions"] as unknown as readonly SummaryTold[];
    return { sessions: sessions.map(summaryOf), next: page["next_page_token"] as string | null };
  }
}

export function sessionPath(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}`;
}

interface SessionTold {
  readonly status: string;
  readonly last_seq: number;
  readonly last_hash: string;
  readonly pruned?: string;
}

interface SummaryTold {
  readonly session_id: string;
  readonly session_name: string;
  readonly agent_id: string;
  readonly status: string;
  readonly created_at: string;
  readonly due_at: string | null;
  readonly duration_seconds: number | null;
  readonly tasks: JsonObject;
}

function summaryOf(told: SummaryTold): SessionSummary {
  const { due_at, duration_seconds } = told;
  return {
    sessionId: told.session_id,
    sessionName: told.session_name,
    agentId: told.agent_id,
    status: told.status,
    createdAt: Date.parse(told.created_at),
    dueAt: due_at === null ? null : Date.parse(due_at),
    durationMs: duration_seconds === null ? null : Math.round(duration_seconds * 1_000),
    tasks: told.tasks,
  };
}

function toldEvent({ hash, ...event }: JsonObject): ToldEvent {
  return { event: event as unknown as Event, hash: hash as string };
}
