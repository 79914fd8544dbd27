// The queue of everything that writes. Works that wait together share one transaction and so one sync; each
// still succeeds or is refused alone. In order of arrival, at most 256 events a transaction, and the event loop
// runs between two transactions.
import type { DatabaseSync } from "node:sqlite";
import { HolodeckError } from "../event/error.ts";
import { isBusy, storeError } from "./sqlite-error.ts";
import { Query } from "./sqlite-query.ts";

/** The weight one transaction takes up; an event weighs 1. A single heavier work goes alone. */
const WEIGHT_MAX = 256;

const BUSY_RETRY_MS = 5;

interface Job {
  readonly weight: number;
  /** Does the work inside the transaction. Throws a `HolodeckError` before it has written to refuse itself alone. */
  run(): void;
  /** Tells the caller what `run` gave, after the commit. */
  settle(): void;
  reject(cause: unknown): void;
}

export interface WriterParams {
  readonly database: DatabaseSync;
  readonly name: string;
  readonly busyTimeoutMs: number;
  /** The last writes of a transaction, before its commit. */
  readonly finish: () => void;
  /** The transaction has ended. */
  readonly ended: (committed: boolean) => void;
}

export class Writer {
  readonly #params: WriterParams;
  readonly #begin: Query;
  readonly #commit: Query;
  #queue: Job[] = [];
  #isScheduled = false;
  #idle = Promise.withResolvers<void>();
  /** When the transaction to come first found the database held; null when it did not. */
  #busySince: number | null = null;

  constructor(params: WriterParams) {
    this.#params = params;
    this.#begin = new Query(params.database, "BEGIN IMMEDIATE");
    this.#commit = new Query(params.database, "COMMIT");
  }

  /** Runs `work` in a transaction shared with its neighbours; resolves with its value once that is durable. */
  write<Value>(weight: number, work: () => Value): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      let settle: (() => void) | undefined;
      this.#queue.push({
        weight,
        run: () => {
          settle = refusable(work, resolve, reject);
        },
        settle: () => settle?.(),
        reject,
      });
      this.#schedule();
    });
  }

  get isIdle(): boolean {
    return !this.#isScheduled;
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#isScheduled) await this.#idle.promise;
  }

  /** `setImmediate` and no microtask: all who are awake get to add their work, and I/O gets its turn. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (!this.#hasBegun()) return;
    const jobs = this.#take();
    const failure = this.#transact(jobs);
    if (failure === null) for (const job of jobs) job.settle();
    else for (const job of jobs) job.reject(failure.error);
    this.#next();
  }

  #next(): void {
    this.#isScheduled = false;
    if (this.#queue.length > 0) {
      this.#schedule();
      return;
    }
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /** False when it must be tried again later, or has failed for good. */
  #hasBegun(): boolean {
    try {
      this.#begin.run();
      this.#busySince = null;
      return true;
    } catch (cause) {
      const now = performance.now();
      this.#busySince ??= now;
      if (isBusy(cause) && now - this.#busySince < this.#params.busyTimeoutMs) {
        setTimeout(() => this.#flush(), BUSY_RETRY_MS);
        return false;
      }
      this.#busySince = null;
      const error = storeError(this.#params.name, cause);
      for (const job of this.#take()) job.reject(error);
      this.#next();
      return false;
    }
  }

  #take(): Job[] {
    let weight = 0;
    const cut = this.#queue.findIndex((job, index) => {
      weight += job.weight;
      return index > 0 && weight > WEIGHT_MAX;
    });
    if (cut >= 0) return this.#queue.splice(0, cut);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  #transact(jobs: readonly Job[]): { readonly error: unknown } | null {
    const { database, name, finish, ended } = this.#params;
    try {
      for (const job of jobs) job.run();
      finish();
      this.#commit.run();
      ended(true);
      return null;
    } catch (cause) {
      ended(false);
      if (database.isTransaction) database.exec("ROLLBACK");
      return { error: storeError(name, cause) };
    }
  }
}

/** Runs the work; returns what tells its caller. A refusal is the caller's own; anything else fails all. */
function refusable<Value>(
  work: () => Value,
  resolve: (value: Value) => void,
  reject: (cause: unknown) => void,
): () => void {
  try {
    const value = work();
    return () => resolve(value);
  } catch (cause) {
    if (cause instanceof HolodeckError) return () => reject(cause);
    throw cause;
  }
}
