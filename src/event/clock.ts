// Time as the core sees it. A clock's `now` is wall time at start plus monotonic elapsed: it neither jumps nor falls
// until `check` finds that the machine slept or that its wall clock was set, and then it says so.

/** What the core asks of time: tests give it one that stands still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never falling; does not count while the machine sleeps. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or at once when the signal aborts. Never keeps a process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Keeps the process alive while someone waits for work, until the function it answers is called. */
  hold?(): () => void;
  /** Whose clock this is, and when (by wall time) the machine booted. It tells a set clock from time that passed. */
  boot(): Boot;
  /** Looks for a sleep or a set clock since the last look, moves `now` accordingly, and says what it found. */
  check(): ClockChange | null;
}

/** A machine's start: `offsetMs` is wall time minus time since boot, so it changes just when the wall clock is set. */
export interface Boot {
  readonly id: string;
  readonly offsetMs: number;
}

export interface ClockChange {
  /** `slept`: real time passed. `set`: someone changed the wall clock; no time passed. */
  readonly kind: "slept" | "set";
  readonly byMs: number;
}

/** A difference below this is drift and slewing, which time servers cause all day. */
export const CLOCK_CHANGE_MS_MIN = 2_000;

/** Three readings of the machine's clocks at one moment, in milliseconds. */
export interface ClockReadings {
  readonly wall: number;
  readonly monotonic: number;
  /** Time since boot, the time asleep included. */
  readonly sinceBoot: number;
}

/**
 * What happened between two readings. Asleep, `sinceBoot` runs ahead of `monotonic`; when the wall clock is set,
 * `wall` parts from `sinceBoot`.
 */
export function clockChange(before: ClockReadings, after: ClockReadings): ClockChange | null {
  const sinceBoot = after.sinceBoot - before.sinceBoot;
  const setBy = after.wall - before.wall - sinceBoot;
  if (Math.abs(setBy) >= CLOCK_CHANGE_MS_MIN) return { kind: "set", byMs: Math.round(setBy) };
  const sleptFor = sinceBoot - (after.monotonic - before.monotonic);
  if (sleptFor >= CLOCK_CHANGE_MS_MIN) return { kind: "slept", byMs: Math.round(sleptFor) };
  return null;
}
