// The machine's clock. Time since boot counts sleep (on Linux /proc/uptime is CLOCK_BOOTTIME); performance.now does not.
import { readFileSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { clockChange, type Boot, type Clock, type ClockChange, type ClockReadings } from "../event/clock.ts";

/** A clock over this machine's wall time, monotonic time and time since boot. */
export class SystemClock implements Clock {
  readonly #bootId = bootId();
  #anchor = readClocks();

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

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Where there is no boot id, the minute of booting serves: it is the same for all processes of one boot.
    return `${hostname()}:${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
  }
}
