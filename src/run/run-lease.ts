// Who runs a session, for processes on other hosts to see: a lease in the store, renewed while the run lasts. It saves
// double work and nothing more: two that run one session all the same are kept apart by the log.
import type { Clock } from "../event/clock.ts";
import type { ProcessIdentity } from "../session/events.ts";
import type { Processes } from "../session/host.ts";
import { streamOf } from "../session/stream.ts";
import type { Store } from "../store/port.ts";
import { hostName } from "./host.ts";

/** So long another host waits for a runner that was killed. */
const LEASE_MS = 30_000;

export interface RunLeaseParams {
  readonly store: Store;
  readonly clock: Clock;
  readonly processes: Processes;
  readonly sessionId: string;
}

export class RunLease implements AsyncDisposable {
  readonly #params: RunLeaseParams;
  readonly #stop = new AbortController();
  #isHeld = false;
  #renewing: Promise<void> = Promise.resolve();

  constructor(params: RunLeaseParams) {
    this.#params = params;
  }

  /**
   * False when another process has it that may live. `last` is who ran the session last: when it is known here to be
   * dead, nobody waits for the end of its time.
   */
  async take(last: ProcessIdentity | null): Promise<boolean> {
    const { processes } = this.#params;
    const isDead = last !== null && last.host === hostName() && !processes.isAlive(last);
    if (isDead) await this.#lease(last, 0);
    this.#isHeld = await this.#lease(processes.self(), LEASE_MS);
    return this.#isHeld;
  }

  /** Renews it until it is given back; `onLost` is called once, when another has it. */
  keep(onLost: () => void): void {
    this.#renewing = this.#renew(onLost);
  }

  /** Gives it back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    // A store that is away lets its time run out.
    if (this.#isHeld) await this.#lease(this.#params.processes.self(), 0).catch(() => false);
  }

  async #renew(onLost: () => void): Promise<void> {
    const { clock, processes } = this.#params;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(LEASE_MS / 3, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      // The run itself learns that the store is away; here it is tried again.
      this.#isHeld = await this.#lease(processes.self(), LEASE_MS).catch(() => true);
      if (this.#isHeld) continue;
      onLost();
      return;
    }
  }

  async #lease({ host, boot_id, pid, start_time }: ProcessIdentity, ttlMs: number): Promise<boolean> {
    const { store, clock, sessionId } = this.#params;
    const owner = `${host} ${boot_id} ${pid} ${start_time}`;
    return await store.lease({ name: `run:${streamOf(sessionId)}`, owner, now: clock.now(), ttlMs });
  }
}
