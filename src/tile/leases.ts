// Which outboxes this process sends. A lease saves double work between processes and nothing more: when two send one
// stream all the same, the keys of the tiles make the second sending harmless.
import type { Clock } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";
import type { Store } from "../store/port.ts";

const LEASE_MS = 15_000;

export class Leases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #owner: string;
  /** Until when each is held, milliseconds on the monotonic clock. */
  readonly #held = new Map<StreamId, number>();

  constructor(params: { readonly store: Store; readonly clock: Clock; readonly owner: string }) {
    this.#store = params.store;
    this.#clock = params.clock;
    this.#owner = params.owner;
  }

  /** Whether this process has a stream: taken, or renewed when half of its time is over. */
  async hold(stream: StreamId): Promise<boolean> {
    const now = this.#clock.monotonic();
    const until = this.#held.get(stream);
    if (until !== undefined && until - now > LEASE_MS / 2) return true;
    this.#forgetOver(now);
    if (!(await this.#lease(stream, LEASE_MS))) return false;
    this.#held.delete(stream); // It goes to the end: they stay in the order of their ends.
    this.#held.set(stream, now + LEASE_MS);
    return true;
  }

  async release(stream: StreamId): Promise<void> {
    if (this.#held.delete(stream)) await this.#lease(stream, 0);
  }

  async giveBack(): Promise<void> {
    this.#forgetOver(this.#clock.monotonic());
    await Promise.all([...this.#held.keys()].map(async (stream) => await this.release(stream)));
  }

  async #lease(stream: StreamId, ttlMs: number): Promise<boolean> {
    return await this.#store.lease({ name: stream, owner: this.#owner, now: this.#clock.now(), ttlMs });
  }

  /** They are in the order of their ends, so the first that is not over ends the search. */
  #forgetOver(now: number): void {
    for (const [stream, until] of this.#held) {
      if (until > now) return;
      this.#held.delete(stream);
    }
  }
}
