// The one background mechanism beside reactors: finds by heads what is due, here and in sessions whose process died,
// and lets it happen.
import { CLOCK_CHANGE_MS_MIN, type Clock } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";
import type { HeadFilter, Store, StoredHead } from "../store/port.ts";

/** The longest sleep: a deadline that another process wrote is found at the latest after this. */
const IDLE_MS_MAX = 2_000;

/** How many due heads are read at first, and at the most. */
const DUE_MIN = 100;
const DUE_MAX = 1_000;

export interface DeadlinesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Lets happen what is due in a stream; a failure is the settler's to deal with. */
  readonly settle: (head: StoredHead) => Promise<void>;
  /** False for a stream that has failed of late, or for good: it must not hold up the others. */
  readonly mayTry: (stream: StreamId) => boolean;
  /** The streams that may have deadlines, should those of others stand before them. Default: open sessions. */
  readonly open?: HeadFilter;
  /** Told of each failed tick. */
  readonly onError: (error: unknown) => void;
}

const OPEN_SESSIONS: HeadFilter = { kind: "session", status: "open" };

export class Deadlines {
  readonly #options: DeadlinesOptions;
  #stop: AbortController | null = null;
  #wake = new AbortController();
  /** When the sleep under way ends; infinite while a tick runs. */
  #wakeAt = Number.POSITIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  /** Of the clock when the open sessions were last looked at; at first they have not been. */
  #offsetMs = Number.NEGATIVE_INFINITY;

  constructor(options: DeadlinesOptions) {
    this.#options = options;
  }

  /** Lets happen all that is due; answers when the next deadline is, as far as it lies within two seconds. */
  async tick(): Promise<number> {
    const { store, clock } = this.#options;
    clock.check();
    if (Math.abs(clock.boot().offsetMs - this.#offsetMs) >= CLOCK_CHANGE_MS_MIN) await this.settleOpen();
    const tried = new Set<StreamId>();
    for (let limit = DUE_MIN; ;) {
      const now = clock.now();
      const heads = await store.due({ before: now + IDLE_MS_MAX, limit });
      const settled = await this.#settleDue(heads, now, tried);
      if (heads.length < limit) {
        return heads.find((head) => (head.dueAt ?? now) > now)?.dueAt ?? now + IDLE_MS_MAX;
      }
      // Sessions that cannot be settled stand at the front for ever; those behind them are looked for further on.
      if (settled === 0 && limit === DUE_MAX) {
        for await (const head of this.#openHeads()) await this.#settleDue([head], now, tried);
        return now + IDLE_MS_MAX;
      }
      if (settled === 0) limit = DUE_MAX;
    }
  }

  /** Looks at every open session of this machine's boot: the wall clock was set, and deadlines move with it. */
  async settleOpen(): Promise<void> {
    const { clock, mayTry, settle } = this.#options;
    const { id, offsetMs } = clock.boot();
    this.#offsetMs = offsetMs;
    for await (const head of this.#openHeads()) {
      const apart = Math.abs(Number(head.summary["boot_offset_ms"]) - offsetMs);
      const isMoved = head.summary["boot_id"] === id && apart >= CLOCK_CHANGE_MS_MIN;
      if (isMoved && mayTry(head.stream)) await settle(head);
    }
  }

  /** Tells of a deadline written here, so that it is not slept past. */
  expect(dueAt: number): void {
    if (dueAt < this.#wakeAt) this.#wake.abort();
  }

  /** Ticks until `stop`. */
  start(): void {
    if (this.#stop !== null) return;
    this.#stop = new AbortController();
    this.#running = this.#repeat(this.#stop.signal);
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#wake.abort();
    await this.#running;
    this.#stop = null;
  }

  async #repeat(stopped: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options;
    while (!stopped.aborted) {
      this.#wake = new AbortController();
      this.#wakeAt = Number.POSITIVE_INFINITY;
      const next = await this.tick().catch((error: unknown) => (onError(error), clock.now() + IDLE_MS_MAX));
      if (stopped.aborted) return;
      this.#wakeAt = Math.min(next, clock.now() + IDLE_MS_MAX);
      await clock.sleep(this.#wakeAt - clock.now(), this.#wake.signal);
    }
  }

  /** Lets happen what is due in those that were not tried before; answers how many there were. */
  async #settleDue(heads: readonly StoredHead[], now: number, tried: Set<StreamId>): Promise<number> {
    const { mayTry, settle } = this.#options;
    const due = heads.filter(
      ({ stream, dueAt }) => dueAt !== null && dueAt <= now && !tried.has(stream) && mayTry(stream),
    );
    for (const head of due) {
      tried.add(head.stream);
      await settle(head);
    }
    return due.length;
  }

  async *#openHeads(): AsyncGenerator<StoredHead> {
    const { open: filter = OPEN_SESSIONS } = this.#options;
    for (let after: string | undefined; ;) {
      const page = await this.#options.store.heads({
        filter,
        page: { limit: 1_000, ...(after !== undefined && { after }) },
      });
      yield* page.items;
      if (page.next === null) return;
      after = page.next;
    }
  }
}
