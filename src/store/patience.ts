// Another try when a server has gone. Whoever asks must bear being asked twice: the answer of what was done may be
// what got lost.
import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** For how long to try again, in milliseconds. */
  readonly patienceMs: number;
  /** Whether another try may do better. */
  readonly isWorthAnother: (cause: unknown) => boolean;
  readonly errorOf: (cause: unknown) => Error;
}

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 500;

export async function persist<Result>(
  { patienceMs, isWorthAnother, errorOf }: Patience,
  act: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now();
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      return await act();
    } catch (cause) {
      const isPatient = performance.now() - started + pauseMs < patienceMs;
      if (!isPatient || !isWorthAnother(cause)) throw errorOf(cause);
      await sleep(pauseMs);
    }
  }
}
