// How many tiles each room has, without counting: read from the store once, then followed by what is appended. What this
// process appended is taken as it is, when it is what comes next in the log; what others did in between is read. The
// newest events are kept with their numbers, for those who appended them and want to know where they stand.
import type { StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import type { LogSpan } from "../event/runtime.ts";
import type { RoomSummary, Store } from "../store/port.ts";
import { Latest } from "./latest.ts";

export interface RoomTotals {
  readonly tiles: number;
  /** By name, in no order. */
  readonly rooms: ReadonlyMap<string, RoomSummary>;
}

/** An event in the log. */
export interface Counted {
  readonly stored: StoredEvent;
  /** How many tiles its room has, this one counted; 0 for one without a room. */
  readonly roomTiles: number;
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
  readonly #kept = new Map<string, Counted>();
  #keptBytes = 0;
  #isReading = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether the totals have been read: from then on each event is counted as it comes. */
  get hasBegun(): boolean {
    return this.#place !== null;
  }

  /** With everything that had been appended when this was called. */
  async current(): Promise<RoomTotals> {
    await this.#latest.get();
    return { tiles: this.#tiles, rooms: this.#rooms };
  }

  /** An event that has been appended; null when there is none. */
  async event(stream: StreamId, seq: number): Promise<Counted | null> {
    const name = placeName(stream, seq);
    const taken = this.#kept.get(name);
    if (taken !== undefined) return taken;
    await this.#latest.get();
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const [stored] = await this.#store.read({ stream, afterSeq: seq - 1, limit: 1 });
    return stored?.event.seq === seq ? { stored, roomTiles: this.#tilesWith(stored) } : null;
  }

  /** Takes what this process appended, when it is what comes next; else it is met again when the log is read. */
  take({ events, through }: LogSpan): void {
    const after = through - events.length;
    if (this.#isReading || this.#place?.length !== 1 || this.#place[0] !== after) return;
    for (const [index, { event, hash, bytes }] of events.entries())
      this.#take({ event, hash, bytes, position: after + index + 1 });
    this.#place = [through];
  }

  async #catchUp(): Promise<void> {
    this.#isReading = true;
    try {
      if (!(await this.#readOn())) await this.#load();
    } finally {
      this.#isReading = false;
    }
  }

  /** False when that would take longer than to begin anew. */
  async #readOn(): Promise<boolean> {
    for (let page = 0; page < PAGES_MAX && this.#place !== null; page++) {
      const { events, place } = await this.#store.tail({ after: this.#place, limit: PAGE });
      for (const stored of events) this.#take(stored);
      this.#place = place;
      if (events.length < PAGE) return true;
    }
    return false;
  }

  #take(stored: StoredEvent): void {
    const { room, at } = stored.event;
    if (room !== null) this.#count(room, at);
    this.#keep({ stored, roomTiles: this.#tilesWith(stored) });
  }

  #tilesWith({ event: { room } }: StoredEvent): number {
    return room === null ? 0 : (this.#rooms.get(room)?.tiles ?? 0);
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

  #keep(counted: Counted): void {
    const { event, bytes } = counted.stored;
    this.#kept.set(placeName(event.stream, event.seq), counted);
    this.#keptBytes += bytes.length;
    if (this.#keptBytes <= KEPT_BYTES_MAX) return;
    for (const [name, { stored: oldest }] of this.#kept) {
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
