// The events of a session that read as tiles, and how they read: the table of spec/wire.md §3, byte for byte.
import type { Event } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";

/** What a tile says of an event; its room and its source are the same for all. */
export interface TileContent {
  readonly question: string;
  readonly answer: JsonObject;
  readonly tags: readonly string[];
  /** 0 to 1. */
  readonly confidence: number;
}

/** How a task was routed, as its start tile tells it. */
export interface Routing extends JsonObject {
  readonly agent_id: string;
  /** β₁ of the fleet once the task is a vertex, and after its edges. */
  readonly h1_before: number;
  readonly h1_after: number;
  /** 0, 0.3, 0.6 or 0.9 (spec/wire.md §2). */
  readonly emergence_risk: number;
}

/** How many tasks ended how; `total` is the sum of the rest. */
export interface TaskTotals extends JsonObject {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly timed_out: number;
}

export interface SessionStarted extends JsonObject {
  readonly session_id: string;
  readonly agent_id: string;
  readonly session_name: string;
  readonly tags: readonly string[];
  readonly max_tasks: number;
  readonly task_timeout_seconds: number;
  readonly h1_router_enabled: boolean;
}

export interface TaskStarted extends JsonObject {
  readonly session_id: string;
  readonly task_id: string;
  readonly agent_id: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly routing?: Routing;
}

export interface TaskEnded<Outcome extends string = string> extends JsonObject {
  readonly session_id: string;
  readonly task_id: string;
  readonly agent_id: string;
  readonly outcome: Outcome;
  readonly duration_ms: number;
  /** How many attempts were started; 0 when it ended before the first. */
  readonly attempt: number;
  readonly result?: Json;
  readonly error?: string;
}

export interface SessionEnded<Outcome extends string = string> extends JsonObject {
  readonly session_id: string;
  readonly agent_id: string;
  readonly session_name: string;
  readonly outcome: Outcome;
  readonly duration_ms: number;
  readonly tasks: TaskTotals;
  /** There only when H¹ routing is on. */
  readonly h1_delta?: { readonly start: number; readonly end: number; readonly change: number };
  readonly patterns: readonly string[];
}

export interface SessionError extends JsonObject {
  readonly session_id: string;
  readonly agent_id: string;
  readonly session_name: string;
  readonly error: string;
}

export interface EmergenceAlert extends JsonObject {
  readonly session_id: string;
  readonly h1: number;
  readonly threshold: number;
  /** Offset of the threshold from V, −2 by default. */
  readonly offset: number;
  readonly vertices: number;
  readonly edges: number;
  readonly routing_decision: JsonObject;
  readonly recommendation: string;
}

/** The tile content of a session's event; null for types that have none. */
export function renderSessionEvent(event: Event): TileContent | null {
  // The type of an event fixes the shape of its data; session/events.ts ties the two.
  const data: unknown = event.data;
  switch (event.type) {
    case "session_started":
      return renderSessionStarted(data as SessionStarted, event.at);
    case "task_started":
      return renderTaskStarted(data as TaskStarted);
    case "task_ended":
      return renderTaskEnded(data as TaskEnded);
    case "session_error":
      return renderSessionError(data as SessionError, event.at);
    case "session_ended":
      return renderSessionEnded(data as SessionEnded);
    case "emergence_alert":
      return renderEmergenceAlert(data as EmergenceAlert, event.at);
    default:
      return null;
  }
}

function renderSessionStarted(data: SessionStarted, at: number): TileContent {
  const { session_id, agent_id, session_name, tags, max_tasks, task_timeout_seconds, h1_router_enabled } =
    data;
  const started = isoTime(at);
  return {
    question: `[SESSION_START] ${agent_id}:${session_name}`,
    answer: {
      session_id,
      agent_id,
      session_name,
      started,
      tags,
      max_tasks,
      task_timeout_seconds,
      h1_router_enabled,
    },
    tags: ["scout", "session", "start", agent_id],
    confidence: 1,
  };
}

function renderTaskStarted({ session_id, task_id, agent_id, routing, attempt }: TaskStarted): TileContent {
  return {
    question: `[TASK_START] ${task_id} → ${agent_id}`,
    answer: {
      session_id,
      task_id,
      agent_id,
      ...(routing !== undefined && { routing: routingOf(routing) }),
      ...(attempt > 1 && { attempt }),
    },
    tags: ["scout", "task", "start"],
    confidence: 0.9,
  };
}

function renderTaskEnded(data: TaskEnded): TileContent {
  const { session_id, task_id, agent_id, outcome, duration_ms, result, error, attempt } = data;
  return {
    question: `[TASK_END] ${task_id} — ${outcome.toUpperCase()}`,
    answer: {
      session_id,
      task_id,
      agent_id,
      outcome,
      duration_ms,
      ...(result !== undefined && { result }),
      ...(error !== undefined && { error }),
      ...(attempt > 1 && { attempt }),
    },
    tags: ["scout", "task", "end", outcome],
    confidence: 0.9,
  };
}

function renderSessionError(data: SessionError, at: number): TileContent {
  const { session_id, agent_id, session_name, error } = data;
  return {
    question: `[SESSION_ERROR] ${agent_id}:${session_name}`,
    answer: { session_id, agent_id, error, at: isoTime(at) },
    tags: ["scout", "session", "error"],
    confidence: 1,
  };
}

function renderSessionEnded(data: SessionEnded): TileContent {
  const { session_id, agent_id, session_name, outcome, duration_ms, tasks, h1_delta, patterns } = data;
  const { total, succeeded, failed, cancelled, timed_out } = tasks;
  return {
    question: `[SESSION_END] ${agent_id}:${session_name} — ${outcome.toUpperCase()}`,
    answer: {
      session_id,
      outcome,
      duration_seconds: Math.floor(duration_ms / 1_000),
      tasks: { total, succeeded, failed, cancelled, ...(timed_out > 0 && { timed_out }) },
      ...(h1_delta !== undefined && { h1_delta }),
      patterns,
    },
    tags: ["scout", "session", "end", outcome],
    confidence: 0.95,
  };
}

function renderEmergenceAlert(data: EmergenceAlert, at: number): TileContent {
  const { session_id, h1, threshold, offset, vertices, edges, routing_decision, recommendation } = data;
  return {
    question: alertQuestion(h1, offset, threshold),
    answer: {
      timestamp: isoTime(at),
      h1_dimension: h1,
      v_threshold: threshold,
      n_vertices: vertices,
      n_edges: edges,
      routing_decision,
      recommendation,
      session_id,
    },
    tags: ALERT_TAGS,
    confidence: 0.95,
  };
}

export const ALERT_TAGS: readonly string[] = ["emergency", "h1", "emergence", "routing"];

/** `[EMERGENCE ALERT] β₁=6 > V-2=5`. */
export function alertQuestion(h1: number, offset: number, threshold: number): string {
  return `[EMERGENCE ALERT] β₁=${h1} > V${offset < 0 ? "" : "+"}${offset}=${threshold}`;
}

function routingOf({ agent_id, h1_before, h1_after, emergence_risk }: Routing): Routing {
  return { agent_id, h1_before, h1_after, emergence_risk };
}

/** ISO-8601 UTC with a `Z`; whole seconds have no `.000`. */
export function isoTime(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}
