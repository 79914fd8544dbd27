// Ctrl-C, and its like, as a signal for commands that go on until somebody stops them.

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work` until it is done or the process is told to stop; then `work` should return soon. */
export async function untilInterrupted<Value>(work: (stop: AbortSignal) => Promise<Value>): Promise<Value> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const signal of SIGNALS) process.once(signal, abort);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}
