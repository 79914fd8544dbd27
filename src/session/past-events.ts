// All events of a stream, for what is folded by version rather than by seq.
import type { Happened } from "../event/decider.ts";
import type { Fact, StreamId } from "../event/event.ts";
import type { EventLog } from "../event/log.ts";

const READ_LIMIT = 1_000;

/** A stream holds the events of its own kind of aggregate alone: the caller names them. */
export async function eventsOf<F extends Fact>(
  log: EventLog,
  stream: StreamId,
): Promise<readonly Happened<F>[]> {
  const events: Happened<F>[] = [];
  for await (const event of readEvents<F>(log, stream)) events.push(event);
  return events;
}

/** The same, a page at a time. */
export async function* readEvents<F extends Fact>(
  log: EventLog,
  stream: StreamId,
): AsyncGenerator<Happened<F>> {
  for (let afterSeq = 0; ;) {
    const page = await log.read({ stream, afterSeq, limit: READ_LIMIT });
    for (const { event } of page) yield event as unknown as Happened<F>;
    const last = page.at(-1);
    if (last === undefined || page.length < READ_LIMIT) return;
    afterSeq = last.event.seq;
  }
}
