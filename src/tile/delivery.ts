// One visit to one outbox: carries what waits of a session's events, in order, and records what it came to. The effect
// comes before its record; between the two lies a repeat with the same key, which changes nothing.
import { streamKind, type Fact, type StreamId } from "../event/event.ts";
import type { EventLog, StoredEvent } from "../event/log.ts";
import { prunedBy } from "../event/pruned.ts";
import type { Runtime } from "../event/runtime.ts";
import type { Carrier, Errand } from "./errand.ts";
import type { OutboxCommand, OutboxState, ParkedTile } from "./outbox-stream.ts";
import type { SinkAnswer } from "./sink.ts";

export type OutboxRuntime = Runtime<OutboxState, OutboxCommand, Fact>;

export interface VisitOptions {
  readonly errand: Errand;
  readonly session: StreamId;
  /** Of the sink. */
  readonly destination: string;
  readonly log: EventLog;
  readonly runtime: OutboxRuntime;
  readonly carrier: Carrier;
  readonly signal: AbortSignal;
  /** Asked before each sending: false when another process has taken this stream over. */
  readonly mayGoOn: () => Promise<boolean>;
  /** A visit ends after so many were sent, so that every stream has its turn. */
  readonly itemsMax: number;
}

export interface Visited {
  readonly delivered: number;
  readonly parked: number;
  /** `idle`: nothing waits. `more`: its turn was over. `taken`: by another process. `failed`: try again. */
  readonly end: "idle" | "more" | "taken" | "failed";
  /** Why it failed. */
  readonly reason: string | null;
  /** The server asked to be left alone for so long, milliseconds. */
  readonly afterMs: number | null;
  /** Nothing will ever wait here again, unless what is parked is retried. */
  readonly closed: boolean;
}

const PAGE = 64;

export async function visit(options: VisitOptions): Promise<Visited> {
  const { errand, session, log, runtime } = options;
  const stream = errand.outboxOf(session);
  const state = await runtime.refresh(stream);
  const round = new Round(options, state.throughSeq);
  // Its tiles go elsewhere by now, and another lane sees to it.
  if (state.destination !== options.destination) return round.visited(state.status === "closed");
  // What a retry asked for is older than what waits. The list is fixed before anything changes it.
  for (const tile of [...state.retrying.values()].toSorted((a, b) => a.seq - b.seq)) {
    const [event] = await log.read({ stream: session, afterSeq: tile.seq - 1, limit: 1 });
    if (event?.event.seq !== tile.seq)
      round.park({ ...tile, reason: "Its event is no longer kept.", code: null });
    else if (!(await round.send(event))) break;
  }
  if (state.status === "open") await goThrough(round, options);
  const closed = round.closed || state.status === "closed";
  await round.record(stream);
  return round.visited(closed);
}

/** From where the last visit ended to the session's last event, or until the round is over. */
async function goThrough(round: Round, { session, log }: VisitOptions): Promise<void> {
  while (!round.over) {
    const page = await log.read({ stream: session, afterSeq: round.throughSeq, limit: PAGE });
    for (const event of page) {
      if (!(await round.send(event))) return;
      round.passed(event);
    }
    if (page.length < PAGE) return;
  }
}

/** What one visit has come to so far. */
class Round {
  readonly #options: VisitOptions;
  readonly #delivered: number[] = [];
  readonly #parked: ParkedTile[] = [];
  #end: Visited["end"] = "idle";
  #reason: string | null = null;
  #afterMs: number | null = null;
  throughSeq: number;
  closed = false;

  constructor(options: VisitOptions, throughSeq: number) {
    this.#options = options;
    this.throughSeq = throughSeq;
  }

  get over(): boolean {
    return this.#end !== "idle";
  }

  /** Carries what there is of an event. False when the round ends before it. */
  async send(stored: StoredEvent): Promise<boolean> {
    const { errand, carrier, signal, mayGoOn, itemsMax } = this.#options;
    const { event, hash } = stored;
    const question = errand.titleOf(event);
    if (question === null) return true;
    if (this.over || signal.aborted) return this.#stop("failed");
    if (this.#delivered.length + this.#parked.length >= itemsMax) return this.#stop("more");
    if (!(await mayGoOn())) return this.#stop("taken");
    const answer = await carrier.carry(stored, signal);
    if (answer.status === "retry") return this.#fail(answer);
    if (answer.status === "delivered") this.#delivered.push(event.seq);
    else {
      const { reason, code } = answer;
      this.park({ seq: event.seq, hash, question, reason, code });
    }
    return true;
  }

  park(tile: ParkedTile): void {
    this.#parked.push(tile);
  }

  /** An event of the session has been gone through. */
  passed({ event }: StoredEvent): void {
    this.throughSeq = event.seq;
    // A session whose events have been pruned had ended, and nothing is left of it to carry.
    const isGone = prunedBy(event) !== null && streamKind(event.stream) === "session";
    if (event.type === "session_ended" || isGone) this.closed = true;
  }

  async record(stream: StreamId): Promise<void> {
    const { throughSeq, closed } = this;
    const [delivered, parked] = [this.#delivered, this.#parked];
    if (delivered.length === 0 && parked.length === 0 && !closed) return;
    await this.#options.runtime.execute(stream, {
      type: "record_sent",
      throughSeq,
      delivered,
      parked,
      closed,
    });
  }

  visited(closed: boolean): Visited {
    const [delivered, parked] = [this.#delivered.length, this.#parked.length];
    const ended = closed && !this.over;
    return { delivered, parked, end: this.#end, reason: this.#reason, afterMs: this.#afterMs, closed: ended };
  }

  #stop(end: Visited["end"]): false {
    if (!this.over) this.#end = end;
    return false;
  }

  #fail({ reason, afterMs }: Extract<SinkAnswer, { readonly status: "retry" }>): false {
    this.#reason = reason;
    this.#afterMs = afterMs;
    return this.#stop("failed");
  }
}
