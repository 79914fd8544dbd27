// The queue of everything that writes. Works that wait together share one transaction and so one sync; each
// still succeeds or is refused alone. In order of arrival, at most 256 events a transaction, and the event loop
// runs between two transactions.
import type { DatabaseSync } from "node:sqlite";
import { HolodeckError } from "../event/error.ts";
import { isBusy, storeError } from "./sqlite-error.ts";
import { Query } from "./sqlite-query.ts";

/** The weight one transaction takes up; an event weighs 1. A single heavier work goes alone. */
const WEIGHT_MAX = 256;

/** So many turns of the event loop a commit waits at most for others to share it. */
const TURNS_MAX = 8;

/** So many commits of one work alone, none heavier than this, may follow each other within a turn of the event loop. */
const LONE_COMMITS_MAX = 4;
const LONE_WEIGHT_MAX = 16;

const BUSY_RETRY_MS = 5;

/** Work that waits, and who waits for it. */
class Job<Value = unknown> {
  readonly weight: number;
  readonly #work: () => Value;
  readonly #resolve: (value: Value) => void;
  readonly reject: (cause: unknown) => void;
  /** What the work gave, or why it was refused. */
  #value: Value | undefined;
  #refusal: HolodeckError | null = null;

  constructor(
    weight: number,
    work: () => Value,
    resolve: (value: Value) => void,
    reject: (cause: unknown) => void,
  ) {
    this.weight = weight;
    this.#work = work;
    this.#resolve = resolve;
    this.reject = reject;
  }

  /** Does the work inside the transaction. A `HolodeckError` thrown before it wrote refuses it alone; else all fail. */
  run(): void {
    try {
      this.#value = this.#work();
    } catch (cause) {
      if (!(cause instanceof HolodeckError)) throw cause;
      this.#refusal = cause;
    }
  }

  /** Tells the caller what came of it, after the commit. */
  settle(): void {
    if (this.#refusal !== null) this.reject(this.#refusal);
    else this.#resolve(this.#value as Value);
  }
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
  /** So many commits may still follow without a turn of the event loop. */
  #turnsSpared = 0;
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
      this.#queue.push(new Job(weight, work, resolve, reject) as Job);
      this.#schedule();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#isScheduled) await this.#idle.promise;
  }

  /**
   * A turn of the event loop, so that all who are awake get to add their work, and I/O gets its turn. Who goes on alone,
   * one work after the other, is spared most turns: they are a fifth of what a commit costs beside its disk.
   */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#turnsSpared > 0) {
      this.#turnsSpared--;
      queueMicrotask(() => this.#flush());
    } else setImmediate(() => this.#gather(1, TURNS_MAX));
  }

  /**
   * While each turn of the loop brings more work, it is waited for: a commit costs as much as a hundred works. One alone
   * waits for nobody.
   */
  #gather(before: number, turns: number): void {
    const { length } = this.#queue;
    if (length > before && length < WEIGHT_MAX && turns > 0)
      setImmediate(() => this.#gather(length, turns - 1));
    else {
      this.#turnsSpared = LONE_COMMITS_MAX - 1;
      this.#flush();
    }
  }

  #flush(): void {
    if (!this.#hasBegun()) return;
    const jobs = this.#take();
    if (!isLoneAndLight(jobs)) this.#turnsSpared = 0;
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

function isLoneAndLight([first, second]: readonly Job[]): boolean {
  return first !== undefined && first.weight <= LONE_WEIGHT_MAX && second === undefined;
}
