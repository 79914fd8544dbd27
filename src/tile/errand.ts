// What is carried from the log to servers elsewhere: of which events, to whom, and under which names it is kept how far
// it came. Tiles to PLATO servers are one errand (tile-errand.ts), each webhook is another (webhook/post-errand.ts).
import type { Aggregate } from "../event/decider.ts";
import type { Event, Fact, StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import type { OutboxCommand, OutboxState } from "./outbox-stream.ts";
import type { SinkAnswer } from "./sink.ts";

export interface Errand {
  /** Of its streams. */
  readonly kind: string;
  /** The name of its saved place: what lies before it has its streams. */
  readonly place: string;
  /** By which the heads of its streams are told from others of their kind. */
  readonly labels: readonly string[];
  readonly aggregate: Aggregate<OutboxState, OutboxCommand, Fact>;
  /** The type of the event that asks for what is parked to be sent once more. */
  readonly retried: string;
  /** Where in a log it begins that it has never followed: with all there is, or with what comes. */
  readonly begins: "at_first" | "now";
  /** Where it is kept how far a stream's events were carried. */
  outboxOf(source: StreamId): StreamId;
  /** What is carried of an event, in a few words; null when nothing is. */
  titleOf(event: Event): string | null;
  /** The outbox that an event opens; null when it opens none. One that is open already keeps its place. */
  opening(event: Event): Opening | null;
}

export interface Opening {
  readonly destination: string;
  /** Nothing is carried of events up to this one. */
  readonly afterSeq: number;
}

/** Brings what an errand is about to one destination. */
export interface Carrier {
  /** Never throws for what the other side does: that is an answer. */
  carry(event: StoredEvent, signal: AbortSignal): Promise<SinkAnswer>;
  /** Lets go of connections. */
  close(): void;
}

/** What a sender counts. */
export interface DeliveryMetrics {
  sent(count: number): void;
  parked(count: number): void;
  /** A try that is to be repeated. */
  failed(): void;
  /** How many of this store wait is asked when the metrics are read. */
  waiting(source: () => Promise<number>): void;
}
