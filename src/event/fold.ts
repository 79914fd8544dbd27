// A state is a fold over events: from a snapshot where there is one, else from the beginning. Where the beginning has
// been pruned, the event that says so holds what stays of the state.
import type { Position } from "./batch.ts";
import type { Aggregate, Happened, Timed } from "./decider.ts";
import type { Fact, StreamId } from "./event.ts";
import type { EventLog, StoredEvent } from "./log.ts";
import { eventsPruned, prunedBy } from "./pruned.ts";
import { loadParts } from "./snapshot-parts.ts";

/** A state with its place, and the seq of the newest snapshot. */
export interface Folded<State> extends Position<State> {
  snapshotSeq: number;
}

/** What folding takes of a log. */
export interface FoldableLog extends Pick<EventLog, "snapshot" | "blob"> {
  read(params: Parameters<EventLog["read"]>[0]): Promise<readonly Pick<StoredEvent, "event" | "hash">[]>;
}

const READ_LIMIT = 1_000;
const LOADS_MAX = 3;

/**
 * Reads on from `from` (null: the newest snapshot, or the beginning) up to the stream's end, or to `throughSeq`.
 * Throws `pruned` when that lies among events that have been pruned.
 */
export async function fold<State, Command extends Timed, F extends Fact>({
  aggregate,
  log,
  stream,
  from = null,
  throughSeq = Number.POSITIVE_INFINITY,
  snapshotThroughSeq = throughSeq,
  onEvent,
}: {
  readonly aggregate: Aggregate<State, Command, F>;
  readonly log: FoldableLog;
  readonly stream: StreamId;
  readonly from?: Folded<State> | null;
  readonly throughSeq?: number;
  /** A snapshot past this seq is passed over. */
  readonly snapshotThroughSeq?: number;
  readonly onEvent?: (event: Happened<F>) => void;
}): Promise<Folded<State>> {
  const folded = from ?? (await start(aggregate, log, stream, Math.min(throughSeq, snapshotThroughSeq)));
  for (;;) {
    const page = await log.read({ stream, afterSeq: folded.seq, limit: READ_LIMIT });
    for (const { event, hash } of page) {
      const pruned = event.seq > folded.seq + 1 ? prunedBy(event) : null;
      if (pruned !== null && folded.seq < throughSeq && throughSeq < event.seq)
        throw eventsPruned(stream, pruned.to);
      if (event.seq > throughSeq) return folded;
      // A stream holds the events of its own kind of aggregate alone.
      const happened = event as unknown as Happened<F>;
      folded.state = aggregate.evolve(folded.state, happened);
      folded.seq = event.seq;
      folded.at = event.at;
      folded.hash = hash;
      onEvent?.(happened);
    }
    if (page.length < READ_LIMIT) return folded;
  }
}

async function start<State, Command extends Timed, F extends Fact>(
  aggregate: Aggregate<State, Command, F>,
  log: FoldableLog,
  stream: StreamId,
  throughSeq: number,
): Promise<Folded<State>> {
  const form = aggregate.snapshot;
  // A snapshot's parts go when a newer one is saved: whoever comes upon that looks again.
  for (let attempt = 0; attempt < LOADS_MAX; attempt++) {
    const snapshot = await log.snapshot({ stream });
    if (snapshot === null || snapshot.version !== form.version || snapshot.seq > throughSeq) break;
    const { seq, hash, at } = snapshot;
    const state =
      form.parts === undefined ? form.load(snapshot.state) : await loadParts(log, form.parts, snapshot);
    if (state !== null) return { state, seq, hash, at, snapshotSeq: seq };
  }
  return nothing(aggregate);
}

/** The state of a stream without events. */
export function nothing<State, Command extends Timed, F extends Fact>(
  aggregate: Aggregate<State, Command, F>,
): Folded<State> {
  return { state: aggregate.initial(), seq: 0, hash: null, at: 0, snapshotSeq: 0 };
}
