// Waits for things, but for none of them for ever. However many are waited for, one sleep watches over them: most are
// there at once, and a timer for each would cost more than they do.
import type { Clock } from "../event/clock.ts";
import { HolodeckError, type ErrorCode, type ErrorText } from "../event/error.ts";

export interface BoundedWaitOptions {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly ms: number;
  /** What is thrown for what takes longer. */
  readonly late: ErrorText & { readonly code: ErrorCode };
}

interface Waiting {
  /** On the monotonic clock. */
  readonly until: number;
  readonly giveUp: () => void;
}

export class BoundedWait {
  readonly #options: BoundedWaitOptions;
  /** Those waited for longest come first. */
  readonly #waiting = new Set<Waiting>();
  #isWatching = false;

  constructor(options: BoundedWaitOptions) {
    this.#options = options;
  }

  /** What the promise comes to, or throws; throws `late` when that takes too long. */
  async for<Value>(promise: Promise<Value>): Promise<Value> {
    const { clock, ms, late } = this.#options;
    return await new Promise<Value>((resolve, reject) => {
      const giveUp = (): void => reject(new HolodeckError(late.code, late));
      const one = { until: clock.monotonic() + ms, giveUp };
      this.#waiting.add(one);
      promise.then(
        (value) => (this.#waiting.delete(one), resolve(value)),
        (error: unknown) => (this.#waiting.delete(one), reject(error as Error)),
      );
      if (!this.#isWatching) void this.#watch();
    });
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    this.#isWatching = true;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (first.until <= clock.monotonic()) {
        this.#waiting.delete(first);
        first.giveUp();
      } else await clock.sleep(first.until - clock.monotonic());
    }
    this.#isWatching = false;
  }
}
