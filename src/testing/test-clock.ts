// A clock that stands still until it is moved. Sleepers wake in order of their time, and what they do is awaited, so
// a test of an hour takes a millisecond and always comes out the same.
import { clockChange, type Boot, type Clock, type ClockChange, type ClockReadings } from "../event/clock.ts";

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

export interface TestClockOptions {
  /** Milliseconds since the epoch. Default 2026-05-19T22:45:00Z. */
  readonly now?: number;
  readonly bootId?: string;
}

export class TestClock implements Clock {
  readonly #bootId: string;
  #wall: number;
  #monotonic = 0;
  #sinceBoot = 1_000_000;
  #anchor: ClockReadings;
  #sleepers: Sleeper[] = [];

  constructor({ now = Date.UTC(2026, 4, 19, 22, 45), bootId = "test-boot" }: TestClockOptions = {}) {
    this.#wall = now;
    this.#bootId = bootId;
    this.#anchor = this.#read();
  }

  now(): number {
    return this.#anchor.wall + (this.#monotonic - this.#anchor.monotonic);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  boot(): Boot {
    return { id: this.#bootId, offsetMs: this.#anchor.wall - this.#anchor.sinceBoot };
  }

  check(): ClockChange | null {
    const readings = this.#read();
    const change = clockChange(this.#anchor, readings);
    if (change !== null) this.#anchor = readings;
    return change;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const sleeper = { wakeAt: this.#monotonic + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      const leave = (): void => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        resolve();
      };
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Lets time pass, waking sleepers on the way, and what they wake to do comes first. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settled();
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.wakeAt - b.wakeAt)[0];
      if (next === undefined || next.wakeAt > end) break;
      this.#pass(next.wakeAt - this.#monotonic);
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      next.wake();
      await settled();
    }
    this.#pass(end - this.#monotonic);
    await settled();
  }

  /** Someone sets the wall clock by so much: no time passes. */
  set(byMs: number): void {
    this.#wall += byMs;
  }

  /** The machine sleeps: time passes, but not for the monotonic clock, and nobody wakes. */
  suspend(ms: number): void {
    this.#wall += ms;
    this.#sinceBoot += ms;
  }

  #pass(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
    this.#sinceBoot += ms;
  }

  #read(): ClockReadings {
    return { wall: this.#wall, monotonic: this.#monotonic, sinceBoot: this.#sinceBoot };
  }
}

/** Resolves when all that could run without time passing has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
