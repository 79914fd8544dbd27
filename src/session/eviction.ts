// Lets go of what has not been used for a while. Looks at the longest unused first, so a look costs what it finds.
import type { Clock } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";

/** A session that has not been used for this long is let go of, unless the manager is told otherwise. */
export const IDLE_MS = 60_000;

/** Of uses that follow each other more closely, the first is noted. */
const TOUCH_MS_MAX = 1_000;

export interface EvictionOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Lets go of a stream's state; false when that cannot be now. */
  readonly evict: (stream: StreamId) => boolean;
}

export class Eviction {
  readonly #options: EvictionOptions;
  /** By when they were last used, on the monotonic clock; the longest unused first. */
  readonly #used = new Map<StreamId, number>();
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** A stream is used: its time begins anew, to the second or a quarter of that time. */
  touch(stream: StreamId): void {
    const { clock, idleMs } = this.#options;
    const now = clock.monotonic();
    const usedAt = this.#used.get(stream) ?? Number.NEGATIVE_INFINITY;
    if (now - usedAt < Math.min(TOUCH_MS_MAX, idleMs / 4)) return;
    this.#used.delete(stream);
    this.#used.set(stream, now);
  }

  /** Lets go of all that has been idle for long enough. */
  tick(): void {
    const { clock, idleMs, evict } = this.#options;
    const until = clock.monotonic() - idleMs;
    for (const [stream, usedAt] of this.#used) {
      if (usedAt > until) return;
      if (evict(stream)) this.#used.delete(stream);
      else this.touch(stream);
    }
  }

  /** Ticks until `stop`. */
  start(): void {
    if (this.#stop !== null) return;
    this.#stop = new AbortController();
    this.#running = this.#repeat(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = null;
    await this.#running;
  }

  async #repeat(stopped: AbortSignal): Promise<void> {
    const { clock, idleMs } = this.#options;
    while (!stopped.aborted) {
      await clock.sleep(idleMs / 2, stopped);
      this.tick();
    }
  }
}
