// The machine's clock. Time since boot counts sleep (on Linux /proc/uptime is CLOCK_BOOTTIME); performance.now does not.
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { clockChange, type Boot, type Clock, type ClockChange, type ClockReadings } from "../event/clock.ts";

/** A clock over this machine's wall time, monotonic time and time since boot. */
export class SystemClock implements Clock {
  readonly #bootId: string;
  #anchor = readClocks();

  /** `bootId` differs after every boot of the machine. */
  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  now(): number {
    return Math.round(this.#anchor.wall + (performance.now() - this.#anchor.monotonic));
  }

  monotonic(): number {
    return performance.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const options = signal === undefined ? { ref: false } : { ref: false, signal };
    // setTimeout holds at most 2^31 − 1 ms; whoever sleeps longer wakes early and looks again.
    await delay(Math.min(Math.max(ms, 0), 2 ** 31 - 1), undefined, options).catch(() => undefined);
  }

  boot(): Boot {
    return { id: this.#bootId, offsetMs: Math.round(this.#anchor.wall - this.#anchor.sinceBoot) };
  }

  check(): ClockChange | null {
    const readings = readClocks();
    const change = clockChange(this.#anchor, readings);
    if (change !== null) this.#anchor = readings;
    return change;
  }
}

function readClocks(): ClockReadings {
  return { wall: Date.now(), monotonic: performance.now(), sinceBoot: uptime() * 1_000 };
}
