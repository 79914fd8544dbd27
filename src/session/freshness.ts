// Where streams stand in the log, read after it was asked: what a decision confirms before it is made (law 4). All who
// ask in one turn share what is read. A log of one partition is asked where it ends: while that stands still, nothing has
// been appended by anyone and what was known at it is true. Otherwise, and in a log of many partitions, where somebody
// appends all the time, the heads of the streams asked about are read, all at once.
import type { StreamId } from "../event/event.ts";
import type { TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";

/** The seq each stream stands at; 0 for one that is not there. */
export type Seqs = ReadonlyMap<StreamId, number>;

/** What is known of the log as long as it ends at `place`. */
interface Known {
  readonly place: TailPlace;
  readonly seqs: Map<StreamId, number>;
}

/** More streams than this are not remembered: they are read again. */
const STREAMS_MAX = 10_000;

export class Freshness {
  readonly #store: Store;
  #known: Known | null = null;
  /** Those who ask in this turn. */
  #turn: { readonly streams: Set<StreamId>; readonly seqs: Promise<Seqs> } | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads after it was called. Throws what the store throws. */
  async confirm(streams: readonly StreamId[]): Promise<Seqs> {
    this.#turn ??= this.#begin();
    for (const stream of streams) this.#turn.streams.add(stream);
    return await this.#turn.seqs;
  }

  #begin(): { readonly streams: Set<StreamId>; readonly seqs: Promise<Seqs> } {
    const streams = new Set<StreamId>();
    const seqs = Promise.resolve().then(async () => {
      this.#turn = null;
      return await this.#read(streams);
    });
    return { streams, seqs };
  }

  async #read(streams: ReadonlySet<StreamId>): Promise<Seqs> {
    const known = this.#store.partitions === 1 ? this.#at(await this.#store.end()) : { seqs: new Map() };
    const missing = [...streams].filter((stream) => !known.seqs.has(stream));
    if (missing.length === 0) return known.seqs;
    // Heads are read after the end was: were one of them newer, the end would have moved on, and all is read again.
    const heads = await Promise.all(missing.map(async (stream) => await this.#store.head({ stream })));
    for (const [index, stream] of missing.entries()) known.seqs.set(stream, heads[index]?.seq ?? 0);
    return known.seqs;
  }

  #at(place: TailPlace): Known {
    const known = this.#known;
    const isSame = known !== null && place.every((position, index) => position === known.place[index]);
    if (isSame && known.seqs.size < STREAMS_MAX) return known;
    return (this.#known = { place, seqs: new Map() });
  }
}
