// Whether a stream is still the chain it was written as: every hash that of its bytes, every event naming the one
// before it. Computed anew each time, from the bytes.
import { setImmediate as turn } from "node:timers/promises";
import { leafHash, type Hash, type StreamId } from "../event/event.ts";
import type { Store } from "../store/port.ts";

export interface ChainReport {
  readonly stream: StreamId;
  readonly length: number;
  /** The hash of the last event; null for a stream without one. */
  readonly head_hash: Hash | null;
  readonly verified: boolean;
  /** The first event that is not what it was or does not follow the one before it; null when there is none. */
  readonly broken_at: number | null;
}

const PAGE = 500;

export async function verifyChain(store: Store, stream: StreamId): Promise<ChainReport> {
  let length = 0;
  let last: Hash | null = null;
  for (;;) {
    const events = await store.read({ stream, afterSeq: length, limit: PAGE });
    for (const { event, bytes, hash } of events) {
      const follows = event.stream === stream && event.seq === length + 1 && event.prev === last;
      if (!follows || leafHash(bytes) !== hash)
        return { stream, length, head_hash: last, verified: false, broken_at: length + 1 };
      length++;
      last = hash;
    }
    if (events.length < PAGE) return { stream, length, head_hash: last, verified: true, broken_at: null };
    await turn();
  }
}
