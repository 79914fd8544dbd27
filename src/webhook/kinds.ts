// What a webhook can be told of, as a table: a new kind is a line. A kind names the event it is made of and the members
// it tells; all else stays here, results first of all.
import type { Event } from "../event/event.ts";
import { streamKind } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { StoredEvent } from "../event/log.ts";
import { isoTime } from "../tile/session-tiles.ts";

interface KindRow {
  /** Of the event's stream. Nothing may happen in it after `session_ended`: that is the last that is looked at. */
  readonly stream: string;
  readonly event: string;
  /** The kind is for events with one of these outcomes; default any. */
  readonly outcomes?: readonly string[];
  /** Members of the event that are told. */
  readonly tells: readonly string[];
}

const TASK = ["session_id", "task_id", "agent_id", "outcome", "duration_ms", "attempt", "error"];
const END = [
  "session_id",
  "session_name",
  "agent_id",
  "outcome",
  "duration_ms",
  "tasks",
  "h1_delta",
  "patterns",
  "error",
];
const ALERT = ["session_id", "h1", "threshold", "offset", "vertices", "edges", "recommendation"];

const KINDS = {
  task_failed: { stream: "session", event: "task_ended", outcomes: ["failed", "timeout"], tells: TASK },
  session_ended: { stream: "session", event: "session_ended", tells: END },
  emergence_alert: { stream: "session", event: "emergence_alert", tells: ALERT },
} as const satisfies Readonly<Record<string, KindRow>>;

export type WebhookKind = keyof typeof KINDS;

export const WEBHOOK_KINDS = Object.keys(KINDS) as readonly WebhookKind[];

/** What is posted. Beside these members stand those of its kind. */
export interface WebhookPost extends JsonObject {
  readonly type: WebhookKind;
  /** The event's hash, which is the `webhook-id` too. */
  readonly event_id: string;
  /** When it happened, ISO-8601 in UTC. */
  readonly at: string;
}

/** What an event is to a webhook; null when it is nothing to any. */
export function kindOf({ type, stream, data }: Event): WebhookKind | null {
  const rows: Readonly<Record<string, KindRow>> = KINDS;
  return (
    WEBHOOK_KINDS.find((kind) => {
      const row = rows[kind];
      if (row === undefined || row.event !== type || row.stream !== streamKind(stream)) return false;
      return row.outcomes === undefined || row.outcomes.some((one) => one === data["outcome"]);
    }) ?? null
  );
}

/** What is posted of an event. */
export function postOf(type: WebhookKind, { event, hash }: StoredEvent): WebhookPost {
  const told = KINDS[type].tells.flatMap((name): readonly (readonly [string, Json])[] => {
    const value = event.data[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { type, event_id: hash, at: isoTime(event.at), ...Object.fromEntries(told) };
}
