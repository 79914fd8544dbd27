// One thing at a time, in the order of asking, with a turn of the event loop between two: however many ask for pages of
// the log, everyone else is served in between.
import { setImmediate as turn } from "node:timers/promises";

export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  async run<Result>(act: () => Promise<Result>): Promise<Result> {
    const running = this.#last.then(() => turn()).then(act);
    this.#last = running.catch(() => undefined);
    return await running;
  }
}
