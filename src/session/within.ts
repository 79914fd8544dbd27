// Waits for something, but not for ever.
import type { Clock } from "../event/clock.ts";
import { HolodeckError, type ErrorText } from "../event/error.ts";

/** What the promise comes to; throws `late`'s code and sentences when that takes longer than `ms` milliseconds. */
export async function within<Value>(
  promise: Promise<Value>,
  { clock, ms, late }: { readonly clock: Clock; readonly ms: number; readonly late: LateError },
): Promise<Value> {
  const done = new AbortController();
  const tooLong = clock.sleep(ms, done.signal).then((): never => {
    throw new HolodeckError(late.code, late);
  });
  // Whichever comes second is of no interest any more.
  tooLong.catch(() => undefined);
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    promise.catch(() => undefined);
    done.abort();
  }
}

interface LateError extends ErrorText {
  readonly code: "callback_failed" | "store_unreachable";
}
