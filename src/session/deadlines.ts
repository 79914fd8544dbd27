// The one background mechanism beside reactors: finds by heads what is due, here and in sessions whose process died,
// and lets it happen.
import { CLOCK_CHANGE_MS_MIN, type Clock } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";
import type { Store } from "../store/port.ts";

/** The longest sleep: a deadline that another process wrote is found at the latest after this. */
const IDLE_MS_MAX = 2_000;

/** How many due heads a tick takes. */
const DUE_MAX = 100;

export interface DeadlinesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Lets happen what is due in a stream. */
  readonly settle: (stream: StreamId) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

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
    for (;;) {
      const now = clock.now();
      const heads = await store.due({ before: now + IDLE_MS_MAX, limit: DUE_MAX });
      const due = heads.filter((head) => (head.dueAt ?? now) <= now);
      let failed = 0;
      for (const head of due) failed += (await this.#settle(head.stream)) ? 0 : 1;
      if (due.length === DUE_MAX && failed === 0) continue;
      return heads.find((head) => (head.dueAt ?? now) > now)?.dueAt ?? now + IDLE_MS_MAX;
    }
  }

  /** Looks at every open session of this machine's boot: the wall clock was set, and deadlines move with it. */
  async settleOpen(): Promise<void> {
    const { store, clock } = this.#options;
    const { id, offsetMs } = clock.boot();
    this.#offsetMs = offsetMs;
    for (let after: string | undefined; ;) {
      const filter = { kind: "session", status: "open" };
      const page = await store.heads({
        filter,
        page: { limit: 1_000, ...(after !== undefined && { after }) },
      });
      for (const { stream, summary } of page.items) {
        const apart = Math.abs(Number(summary["boot_offset_ms"]) - offsetMs);
        if (summary["boot_id"] === id && apart >= CLOCK_CHANGE_MS_MIN) await this.#settle(stream);
      }
      if (page.next === null) return;
      after = page.next;
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

  /** One session that cannot be read must not hold up the others. */
  async #settle(stream: StreamId): Promise<boolean> {
    return await this.#options.settle(stream).then(
      () => true,
      (error: unknown) => (this.#options.onError(error), false),
    );
  }
}
