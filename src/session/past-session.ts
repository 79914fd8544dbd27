// Finding out how a session stood after one of its events.
import { HolodeckError } from "../event/error.ts";
import { fold } from "../event/fold.ts";
import { sessionAggregate } from "./aggregate.ts";
import { checkInteger, checkText } from "./input.ts";
import type { PastState } from "./past-view.ts";
import type { SessionReading } from "./reading.ts";
import { streamOf } from "./stream.ts";

/** Folds a session through event `seq`. Throws `not_found`, and `invalid_argument` for a seq it has no event of. */
export async function stateAt(store: SessionReading, sessionId: string, seq: number): Promise<PastState> {
  const stream = streamOf(checkText(sessionId, "sessionId"));
  const head = await store.head({ stream });
  if (head === null) throw unknownSession(sessionId);
  checkInteger(seq, "seq", 1, head.seq);
  const { state, at, hash } = await fold({
    aggregate: sessionAggregate,
    log: store,
    stream,
    throughSeq: seq,
  });
  return { state, seq, at, hash: hash ?? head.hash };
}

export function unknownSession(sessionId: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no session ${JSON.stringify(sessionId.slice(0, 100))}.`,
    todo: "Check the id; `holodeck session ls` shows the sessions there are.",
  });
}
