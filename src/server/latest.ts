// Catching up, shared: whoever asks while it runs waits for the next run, which all of them share; so everyone gets
// what was there when they asked, and it never runs twice at once.
import { turn } from "../event/turn.ts";

export class Latest {
  readonly #catchUp: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(catchUp: () => Promise<void>) {
    this.#catchUp = catchUp;
  }

  /** Resolves after a run that began after this call; rejects when that run failed. */
  async get(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    await this.#next;
  }

  async #after(running: Promise<void>): Promise<void> {
    await running.catch(() => undefined);
    await turn();
    this.#running = this.#next ?? Promise.resolve();
    this.#next = null;
    await this.#catchUp();
  }
}
