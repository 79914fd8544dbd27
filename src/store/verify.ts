// Checks a whole store: every event's bytes against its hash, every chain, every head against its last event,
// and what the adapter finds below. Damage is reported, never thrown. One page of one stream is in memory at once.
import { leafHash, type StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import type { Damage, Store, StoredHead } from "./port.ts";

export type Problem = Damage;

export interface Verification {
  readonly ok: boolean;
  /** How many streams and events were looked at. */
  readonly streams: number;
  readonly events: number;
  /** At most 1,000. */
  readonly problems: readonly Problem[];
}

export interface VerifyOptions {
  readonly onProgress?: (progress: { readonly streams: number; readonly events: number }) => void;
}

const PROBLEMS_MAX = 1000;
const PAGE = 500;

/** Verifies every stream of a store. Never throws for damage; `store_closed` alone comes as a problem too. */
export async function verifyStore(store: Store, options: VerifyOptions = {}): Promise<Verification> {
  const verifier = new Verifier(store, options);
  await verifier.run();
  const { streams, events, problems } = verifier;
  return { ok: problems.length === 0, streams, events, problems };
}

/** The last sound event of a stream: what the next one must follow. */
interface Link {
  seq: number;
  hash: string | null;
  at: number;
}

class Verifier {
  streams = 0;
  events = 0;
  readonly problems: Problem[] = [];
  readonly #store: Store;
  readonly #options: VerifyOptions;

  constructor(store: Store, options: VerifyOptions) {
    this.#store = store;
    this.#options = options;
  }

  async run(): Promise<void> {
    const below = await this.#attempt(null, null, () => this.#store.inspect());
    for (const damage of below ?? []) this.#report(damage.stream, damage.seq, damage.what);
    let after: string | null | undefined;
    while (after !== null && !this.#isFull) {
      const page = after === undefined ? {} : { after };
      const names = await this.#attempt(null, null, () => this.#store.streams({ page }));
      for (const stream of names?.items ?? []) await this.#checkStream(stream);
      after = names?.next ?? null;
    }
  }

  async #checkStream(stream: StreamId): Promise<void> {
    const link: Link = { seq: 0, hash: null, at: Number.NEGATIVE_INFINITY };
    await this.#checkEvents(stream, link);
    const head = await this.#attempt(stream, null, () => this.#store.head({ stream }));
    // Events may have come while this ran: the head that was read last knows how many there must be.
    if (head && head.seq > link.seq) await this.#checkEvents(stream, link);
    if (head !== undefined) this.#checkHead(stream, link, head);
    this.streams++;
    this.#options.onProgress?.({ streams: this.streams, events: this.events });
  }

  async #checkEvents(stream: StreamId, link: Link): Promise<void> {
    while (!this.#isFull) {
      const read = (limit: number) => this.#store.read({ stream, afterSeq: link.seq, limit });
      const page = await read(PAGE).catch(() => null);
      if (page?.length === 0) return;
      for (const stored of page ?? []) this.#checkEvent(stream, link, stored);
      if (page !== null) continue;
      // Something in this page cannot be read: find it one by one, and go on behind it.
      const seq = link.seq + 1;
      const one = await this.#attempt(stream, seq, () => read(1));
      if (one?.length === 0) return;
      for (const stored of one ?? []) this.#checkEvent(stream, link, stored);
      if (one === undefined) Object.assign(link, { seq, hash: null });
    }
  }

  #checkEvent(stream: StreamId, link: Link, { event, bytes, hash }: StoredEvent): void {
    const seq = link.seq + 1;
    const report = (what: string) => this.#report(stream, seq, what);
    const isUnbroken = link.seq === 0 || link.hash !== null;
    if (leafHash(bytes) !== hash) report("Bytes and hash disagree.");
    if (event.stream !== stream || event.seq !== seq) {
      report(`Found event ${event.seq} of ${event.stream} in its place.`);
    }
    if (isUnbroken && event.prev !== link.hash) report("It does not name the hash of the event before it.");
    if (event.at < link.at) report("Its time is before that of the event before it.");
    // After a gap, go on from where the stream goes on; after nonsense, from the next seq.
    link.seq = event.stream === stream && event.seq > seq ? event.seq : seq;
    link.hash = hash;
    link.at = Math.max(link.at, event.at);
    this.events++;
  }

  #checkHead(stream: StreamId, link: Link, head: StoredHead | null): void {
    if (head === null) this.#report(stream, link.seq, "The stream has no head.");
    else if (head.seq !== link.seq) {
      this.#report(stream, link.seq + 1, `The head stands at ${head.seq}, the events end at ${link.seq}.`);
    } else if (link.hash !== null && head.hash !== link.hash) {
      this.#report(stream, link.seq, "The head's hash is not that of the last event.");
    }
  }

  /** Undefined when it failed, which is reported. */
  async #attempt<Value>(
    stream: StreamId | null,
    seq: number | null,
    act: () => Promise<Value>,
  ): Promise<Value | undefined> {
    try {
      return await act();
    } catch (error) {
      this.#report(stream, seq, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  get #isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  #report(stream: StreamId | null, seq: number | null, what: string): void {
    if (!this.#isFull) this.problems.push({ stream, seq, what });
  }
}
