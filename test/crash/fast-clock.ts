// The machine's time, so many times as fast, and ahead of it by so much: leases of a minute run out within a second of a
// test's, for all processes alike.
import { setTimeout as delay } from "node:timers/promises";
import type { Boot, Clock } from "../../src/event/clock.ts";

export interface FastTime {
  /** The moment at which both times were the same, milliseconds since the epoch. */
  readonly since: number;
  readonly speed: number;
  readonly aheadMs: number;
}

export class FastClock implements Clock {
  readonly #time: FastTime;

  constructor(time: FastTime) {
    this.#time = time;
  }

  now(): number {
    const { since, aheadMs } = this.#time;
    return Math.round(since + aheadMs + this.monotonic());
  }

  /** It goes on while the process is stopped, as the machine's does. */
  monotonic(): number {
    const { since, speed } = this.#time;
    return (performance.timeOrigin + performance.now() - since) * speed;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const options = signal === undefined ? { ref: false } : { ref: false, signal };
    await delay(Math.min(Math.max(ms / this.#time.speed, 0), 2 ** 31 - 1), undefined, options).catch(
      () => undefined,
    );
  }

  boot(): Boot {
    return { id: "fast", offsetMs: 0 };
  }

  /** Nobody sets it. */
  check(): null {
    return null;
  }
}
