// Calls back once when nothing has happened for a while. By the monotonic clock: a jump of the wall clock ends nothing.

export interface IdleParams {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** When something last happened, by `performance.now()`. */
  readonly lastAt: () => number;
  readonly onIdle: () => void;
}

/** The longest delay a timer takes; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Returns the function that stops it. */
export function startIdleTimer({ timeoutMs, lastAt, onIdle }: IdleParams): () => void {
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const left = timeoutMs - (performance.now() - lastAt());
    if (left <= 0) onIdle();
    else timer = setTimeout(look, Math.min(Math.ceil(left), TIMER_MS_MAX));
  };
  look();
  return () => clearTimeout(timer);
}
