// Who has told something, and how much in the last day, in the rooms that somebody sees: read from the log once, when
// first asked for, then followed.
import { setImmediate as turn } from "node:timers/promises";
import type { Event } from "../event/event.ts";
import type { TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { Latest } from "./latest.ts";
import { seesRoom, type Principal } from "./principal.ts";
import { agentOf } from "./tile-view.ts";

const PAGE = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** An agent's name is told apart by its beginning alone. */
const NAME_LENGTH = 128;

export class Census {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #principal: Principal;
  readonly #latest = new Latest(async () => await this.#catchUp());
  readonly #agents = new Set<string>();
  /** How many tiles each minute of the last day brought. */
  readonly #minutes = new Map<number, number>();
  #place: TailPlace | null = null;

  constructor(store: Store, now: () => number, principal: Principal) {
    this.#store = store;
    this.#now = now;
    this.#principal = principal;
  }

  async current(): Promise<{ readonly agents: number; readonly tilesOfDay: number }> {
    await this.#latest.get();
    const first = Math.floor((this.#now() - DAY_MS) / MINUTE_MS);
    let tilesOfDay = 0;
    for (const [minute, tiles] of this.#minutes) {
      if (minute <= first) this.#minutes.delete(minute);
      else tilesOfDay += tiles;
    }
    return { agents: this.#agents.size, tilesOfDay };
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const { events, place } = await this.#store.tail({ after: this.#place, limit: PAGE });
      for (const { event } of events) this.#count(event);
      this.#place = place;
      if (events.length < PAGE) return;
      await turn();
    }
  }

  #count(event: Event): void {
    if (event.room === null || !seesRoom(this.#principal, event.room)) return;
    this.#agents.add(agentOf(event).slice(0, NAME_LENGTH));
    if (event.at <= this.#now() - DAY_MS) return;
    const minute = Math.floor(event.at / MINUTE_MS);
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + 1);
  }
}
