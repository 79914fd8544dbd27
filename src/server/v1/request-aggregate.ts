// Requests with an idempotency key, as streams: that one was taken in, and what it was answered. Like a room, such a
// stream keeps nothing in its state (ADR 9): the store's keys remember, and take each key once, whoever races.
import type { Aggregate, Decision, Happened } from "../../event/decider.ts";
import { streamId, type Fact, type Hash, type StreamId } from "../../event/event.ts";
import type { Json, JsonObject } from "../../event/json.ts";
import type { Pruned } from "../../event/pruned.ts";
import type { ProcessIdentity } from "../../session/events.ts";

export interface RequestTaken extends JsonObject {
  /** Of the request's method, path and body. */
  readonly digest: Hash;
  /** Who works on it. */
  readonly process: ProcessIdentity;
}

export interface RequestAnswered extends JsonObject {
  readonly status: number;
  readonly type: string;
  readonly location?: string;
  /** The body's text, or where it is when it is long. */
  readonly body?: string;
  readonly body_blob?: { readonly hash: Hash; readonly bytes: number };
}

export type RequestEvent =
  | (Fact & { readonly type: "request_taken"; readonly data: RequestTaken })
  | (Fact & { readonly type: "request_answered"; readonly data: RequestAnswered })
  | (Fact & { readonly type: "pruned"; readonly data: RequestsPruned });

/** What stays of a stream whose old events go. */
export interface RequestsPruned extends Pruned {
  readonly created_at: number;
  readonly taken: number;
}

export type RequestCommand =
  | { readonly type: "take_request"; readonly now: number; readonly taken: RequestTaken }
  | { readonly type: "answer_request"; readonly now: number; readonly answered: RequestAnswered }
  | {
      readonly type: "prune_requests";
      readonly now: number;
      readonly to: number;
      readonly lastHash: Hash;
    };

export interface RequestState {
  createdAt: number;
  taken: number;
  /** The seq of the last event that was let go of; 0 for none. */
  prunedTo: number;
}

/** Requests are spread over so many streams, so that they wait for each other little, and streams stay few. */
const STREAMS = 16;

/** The stream of a request: by the first digit of its id. */
export function requestStream(id: Hash): StreamId {
  return streamId("requests", (Number.parseInt(id.slice(0, 1), 16) % STREAMS).toString(16));
}

export function takenKey(id: Hash): string {
  return `taken:${id}`;
}

export function answeredKey(id: Hash): string {
  return `answered:${id}`;
}

export const requestAggregate: Aggregate<RequestState, RequestCommand, RequestEvent> = {
  initial: () => ({ createdAt: 0, taken: 0, prunedTo: 0 }),
  decide,
  evolve,
  head: ({ createdAt, taken }) => ({
    kind: "requests",
    status: "open",
    createdAt,
    dueAt: null,
    labels: [],
    summary: { taken },
  }),
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state): Json => ({ ...state }),
    load: (json) => ({ ...(json as unknown as RequestState) }),
  },
};

function decide(state: RequestState, command: RequestCommand): Decision<RequestEvent> {
  if (command.type === "prune_requests") {
    const { to, lastHash: last_hash } = command;
    // Another process was first, or nothing has grown old since.
    if (to <= state.prunedTo) return [];
    const { createdAt: created_at, taken } = state;
    return [{ type: "pruned", room: null, data: { from: 1, to, last_hash, created_at, taken } }];
  }
  return command.type === "take_request"
    ? [{ type: "request_taken", room: null, data: command.taken }]
    : [{ type: "request_answered", room: null, data: command.answered }];
}

function evolve(state: RequestState, event: Happened<RequestEvent>): RequestState {
  if (event.seq === 1) state.createdAt = event.at;
  if (event.type === "request_taken") state.taken++;
  if (event.type === "pruned") {
    const { created_at, taken, to } = event.data;
    return { createdAt: created_at, taken, prunedTo: to };
  }
  return state;
}
