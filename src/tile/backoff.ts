// How long to wait after failures in a row: exponential with full jitter, so that those who failed together do not
// come back together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

export const BACKOFF_MS_BASE = 500;
export const BACKOFF_MS_MAX = 60_000;
/** Chance alone could make a wait of nothing, again and again. */
const BACKOFF_MS_MIN = 50;

/** Milliseconds after the nth failure in a row; `random` is from 0 to 1. */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_BASE * 2 ** Math.min(failures, 30));
  return Math.max(BACKOFF_MS_MIN, Math.round(random() * ceiling));
}
