// Tells a shared store's listeners that something was appended: its own appends at once, those of other processes
// when their notice comes, and by asking now and then, for a notice can be lost with the connection it came on.
// Positions have no gaps, so where the log ends and how much of it is our own say whether there is more.
import type { Appended, TailPlace } from "../event/log.ts";
import type { EventCounts } from "./append-queue.ts";

export interface NewsParams {
  /** Follows the other processes' notices until it is stopped. */
  readonly listen: (ears: Ears) => () => void;
  /** Sends a notice to the other processes. May fail. */
  readonly announce: () => Promise<void>;
  readonly end: () => Promise<TailPlace>;
  /** Does something while no append of this store is on its way. */
  readonly between: (act: () => Promise<void>) => Promise<void>;
}

export interface Ears {
  /** Another process has appended. */
  readonly onNotice: () => void;
  /** Notices come from now on; what came before may have been missed. */
  readonly onConnected: () => void;
}

/** How often to ask where the log ends. */
const POLL_MS = 1000;

/** At most one notice goes out in this time: each costs the server more than the append it tells of. */
const ANNOUNCE_MS = 5;

export class News {
  readonly #params: NewsParams;
  readonly #listeners = new Set<(appended: Appended) => void>();
  #stopListening: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Up to where every event is our own, or was told of as another's. */
  #seen: number[] = [];
  #hasOwn = false;
  #announcing: Promise<void> | null = null;
  #hasMore = false;

  constructor(params: NewsParams) {
    this.#params = params;
  }

  add(listener: (appended: Appended) => void): () => void {
    // A function of its own, so that one listener added twice counts twice and is called no more once stopped.
    const call = (appended: Appended): void => {
      if (this.#listeners.has(call)) listener(appended);
    };
    this.#listeners.add(call);
    if (this.#timer === null) this.#start();
    return () => {
      this.#listeners.delete(call);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  /** This store has appended. */
  appended(counts: EventCounts): void {
    for (const [partition, count] of counts) this.#seen[partition] = (this.#seen[partition] ?? 0) + count;
    this.#hasOwn = true;
    this.#tell({ own: true });
    this.#hasMore = true;
    this.#announcing ??= this.#announce();
  }

  stop(): void {
    this.#listeners.clear();
    this.#stopListening?.();
    this.#stopListening = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Resolves when every notice is out. */
  async idle(): Promise<void> {
    await this.#announcing;
  }

  /** Looks where the log ends, before anyone listens: what comes after is news. */
  async begin(): Promise<void> {
    this.#seen = [...(await this.#params.end())];
  }

  #start(): void {
    this.#timer = setInterval(() => void this.#poll(), POLL_MS).unref();
    void this.#poll();
    this.#stopListening = this.#params.listen({
      onNotice: () => this.#tell({ own: false }),
      onConnected: () => void this.#poll(),
    });
  }

  /** In microtasks: a listener that throws harms neither the store nor its neighbours. */
  #tell(appended: Appended): void {
    for (const listener of this.#listeners) queueMicrotask(() => listener(appended));
  }

  async #poll(): Promise<void> {
    try {
      await this.#params.between(async () => this.#look(await this.#params.end()));
    } catch {
      // The server is away; whoever appends or reads is told so, and the next round asks again.
    }
  }

  #look(end: TailPlace): void {
    if (this.#timer === null) return;
    const hasOthers = end.some((position, partition) => position !== this.#seen[partition]);
    if (hasOthers) this.#tell({ own: false });
    else if (this.#hasOwn) this.#tell({ own: true, through: end });
    this.#seen = [...end];
    this.#hasOwn = false;
  }

  async #announce(): Promise<void> {
    while (this.#hasMore) {
      this.#hasMore = false;
      // A notice that fails is made up for by the others' own asking.
      await this.#params.announce().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, ANNOUNCE_MS));
    }
    this.#announcing = null;
  }
}
