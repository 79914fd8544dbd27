// Following a log as it grows, whichever process appends.
import type { EventLog, StoredEvent, TailPlace } from "../event/log.ts";

const LIMIT = 1_000;

/** Should a store's notification get lost, new events are seen this much later. */
const LOOK_MS = 1_000;

/** Events of all streams after a place (null: from the beginning); with `stop`, until it aborts, else up to the end. */
export async function* followLog(
  log: EventLog,
  after: TailPlace | null,
  stop: AbortSignal | null,
): AsyncGenerator<StoredEvent> {
  let place = after;
  yield* follow(log, stop, async () => {
    const page = await log.tail({ after: place, limit: LIMIT });
    place = page.place;
    return page.events;
  });
}

/** Events of one stream after a seq; with `stop`, until it aborts, else up to the end. */
export async function* followStream(
  log: EventLog,
  { stream, afterSeq }: { readonly stream: StoredEvent["event"]["stream"]; readonly afterSeq: number },
  stop: AbortSignal | null,
): AsyncGenerator<StoredEvent> {
  let seq = afterSeq;
  yield* follow(log, stop, async () => {
    const events = await log.read({ stream, afterSeq: seq, limit: LIMIT });
    seq = events.at(-1)?.event.seq ?? seq;
    return events;
  });
}

async function* follow(
  log: EventLog,
  stop: AbortSignal | null,
  read: () => Promise<readonly StoredEvent[]>,
): AsyncGenerator<StoredEvent> {
  let wake = Promise.withResolvers<void>();
  const unwatch = stop === null ? () => undefined : log.watch(() => wake.resolve());
  const onStop = (): void => wake.resolve();
  stop?.addEventListener("abort", onStop);
  try {
    for (;;) {
      if (stop?.aborted === true) return;
      // Before the read: what is appended while it runs must wake what waits after it.
      wake = Promise.withResolvers<void>();
      const events = await read();
      yield* events;
      if (events.length > 0) continue;
      if (stop === null) return;
      const timer = setTimeout(() => wake.resolve(), LOOK_MS);
      if (!stop.aborted) await wake.promise;
      clearTimeout(timer);
    }
  } finally {
    unwatch();
    stop?.removeEventListener("abort", onStop);
  }
}
