// Reads on what other processes append to the sessions that are attended to here. It follows the log, so its cost
// grows with what happens, not with how many sessions are open.
import type { StreamId } from "../event/event.ts";
import type { EventLog, StoredEvent, TailPlace } from "../event/log.ts";
import type { LogSpan } from "../event/runtime.ts";

export interface FollowerOptions {
  readonly log: EventLog;
  /** Told of each event any process appended, in log order. */
  readonly onEvent: (stored: StoredEvent) => Promise<void>;
  readonly onError: (error: unknown, stream: StreamId | null) => void;
}

/** After so many appends of our own we read on as well, so that what must be passed over stays little. */
const OWN_APPENDS_MAX = 500;

export class Follower {
  readonly #options: FollowerOptions;
  #place: TailPlace;
  #unwatch: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #asked = false;
  /** Whether something another appended may lie ahead. What came before the watch began may. */
  #isBehind = true;
  #ownAppends = 0;

  /** Follows from a place on: one taken before anything was read that must not be missed. */
  constructor(place: TailPlace, options: FollowerOptions) {
    this.#place = place;
    this.#options = options;
  }

  start(): void {
    this.#unwatch ??= this.#options.log.watch(({ own, through }) => {
      if (through !== undefined && !this.#isBehind) {
        this.#passOver(through);
        return;
      }
      this.#ownAppends = own && through === undefined ? this.#ownAppends + 1 : OWN_APPENDS_MAX;
      if (this.#ownAppends >= OWN_APPENDS_MAX) this.#wake();
    });
  }

  /** Passes over what is known here, when it is what comes next; else it is met again when the log is read. */
  pass({ events, through }: LogSpan): void {
    if (this.#running === null && this.#place.length === 1 && this.#place[0] === through - events.length)
      this.#place = [through];
  }

  /** Resolves when what is being read on has been. */
  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#asked = false;
    await this.#running;
  }

  #wake(): void {
    this.#ownAppends = 0;
    this.#asked = true;
    this.#isBehind = true;
    this.#running ??= this.#run();
  }

  /** All up to there is our own, and known. */
  #passOver(through: TailPlace): void {
    this.#ownAppends = 0;
    this.#place = through.map((position, index) => Math.max(position, this.#place[index] ?? 0));
  }

  async #run(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      try {
        await this.#readOn();
        this.#isBehind = this.#asked;
      } catch (error) {
        this.#options.onError(error, null);
      }
    }
    this.#running = null;
  }

  async #readOn(): Promise<void> {
    const { log, onEvent, onError } = this.#options;
    for (;;) {
      const { events, place } = await log.tail({ after: this.#place });
      this.#place = place;
      for (const stored of events) {
        const { stream } = stored.event;
        // A session that cannot be read must not hold up the others.
        await onEvent(stored).catch((error: unknown) => onError(error, stream));
      }
      if (events.length === 0 || this.#unwatch === null) return;
    }
  }
}
