// How many tiles each room has, without counting: read from the store once, then followed by what is appended.
import type { TailPlace } from "../event/log.ts";
import type { RoomSummary, Store } from "../store/port.ts";
import { Latest } from "./latest.ts";

export interface RoomTotals {
  readonly tiles: number;
  /** By name, in no order. */
  readonly rooms: ReadonlyMap<string, RoomSummary>;
}

const PAGE = 1_000;

/** Further behind than so many pages, reading the totals anew is quicker. */
const PAGES_MAX = 20;

/** Reading rooms and place is tried so often, until nobody has written in between. */
const TRIES = 20;

export class RoomCounts {
  readonly #store: Store;
  readonly #latest = new Latest(async () => await this.#catchUp());
  #place: TailPlace | null = null;
  #tiles = 0;
  #rooms = new Map<string, RoomSummary>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** With everything that had been appended when this was called. */
  async current(): Promise<RoomTotals> {
    await this.#latest.get();
    return { tiles: this.#tiles, rooms: this.#rooms };
  }

  async #catchUp(): Promise<void> {
    for (let page = 0; page < PAGES_MAX && this.#place !== null; page++) {
      const { events, place } = await this.#store.tail({ after: this.#place, limit: PAGE });
      for (const { event } of events) if (event.room !== null) this.#count(event.room, event.at);
      this.#place = place;
      if (events.length < PAGE) return;
    }
    await this.#load();
  }

  #count(room: string, at: number): void {
    const known = this.#rooms.get(room) ?? { room, tiles: 0, createdAt: at, latestAt: at };
    const { tiles, createdAt, latestAt } = known;
    this.#rooms.set(room, {
      room,
      tiles: tiles + 1,
      createdAt: Math.min(createdAt, at),
      latestAt: Math.max(latestAt, at),
    });
    this.#tiles++;
  }

  async #load(): Promise<void> {
    let summaries: readonly RoomSummary[] = [];
    let before = await this.#store.end();
    for (let tries = 0; tries < TRIES; tries++) {
      summaries = await this.#store.rooms();
      const after = await this.#store.end();
      if (after.every((position, index) => position === before[index])) break;
      before = after;
    }
    this.#place = before;
    this.#rooms = new Map(summaries.map((summary) => [summary.room, summary]));
    this.#tiles = summaries.reduce((sum, { tiles }) => sum + tiles, 0);
  }
}
