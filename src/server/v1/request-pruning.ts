// Requests are remembered for a day. What is older goes from the store, some time after, when many more have come.
import type { StreamId } from "../../event/event.ts";
import type { StoredEvent } from "../../event/log.ts";
import type { Runtime } from "../../event/runtime.ts";
import type { Store } from "../../store/port.ts";
import type { RequestCommand, RequestEvent, RequestState } from "./request-aggregate.ts";

/** How long a key is remembered at least. */
export const REMEMBERED_MS = 24 * 60 * 60 * 1_000;

/** Each time so many events have come to a stream it is looked whether some are old enough. */
export const LOOK_EVERY = 512;

export interface PruningParts {
  readonly store: Store;
  readonly runtime: Runtime<RequestState, RequestCommand, RequestEvent>;
  readonly now: number;
}

/** Lets go of a stream's requests that are older than a day. First the stream says so, then the store acts. */
export async function pruneRequests({ store, runtime, now }: PruningParts, stream: StreamId): Promise<void> {
  const head = await store.head({ stream });
  if (head === null) return;
  const last = await lastBefore(store, { stream, seq: head.seq, time: now - REMEMBERED_MS });
  if (last === null) return;
  const { event, hash } = last;
  await runtime.execute(stream, { type: "prune_requests", to: event.seq, lastHash: hash });
  await store.prune({ stream, throughSeq: event.seq });
}

/** The last event before a time, found by halves: `at` never falls within a stream. Null when there is none. */
async function lastBefore(
  store: Store,
  { stream, seq, time }: { readonly stream: StreamId; readonly seq: number; readonly time: number },
): Promise<StoredEvent | null> {
  let found: StoredEvent | null = null;
  let [low, high] = [1, seq];
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    // What has been pruned is passed over: the event that comes next stands for it.
    const [stored] = await store.read({ stream, afterSeq: middle - 1, limit: 1 });
    if (stored === undefined || stored.event.seq > high || stored.event.at >= time) high = middle - 1;
    else {
      found = stored;
      low = stored.event.seq + 1;
    }
  }
  return found;
}
