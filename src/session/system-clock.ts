// The machine's clock. Time since boot counts sleep (on Linux /proc/uptime is CLOCK_BOOTTIME); performance.now does not.
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import {
  CLOCK_CHANGE_MS_MIN,
  clockChange,
  type Boot,
  type Clock,
  type ClockChange,
  type ClockReadings,
} from "../event/clock.ts";

/** How long the cheap look is trusted. */
const TRUST_MS = 1_000;

/** A clock over this machine's wall time, monotonic time and time since boot. */
export class SystemClock implements Clock {
  readonly #bootId: string;
  #anchor = readClocks();
  /** Monotonic time of the next look at all three clocks. */
  #lookAt = 0;

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

  hold(): () => void {
    const timer = setInterval(() => undefined, 2 ** 31 - 1);
    return () => clearInterval(timer);
  }

  boot(): Boot {
    return { id: this.#bootId, offsetMs: Math.round(this.#anchor.wall - this.#anchor.sinceBoot) };
  }

  check(): ClockChange | null {
    if (this.#seemsUnchanged()) return null;
    const readings = readClocks();
    this.#lookAt = readings.monotonic + TRUST_MS;
    const change = clockChange(this.#anchor, readings);
    if (change !== null) this.#anchor = readings;
    return change;
  }

  /**
   * Sleep and a set clock part wall time from monotonic time, which cost nanoseconds to read; time since boot is a
   * file on Linux. Only a sleep that the clock was set back by exactly is seen by the full look alone.
   */
  #seemsUnchanged(): boolean {
    const { wall, monotonic } = this.#anchor;
    const now = performance.now();
    const apart = Math.abs(Date.now() - wall - (now - monotonic));
    return now < this.#lookAt && apart < CLOCK_CHANGE_MS_MIN;
  }
}

function readClocks(): ClockReadings {
  return { wall: Date.now(), monotonic: performance.now(), sinceBoot: uptime() * 1_000 };
}
