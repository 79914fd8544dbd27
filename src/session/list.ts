// Lists of sessions, from heads alone.
import { streamKey } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Store, StoredHead } from "../store/port.ts";
import type { SessionOutcome } from "./outcome.ts";

export interface SessionFilter {
  readonly status?: "open" | SessionOutcome;
  readonly agentId?: string;
  readonly tag?: string;
  /** 1 to 1,000; default 50. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface SessionSummary {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly agentId: string;
  /** `open`, or the outcome it ended with. */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When its next timeout falls due, milliseconds since the epoch; null when it has ended. */
  readonly dueAt: number | null;
  /** Null while it is open. */
  readonly durationMs: number | null;
  /** `total` counts all tasks, the others those that have ended. */
  readonly tasks: JsonObject;
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  /** Null when there is no more; a page may be short and still have a next. */
  readonly next: string | null;
}

/** Newest first. */
export async function listSessions(store: Store, filter: SessionFilter): Promise<SessionPage> {
  const { status, agentId, tag, limit = 50, after } = filter;
  const labels = [
    ...(agentId === undefined ? [] : [`agent:${agentId}`]),
    ...(tag === undefined ? [] : [`tag:${tag}`]),
  ];
  const { items, next } = await store.heads({
    filter: { kind: "session", labels, ...(status !== undefined && { status }) },
    page: { limit, ...(after !== undefined && { after }) },
  });
  return { sessions: items.map(summaryOf), next };
}

function summaryOf({ stream, status, createdAt, dueAt, summary }: StoredHead): SessionSummary {
  const { session_name, agent_id, tasks, duration_ms } = summary as unknown as HeadSummary;
  return {
    sessionId: streamKey(stream),
    sessionName: session_name,
    agentId: agent_id,
    status,
    createdAt,
    dueAt,
    durationMs: duration_ms,
    tasks,
  };
}

/** What session/aggregate.ts puts into a head. */
interface HeadSummary {
  readonly session_name: string;
  readonly agent_id: string;
  readonly duration_ms: number | null;
  readonly tasks: JsonObject;
}
