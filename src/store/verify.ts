// Checks a whole store: every event's bytes against its hash, every chain, every head against its last event,
// and what the adapter finds below. Damage is reported, never thrown. One page of one stream is in memory at once.
import { HolodeckError } from "../event/error.ts";
import { leafHash, type StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { prunedBy, type Pruned } from "../event/pruned.ts";
import type { Damage, PageRequest, PrunedEvent, Store, StoredHead } from "./port.ts";

export type Problem = Damage;

export interface Verification {
  readonly ok: boolean;
  /** How many streams and events were looked at. */
  readonly streams: number;
  readonly events: number;
  /** How many events more have been pruned: of them the hash is there, and the chain goes through it. */
  readonly pruned: number;
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
  const { streams, events, pruned, problems } = verifier;
  return { ok: problems.length === 0, streams, events, pruned, problems };
}

/** How far a stream has been followed. `hash` is null before the first event and behind a lost one. */
interface Link {
  seq: number;
  hash: string | null;
  at: number;
  /** The last event whose bytes are not there; null when all are. */
  gone: PrunedEvent | null;
  /** What a later event says of them. */
  told: Pruned | null;
}

/** The event after the link is not there to be followed: the chain is looked at again from the one behind it. */
function passOver(link: Link): void {
  link.seq++;
  link.hash = null;
}

function wasTold({ gone, told }: Link): boolean {
  if (gone === null) return true;
  return (
    told !== null &&
    told.from === 1 &&
    told.to >= gone.seq &&
    (told.to > gone.seq || told.last_hash === gone.hash)
  );
}

class Verifier {
  streams = 0;
  events = 0;
  pruned = 0;
  readonly problems: Problem[] = [];
  readonly #store: Store;
  readonly #options: VerifyOptions;
  /** What was said of which event: the adapter and the chain may find the same fault. */
  readonly #told = new Set<string>();

  constructor(store: Store, options: VerifyOptions) {
    this.#store = store;
    this.#options = options;
  }

  async run(): Promise<void> {
    const below = await this.#attempt(null, null, () => this.#store.inspect());
    for (const damage of below ?? []) this.#report(damage.stream, damage.seq, damage.what);
    let page: PageRequest = {};
    let last = "";
    while (!this.#isFull) {
      const names = await this.#attempt(null, null, () => this.#store.streams({ page }));
      for (const stream of names?.items ?? []) {
        // A damaged index can lead back to where one was, again and again.
        if (Buffer.compare(Buffer.from(stream), Buffer.from(last)) <= 0) {
          this.#report(null, null, "The list of streams is out of order.");
          return;
        }
        last = stream;
        await this.#checkStream(stream);
      }
      if (!names?.next) return;
      page = { after: names.next };
    }
  }

  async #checkStream(stream: StreamId): Promise<void> {
    const link: Link = { seq: 0, hash: null, at: Number.NEGATIVE_INFINITY, gone: null, told: null };
    await this.#checkEvents(stream, link);
    const head = await this.#attempt(stream, null, () => this.#store.head({ stream }));
    // Events may have come while this ran: the head that was read last knows how many there must be.
    if (head && head.seq > link.seq) await this.#checkEvents(stream, link);
    if (head !== undefined) this.#checkHead(stream, link, head);
    if (!wasTold(link)) {
      this.#report(
        stream,
        link.gone?.seq ?? null,
        "Its bytes are not there, and no later event says they were pruned.",
      );
    }
    this.streams++;
    this.#options.onProgress?.({ streams: this.streams, events: this.events });
  }

  async #checkEvents(stream: StreamId, link: Link): Promise<void> {
    while (!this.#isFull) {
      const read = (limit: number) => this.#store.read({ stream, afterSeq: link.seq, limit });
      // When something in a page cannot be read: find it one by one, and go on behind it.
      const page = await read(PAGE).catch(() => this.#attempt(stream, link.seq + 1, () => read(1)));
      if (page?.length === 0) return;
      if (page === undefined) passOver(link);
      else await this.#followPruned(stream, link, page[0]);
      for (const stored of page ?? []) if (!this.#follows(stream, link, stored)) break;
    }
  }

  /** Goes on through the kept hashes of events that were pruned, up to the next that can be read. */
  async #followPruned(stream: StreamId, link: Link, next: StoredEvent | undefined): Promise<void> {
    if (next === undefined || next.event.stream !== stream) return;
    const { seq: nextSeq } = next.event;
    while (nextSeq > link.seq + 1) {
      const kept = await this.#attempt(stream, link.seq + 1, () =>
        this.#store.pruned({ stream, afterSeq: link.seq, limit: PAGE }),
      );
      if (kept?.[0]?.seq !== link.seq + 1) return;
      for (const { seq, hash } of kept) {
        if (seq !== link.seq + 1) break;
        link.seq = seq;
        link.hash = hash;
        link.gone = { seq, hash };
        this.pruned++;
      }
    }
  }

  /** False when another event stands in this one's place: then whoever reads must look again behind that place. */
  #follows(stream: StreamId, link: Link, { event, bytes, hash }: StoredEvent): boolean {
    const seq = link.seq + 1;
    if (event.stream !== stream || event.seq !== seq) {
      this.#report(stream, seq, `Found event ${event.seq} of ${event.stream} in its place.`);
      passOver(link);
      return false;
    }
    const isUnbroken = link.seq === 0 || link.hash !== null;
    const report = (what: string) => this.#report(stream, seq, what);
    if (leafHash(bytes) !== hash) report("Bytes and hash disagree.");
    if (isUnbroken && event.prev !== link.hash) report("It does not name the hash of the event before it.");
    if (event.at < link.at) report("Its time is before that of the event before it.");
    link.seq = seq;
    link.hash = hash;
    link.at = Math.max(link.at, event.at);
    link.told = prunedBy(event) ?? link.told;
    this.events++;
    return true;
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
      this.#report(stream, seq, damageOf(error));
      return undefined;
    }
  }

  get #isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  #report(stream: StreamId | null, seq: number | null, what: string): void {
    const fault = JSON.stringify([stream, seq, what]);
    if (this.#isFull || this.#told.has(fault)) return;
    this.#told.add(fault);
    this.problems.push({ stream, seq, what });
  }
}

/** Who says that something is damaged advises to verify: that is being done. */
function damageOf(error: unknown): string {
  if (error instanceof HolodeckError && error.code.endsWith("_corrupt")) return error.what;
  return error instanceof Error ? error.message : String(error);
}
