// Group commit for stores behind a network: appends that wait while a batch is on its way leave together, in the
// order of their calls. More than one batch on its way at once was measured to be no faster.
import type { AppendItem, AppendResult } from "../event/log.ts";
import { partitionOf } from "./partition.ts";

/** An item on its way to the store. */
export interface Waiting {
  readonly item: AppendItem;
  readonly partition: number;
  /** The store has said that one of its keys was used before it came. */
  hasUsedKey: boolean;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

export interface AppendQueueParams {
  readonly partitions: number;
  /** Answers every item, but for those it gives back: they are tried again, before all others. */
  readonly write: (batch: readonly Waiting[]) => Promise<readonly Waiting[]>;
}

/** How many events were appended, by partition. */
export type EventCounts = ReadonlyMap<number, number>;

/** A batch takes so many events or bytes; a single larger item goes alone. */
const EVENTS_MAX = 256;
const BYTES_MAX = 4 * 1024 * 1024;

export class AppendQueue {
  readonly #params: AppendQueueParams;
  readonly #waiting: Waiting[] = [];
  readonly #looks: (() => Promise<void>)[] = [];
  #isRunning = false;

  constructor(params: AppendQueueParams) {
    this.#params = params;
  }

  async append(items: readonly AppendItem[]): Promise<readonly AppendResult[]> {
    const settled = await Promise.allSettled(items.map((item) => this.#add(item)));
    return settled.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }

  /** Does `act` while no batch is on its way: what it sees holds all that has been answered, and nothing else. */
  async between<Result>(act: () => Promise<Result>): Promise<Result> {
    return await new Promise((resolve, reject) => {
      this.#looks.push(async () => await act().then(resolve, reject));
      if (!this.#isRunning) void this.#run();
    });
  }

  #add(item: AppendItem): Promise<AppendResult> {
    const partition = partitionOf(item.stream, this.#params.partitions);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, partition, hasUsedKey: false, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0 || this.#looks.length > 0) {
      // A turn of the loop, and no microtask: all who are awake get to add their work.
      await new Promise((resolve) => setImmediate(resolve));
      for (const look of this.#looks.splice(0)) await look();
      const batch = this.#waiting.splice(0, batchLength(this.#waiting));
      try {
        this.#waiting.unshift(...(await this.#params.write(batch)));
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#isRunning = false;
  }
}

function batchLength(waiting: readonly Waiting[]): number {
  let events = 0;
  let bytes = 0;
  const cut = waiting.findIndex(({ item }, index) => {
    events += item.events.length;
    for (const one of item.events) bytes += one.bytes.length;
    return index > 0 && (events > EVENTS_MAX || bytes > BYTES_MAX);
  });
  return cut < 0 ? waiting.length : cut;
}
