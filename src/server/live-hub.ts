// The one tail of the log that all live readers of this process share. It keeps the newest events, so that a reader who
// comes from behind steps over from reading the log to being told, at a place both know: no gap and no double.
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../event/clock.ts";
import type { TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { liveEvents, type LiveEvent } from "./live-event.ts";
import type { Principal } from "./principal.ts";

/** Events that came together; what goes to everyone is joined once. */
export class LivePage {
  readonly events: readonly LiveEvent[];
  #whole: Buffer | null = null;

  constructor(events: readonly LiveEvent[]) {
    this.events = events;
  }

  get whole(): Buffer {
    return (this.#whole ??= Buffer.concat(this.events.map(({ frame }) => frame)));
  }
}

export interface LiveListener {
  /** Must not throw. Some of the events may be known to who stepped over ahead of the tail. */
  take(page: LivePage): void;
}

/** Who may still be told. */
export interface KeyWatch {
  /** Learns what has happened to keys until now, in whatever process. */
  readOn(): Promise<void>;
  /** By what has been read: no more waiting, so that nothing comes between the judgement and what it is about. */
  holds(principal: Principal): boolean;
}

export interface LiveHubOptions {
  readonly store: Store;
  readonly keys: KeyWatch;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

const PAGE = 256;

/** The newest events that are kept for who comes from behind, and how many bytes they have at most. */
const KEPT_MAX = 1_024;
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** How long to wait before a store that failed is asked again. */
const RETRY_MS = 1_000;

export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #listeners = new Set<LiveListener>();
  #users = 0;
  /** The following under way; a new one begins when the first user comes. */
  #following: AbortController | null = null;
  #started: Promise<void> = Promise.resolve();
  #place: TailPlace = [];
  #kept: readonly LiveEvent[] = [];
  /** The place before the first event that is kept. */
  #keptAfter: TailPlace = [];

  constructor(options: LiveHubOptions) {
    this.#options = options;
  }

  /** Begins to follow with the first who comes. Each calls `leave` once, also when this failed. */
  async enter(): Promise<void> {
    this.#users++;
    if (this.#following === null) {
      const stop = new AbortController();
      this.#following = stop;
      this.#started = this.#start(stop.signal);
    }
    await this.#started;
  }

  leave(listener: LiveListener): void {
    this.part(listener);
    this.#users--;
    if (this.#users > 0) return;
    this.#following?.abort();
    this.#following = null;
  }

  /** What came between a place and now; null when that is more than is kept. */
  since(after: TailPlace): readonly LiveEvent[] | null {
    if (this.#keptAfter.some((position, index) => (after[index] ?? 0) < position)) return null;
    return this.#kept.filter(({ stored, partition }) => stored.position > (after[partition] ?? 0));
  }

  /** Tells the listener of all that comes from now on. */
  join(listener: LiveListener): void {
    this.#listeners.add(listener);
  }

  /** Tells the listener no more; it may join again. */
  part(listener: LiveListener): void {
    this.#listeners.delete(listener);
  }

  async #start(stopped: AbortSignal): Promise<void> {
    const news = new News();
    const unwatch = this.#options.store.watch(() => news.tell());
    stopped.addEventListener("abort", () => (unwatch(), news.tell()), { once: true });
    try {
      const place = await this.#options.store.end();
      if (stopped.aborted) return;
      this.#place = place;
    } catch (error) {
      unwatch();
      if (!stopped.aborted) this.#following = null;
      throw error;
    }
    this.#kept = [];
    this.#keptAfter = this.#place;
    void this.#follow(news, stopped);
  }

  async #follow(news: News, stopped: AbortSignal): Promise<void> {
    const { store, clock, keys, report } = this.#options;
    while (!stopped.aborted) {
      try {
        const page = await store.tail({ after: this.#place, limit: PAGE });
        // What was revoked before these were appended is known before anyone is told of them (law 4). The order of
        // the log would not do: where it has several partitions, a page may have the later event alone.
        if (page.events.length > 0) await keys.readOn();
        if (stopped.aborted) return;
        this.#tell(liveEvents(page.events, this.#place));
        this.#place = page.place;
        if (page.events.length < PAGE) await news.next();
        else await turn();
      } catch (error) {
        if (stopped.aborted) return;
        report(error);
        await clock.sleep(RETRY_MS, stopped);
      }
    }
  }

  #tell(events: readonly LiveEvent[]): void {
    if (events.length === 0) return;
    const all = [...this.#kept, ...events];
    const dropped = tooMany(all);
    this.#keptAfter = all[dropped - 1]?.place ?? this.#keptAfter;
    this.#kept = all.slice(dropped);
    const page = new LivePage(events);
    for (const listener of this.#listeners) listener.take(page);
  }
}

/** How many of the oldest are over what is kept. */
function tooMany(events: readonly LiveEvent[]): number {
  let bytes = 0;
  const fits = events.findLastIndex((event, index) => {
    bytes += event.stored.bytes.length;
    return bytes > KEPT_BYTES_MAX || events.length - index > KEPT_MAX;
  });
  return fits + 1;
}

/** Remembers that something was told while nobody waited. */
class News {
  #isNew = false;
  #wake: (() => void) | null = null;

  tell(): void {
    this.#isNew = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#isNew) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = null;
    this.#isNew = false;
  }
}
