// How a session of a server stood after one of its events: folded here, from what is there to read.
import type { Happened } from "../event/decider.ts";
import type { Hash } from "../event/event.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import type { SessionEvent } from "../session/events.ts";
import { evolve } from "../session/evolve.ts";
import { checkInteger } from "../session/input.ts";
import type { PastState } from "../session/past-view.ts";
import type { SessionReading } from "../session/reading.ts";
import { initialState } from "../session/state.ts";
import { streamOf } from "../session/stream.ts";

const PAGE = 1_000;

/** Throws `not_found`, `pruned`, and `invalid_argument` for a seq it has no event of. */
export async function readPast(reading: SessionReading, sessionId: string, seq: number): Promise<PastState> {
  const stream = streamOf(sessionId);
  let state = initialState();
  let last: { readonly seq: number; readonly at: number; readonly hash: Hash } = { seq: 0, at: 0, hash: "" };
  while (last.seq < seq) {
    const page = await reading.read({ stream, afterSeq: last.seq, limit: PAGE });
    for (const { event, hash } of page) {
      const pruned = event.seq > last.seq + 1 ? prunedBy(event) : null;
      if (pruned !== null && event.seq > seq) throw eventsPruned(stream, pruned.to);
      if (event.seq > seq) break;
      state = evolve(state, event as unknown as Happened<SessionEvent>);
      last = { seq: event.seq, at: event.at, hash };
    }
    if (page.length < PAGE) break;
  }
  checkInteger(seq, "seq", 1, last.seq);
  return { state, ...last };
}
