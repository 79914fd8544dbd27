// Counts what a store is doing, so that closing can wait for it.
import { storeClosed } from "./input.ts";

export class UnderWay {
  readonly #name: string;
  readonly #acts = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Throws `store_closed` after `close`. */
  assertOpen(): void {
    if (this.#isClosed) throw storeClosed(this.#name);
  }

  async run<Result>(act: () => Promise<Result>): Promise<Result> {
    this.assertOpen();
    const running = act();
    this.#acts.add(running);
    try {
      return await running;
    } finally {
      this.#acts.delete(running);
    }
  }

  /** Refuses what comes from now on and waits for what came before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#acts);
  }
}
