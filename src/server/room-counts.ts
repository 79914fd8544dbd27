// How many tiles each room has, without counting: read from the store once, then followed by what is appended. What was
// appended last is kept for those who appended it and want to know where it stands: they ask together, and one reading
// of the log answers them all.
import type { StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import type { RoomSummary, Store } from "../store/port.ts";
import { Latest } from "./latest.ts";

export interface RoomTotals {
  readonly tiles: number;
  /** By name, in no order. */
  readonly rooms: ReadonlyMap<string, RoomSummary>;
}

const PAGE = 1_000;

/** The newest events are kept up to so many bytes. */
const KEPT_BYTES_MAX = 1024 * 1024;

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
  readonly #kept = new Map<string, StoredEvent>();
  #keptBytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** With everything that had been appended when this was called. */
  async current(): Promise<RoomTotals> {
    await this.#latest.get();
    return this.known;
  }

  /** As far as has been read: with every event that `event` has answered. */
  get known(): RoomTotals {
    return { tiles: this.#tiles, rooms: this.#rooms };
  }

  /** An event that has been appended; null when there is none. */
  async event(stream: StreamId, seq: number): Promise<StoredEvent | null> {
    await this.#latest.get();
    const kept = this.#kept.get(placeName(stream, seq));
    if (kept !== undefined) return kept;
    const [stored] = await this.#store.read({ stream, afterSeq: seq - 1, limit: 1 });
    return stored?.event.seq === seq ? stored : null;
  }

  async #catchUp(): Promise<void> {
    for (let page = 0; page < PAGES_MAX && this.#place !== null; page++) {
      const { events, place } = await this.#store.tail({ after: this.#place, limit: PAGE });
      for (const stored of events) {
        const { room, at } = stored.event;
        if (room !== null) this.#count(room, at);
        this.#keep(stored);
      }
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

  #keep(stored: StoredEvent): void {
    this.#kept.set(placeName(stored.event.stream, stored.event.seq), stored);
    this.#keptBytes += stored.bytes.length;
    if (this.#keptBytes <= KEPT_BYTES_MAX) return;
    for (const [name, oldest] of this.#kept) {
      this.#kept.delete(name);
      this.#keptBytes -= oldest.bytes.length;
      if (this.#keptBytes <= KEPT_BYTES_MAX / 2) return;
    }
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

function placeName(stream: StreamId, seq: number): string {
  return `${stream}@${seq}`;
}
