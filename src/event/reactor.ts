// A reactor is a named follower of the log: it does what follows from each event, then saves its place.
// Delivery is at least once; what it does is once when it passes `keyOf(event)` as the idempotency key.
import type { Clock } from "./clock.ts";
import type { Hash } from "./event.ts";
import type { EventLog, StoredEvent, TailPlace } from "./log.ts";

export interface ReactorOptions {
  /** Names the saved place: one name, one follower. */
  readonly name: string;
  readonly log: EventLog;
  readonly clock: Clock;
  /** What follows from an event. When it throws, the place stays before the event and the next tick tries again. */
  readonly react: (event: StoredEvent, key: string) => Promise<void>;
  /**
   * Which events it reacts to; default all. The place is saved with these, and after every `limit` others: those may
   * be met again after a crash.
   */
  readonly concerns?: (event: StoredEvent) => boolean;
  /** Told of each failed tick. */
  readonly onError?: (error: unknown) => void;
  /** Events a tick takes at most. Default 256. */
  readonly limit?: number;
  /** Milliseconds between ticks when nothing is new. Default 1,000; a new event wakes it sooner. */
  readonly idleMs?: number;
}

/**
 * Does what follows from events, in log order, and keeps its place. After a crash it may meet an event again, under the
 * same key.
 */
export class Reactor {
  readonly #options: ReactorOptions;
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  #ticking: Promise<number> | null = null;
  /** Undefined before it has been read. */
  #place: TailPlace | null | undefined;
  /** Events between the place and the saved one. */
  #unsaved = 0;

  constructor(options: ReactorOptions) {
    this.#options = options;
  }

  /** The idempotency key for what this reactor does about an event: `hash:name`. */
  keyOf(hash: Hash): string {
    return `${hash}:${this.#options.name}`;
  }

  /** Handles the next events and saves the place after them; answers how many. Whoever asks meanwhile shares the tick. */
  async tick(): Promise<number> {
    this.#ticking ??= this.#take().finally(() => (this.#ticking = null));
    return await this.#ticking;
  }

  /** Resolves when it has reacted to all that had been appended when it was asked. Throws what reacting threw. */
  async catchUp(): Promise<void> {
    // A tick under way may have read before the newest event was there.
    await this.#ticking;
    while ((await this.tick()) > 0);
  }

  async #take(): Promise<number> {
    const { name, log, react, limit = 256, concerns = () => true } = this.#options;
    this.#place ??= await log.place({ name });
    const { events, place } = await log.tail({ after: this.#place, limit });
    const own = events.filter((event) => concerns(event));
    for (const event of own) await react(event, this.keyOf(event.hash));
    this.#place = place;
    this.#unsaved += events.length;
    if (own.length > 0 || this.#unsaved >= limit) {
      await log.savePlace({ name, place });
      this.#unsaved = 0;
    }
    return events.length;
  }

  /** Ticks until `stop`: at once while there is work, else when something is appended or `idleMs` have gone by. */
  start(): void {
    if (this.#stop !== null) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#repeat(stop.signal);
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
    this.#stop = null;
  }

  async #repeat(stopped: AbortSignal): Promise<void> {
    const { log, clock, idleMs = 1_000, onError } = this.#options;
    let wake = new AbortController();
    const unwatch = log.watch(() => wake.abort());
    stopped.addEventListener("abort", () => wake.abort(), { once: true });
    while (!stopped.aborted) {
      wake = new AbortController();
      const handled = await this.tick().catch((error: unknown) => (onError?.(error), 0));
      if (handled === 0 && !stopped.aborted) await clock.sleep(idleMs, wake.signal);
    }
    unwatch();
  }
}
