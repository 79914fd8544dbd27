// A clock of what every JavaScript engine has. Deadlines are the server's work: what is timed here are pauses between
// tries and how long an open session has lasted.
import type { Boot, Clock } from "../event/clock.ts";

/** setTimeout holds no more. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class WebClock implements Clock {
  now(): number {
    return Math.round(performance.timeOrigin + performance.now());
  }

  monotonic(): number {
    return performance.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(ms, 0), DELAY_MS_MAX));
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  boot(): Boot {
    return { id: "", offsetMs: 0 };
  }

  check(): null {
    return null;
  }
}
