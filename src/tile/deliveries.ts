// The reactor that carries an errand out. It follows the log: a stream of which something is to be carried gets an outbox
// (outbox-stream.ts), and with each such event the outbox is visited (delivery.ts). What another process left behind is
// found by heads. Law 8 rests on two things alone: an outbox is open before the place moves past the event that asks for
// it, and what is carried is recorded after it was. Leases and what is kept in memory only save work.
import type { Clock } from "../event/clock.ts";
import type { Moment } from "../event/decider.ts";
import { streamKind, type Fact, type StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import { Runtime } from "../event/runtime.ts";
import type { PageRequest, Store, StoredHead } from "../store/port.ts";
import { visit, type OutboxRuntime, type Visited } from "./delivery.ts";
import type { Carrier, DeliveryMetrics, Errand } from "./errand.ts";
import { LANE_STREAMS_MAX, type Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { Leases } from "./leases.ts";
import { destinationLabel, type OutboxCommand, type OutboxState } from "./outbox-stream.ts";
import { countWaiting, waitingSessions } from "./waiting.ts";

export interface DeliveriesOptions {
  readonly errand: Errand;
  readonly store: Store;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** From 0 to 1, for the jitter. */
  readonly random: () => number;
  /** Tells this process from others. */
  readonly owner: string;
  readonly carrierFor: (destination: string) => Carrier;
  readonly metrics?: DeliveryMetrics;
  /** Told of trouble with the store; what servers do is no trouble. */
  readonly onError: (error: unknown) => void;
}

const TAIL_LIMIT = 256;
const ITEMS_PER_VISIT_MAX = 64;
/** Streams of all destinations that are visited at once. */
const IN_FLIGHT_MAX = 32;
/** The longest sleep. */
const IDLE_MS_MAX = 2_000;
/** How often what other processes left behind is looked for. */
const SWEEP_MS = 60_000;
/** Outboxes whose state is kept between visits. */
const KEPT_MAX = 256;
/** A stream that another process sends is looked at again after this. */
const POSTPONED_MS = 5_000;

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #runtime: OutboxRuntime;
  readonly #lanes: Lanes;
  readonly #leases: Leases;
  readonly #kept = new Set<StreamId>();
  readonly #visits = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #stopped: AbortController | null = null;
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #place: TailPlace | null | undefined;
  #unsaved = 0;
  /** Where the sweep goes on; null when it is over. */
  #sweepAfter: string | null = "";
  #sweepAt = 0;

  constructor(options: DeliveriesOptions) {
    const { errand, store, clock, moment, owner, metrics } = options;
    this.#options = options;
    const { aggregate } = errand;
    this.#runtime = new Runtime<OutboxState, OutboxCommand, Fact>({ aggregate, log: store, moment });
    this.#lanes = new Lanes(options);
    this.#leases = new Leases({ store, clock, owner });
    metrics?.waiting(async () => await countWaiting(store, errand));
  }

  /** Takes its place in the log: what is appended once this has resolved is carried, whatever becomes of this process. */
  async begin(): Promise<void> {
    const { store, errand } = this.#options;
    const { place: name } = errand;
    this.#place ??= await store.place({ name });
    if (this.#place !== null || errand.begins === "at_first") return;
    this.#place = await store.end();
    await store.savePlace({ name, place: this.#place });
  }

  /** Sends what waits and what comes, until `stop`. */
  start(): void {
    if (this.#stopped !== null) return;
    this.#stopped = new AbortController();
    this.#running = this.#repeat(this.#stopped.signal);
  }

  /** Sends what can be sent now, for at most `withinMs`; what rests after a failure is left for later. */
  async drain(withinMs: number): Promise<void> {
    const over = new AbortController();
    const late = this.#options.clock.sleep(withinMs, over.signal).then(() => over.abort());
    while (!over.signal.aborted) {
      const found = await this.tick();
      if (found === 0 && this.#visits.size === 0) break;
      if (found === 0) await Promise.race([late, ...this.#visits]);
    }
    over.abort();
  }

  /** Stops: for `withinMs` what waits is still sent, then what is under way is cut short; the next process goes on. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped?.abort();
    this.#wake.abort();
    await this.#running;
    await this.drain(withinMs).catch(this.#options.onError);
    this.#abort.abort(new Error("the sender was stopped"));
    this.#lanes.close();
    await Promise.all(this.#visits);
    await this.#savePlace().catch(this.#options.onError);
    await this.#leases.giveBack().catch(this.#options.onError);
  }

  /** Asks for all that is parked to be sent once more; answers how many. Whoever sends finds them. */
  async retryParked(): Promise<number> {
    const { store, errand } = this.#options;
    let items = 0;
    for await (const { outbox, parked } of waitingSessions(store, { errand })) {
      if (parked.length === 0) continue;
      const { events } = await this.#runtime.execute(outbox, { type: "retry_parked" });
      this.#keep(outbox);
      if (events.length > 0) items += parked.length;
    }
    return items;
  }

  /** Takes in what is new, and starts visits; answers how much it found. Does not wait for the visits. */
  async tick(): Promise<number> {
    const followed = await this.#follow();
    const swept = await this.#sweep();
    return followed + swept + this.#dispatch();
  }

  async #repeat(stopped: AbortSignal): Promise<void> {
    const { store, clock, onError } = this.#options;
    const unwatch = store.watch(() => this.#wake.abort());
    while (!stopped.aborted) {
      this.#wake = new AbortController();
      const found = await this.tick().catch((error: unknown) => (onError(error), 0));
      if (found > 0 || stopped.aborted) continue;
      const { monotonicMs, wakeAt } = { monotonicMs: clock.monotonic(), wakeAt: this.#lanes.nextAt() };
      const busy = this.#visits.size >= IN_FLIGHT_MAX;
      const wait = busy ? IDLE_MS_MAX : Math.min(IDLE_MS_MAX, Math.max(1, wakeAt - monotonicMs));
      await clock.sleep(wait, this.#wake.signal);
    }
    unwatch();
  }

  /** Reads on in the log. The place is this process's own; the saved one is where any process may begin. */
  async #follow(): Promise<number> {
    await this.begin();
    const { store } = this.#options;
    const { events, place } = await store.tail({ after: this.#place ?? null, limit: TAIL_LIMIT });
    for (const event of events) await this.#take(event);
    this.#place = place;
    this.#unsaved += events.length;
    if (this.#unsaved >= TAIL_LIMIT) await this.#savePlace();
    return events.length;
  }

  async #take({ event, hash }: StoredEvent): Promise<void> {
    const { errand } = this.#options;
    const { type, stream: source } = event;
    if (type === errand.retried && streamKind(source) === errand.kind) return await this.#found(source);
    const opening = errand.opening(event);
    if (opening === null && errand.titleOf(event) === null) return;
    const stream = errand.outboxOf(source);
    if (opening === null) return await this.#found(stream);
    await this.#runtime.execute(stream, { type: "open_outbox", session: source, ...opening }, hash);
    this.#keep(stream);
    this.#lanes.add(opening.destination, source);
  }

  /** Something waits in an outbox, if there is one. */
  async #found(stream: StreamId): Promise<void> {
    const head = await this.#options.store.head({ stream });
    if (head !== null) this.#enqueue(head);
  }

  #enqueue({ status, labels, summary }: StoredHead): Lane | null {
    const { session, destination } = summary as unknown as Summary;
    const isOwn = this.#options.errand.labels.every((label) => labels.includes(label));
    return isOwn && status === "waiting" ? this.#lanes.add(destination, session) : null;
  }

  /** Looks through the outboxes that wait, a page a tick: all of them from time to time, a lane's when it missed some. */
  async #sweep(): Promise<number> {
    const now = this.#options.clock.monotonic();
    if (this.#sweepAfter === null && now >= this.#sweepAt) this.#sweepAfter = "";
    if (this.#sweepAfter !== null) {
      this.#sweepAt = now + SWEEP_MS;
      this.#sweepAfter = await this.#sweepPage([], this.#sweepAfter);
      return 1;
    }
    const lane = this.#lanes.missing();
    if (lane === null || lane.missed === null) return 0;
    const { after } = lane.missed;
    lane.missed = null;
    const next = await this.#sweepPage([destinationLabel(lane.destination)], after ?? "");
    if (next !== null) lane.missed = { after: next };
    return 1;
  }

  async #sweepPage(labels: readonly string[], after: string): Promise<string | null> {
    const { errand } = this.#options;
    const filter = { kind: errand.kind, status: "waiting", labels: [...errand.labels, ...labels] };
    const page: PageRequest = { limit: LANE_STREAMS_MAX / 2, ...(after !== "" && { after }) };
    const { items, next } = await this.#options.store.heads({ filter, page });
    for (const head of items) this.#enqueue(head);
    return next;
  }

  #dispatch(): number {
    let started = 0;
    const now = this.#options.clock.monotonic();
    while (this.#visits.size < IN_FLIGHT_MAX && !this.#abort.signal.aborted) {
      const next = this.#lanes.take(now);
      if (next === null) return started;
      const visiting: Promise<void> = this.#visit(next.lane, next.stream, next.failures).finally(() => {
        this.#visits.delete(visiting);
        this.#wake.abort();
      });
      this.#visits.add(visiting);
      started += 1;
    }
    return started;
  }

  /** Never rejects. */
  async #visit(lane: Lane, session: StreamId, failures: number): Promise<void> {
    const { errand, store, clock, onError } = this.#options;
    const stream = errand.outboxOf(session);
    try {
      const visited = await visit({
        errand,
        session,
        destination: lane.destination,
        log: store,
        runtime: this.#runtime,
        carrier: lane.carrier,
        signal: this.#abort.signal,
        mayGoOn: async () => await this.#leases.hold(stream),
        itemsMax: ITEMS_PER_VISIT_MAX,
      });
      this.#count(visited);
      this.#settle(lane, { session, failures, visited });
      if (visited.closed) await this.#leases.release(stream);
    } catch (error) {
      onError(error);
      lane.failed(session, { now: clock.monotonic(), failures, afterMs: null });
    } finally {
      this.#keep(stream);
    }
  }

  /** The newest outboxes stay in memory, so that a live session's is not read anew each time. */
  #keep(stream: StreamId): void {
    this.#kept.delete(stream);
    this.#kept.add(stream);
    if (this.#kept.size <= KEPT_MAX) return;
    for (const oldest of this.#kept) {
      this.#runtime.evict(oldest);
      this.#kept.delete(oldest);
      return;
    }
  }

  #settle(
    lane: Lane,
    {
      session,
      failures,
      visited,
    }: {
      readonly session: StreamId;
      readonly failures: number;
      readonly visited: Visited;
    },
  ): void {
    const now = this.#options.clock.monotonic();
    const { end, delivered, parked, afterMs } = visited;
    const worked = delivered + parked > 0;
    if (end === "taken") return lane.postpone(session, now + POSTPONED_MS);
    if (end !== "failed") return lane.done(session, { more: end === "more", worked });
    lane.failed(session, { now, failures: worked ? 0 : failures, afterMs });
  }

  #count({ delivered, parked, end, reason }: Visited): void {
    const { metrics } = this.#options;
    if (delivered > 0) metrics?.sent(delivered);
    if (parked > 0) metrics?.parked(parked);
    if (end === "failed" && reason !== null && !this.#abort.signal.aborted) metrics?.failed();
  }

  async #savePlace(): Promise<void> {
    if (this.#unsaved === 0 || this.#place === null || this.#place === undefined) return;
    const { store, errand } = this.#options;
    await store.savePlace({ name: errand.place, place: this.#place });
    this.#unsaved = 0;
  }
}

/** What outbox-stream.ts puts into a head. */
interface Summary {
  readonly session: StreamId;
  readonly destination: string;
}
