// A slice of a session's events, as they are stored.
import type { StreamId } from "../event/event.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import type { SessionReading, ToldEvent } from "./reading.ts";

/** Events after `afterSeq`, at most `limit` (1 to 1,000). Throws `pruned` when some that were asked for are gone. */
export async function eventPage(
  store: Pick<SessionReading, "read">,
  {
    stream,
    afterSeq,
    limit,
  }: { readonly stream: StreamId; readonly afterSeq: number; readonly limit: number },
): Promise<readonly ToldEvent[]> {
  const page = await store.read({ stream, afterSeq, limit });
  const [first] = page;
  const pruned = first !== undefined && first.event.seq > afterSeq + 1 ? prunedBy(first.event) : null;
  if (pruned !== null) throw eventsPruned(stream, pruned.to);
  return page;
}
