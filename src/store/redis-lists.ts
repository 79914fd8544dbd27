// What is read in lists from Redis: heads, deadlines, stream names, rooms. Each list is walked from where the page
// before ended, over all partitions at once.
import type { StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { checkFilter, checkLimit, checkText, checkTime } from "./input.ts";
import { cutPage, encodeCursor, pageCursor, pageLimit } from "./page.ts";
import type { HeadFilter, Page, PageRequest, RoomSummary, StoredHead } from "./port.ts";
import { bytesOf, listOf, type RedisClient } from "./redis-client.ts";
import type { RedisEvents } from "./redis-events.ts";
import { ended, fromSortable, past, sortable, storedHead } from "./redis-layout.ts";
import { beyond, through, walk, type Member } from "./redis-walk.ts";
import { eventCursor, eventPage } from "./stored-event.ts";

/** How many heads one page looks at to find those with the labels asked for. */
const SCAN_MAX = 2000;

const TIME_BYTES = 8;
const HASH_BYTES = 32;
const START = Buffer.from("-");
const END = Buffer.from("+");

/** A stream's place in a list, as its member says. */
interface Listed {
  readonly partition: number;
  readonly stream: StreamId;
  readonly time: number;
}

export class RedisLists {
  readonly #client: RedisClient;
  readonly #events: RedisEvents;

  constructor(client: RedisClient, events: RedisEvents) {
    this.#client = client;
    this.#events = events;
  }

  async head(stream: StreamId): Promise<StoredHead | null> {
    const { heads } = this.#events.keysOfStream(checkText("stream", stream));
    const bytes = await this.#client.call("HGET", heads, stream);
    return bytes === null ? null : storedHead(stream, bytesOf(bytes));
  }

  async heads(filter: HeadFilter, page: PageRequest | undefined): Promise<Page<StoredHead>> {
    const { labels = [] } = checkFilter(filter);
    const limit = pageLimit(page);
    const cursor = pageCursor(page, [0, ""] as [number, string]);
    // Without labels every head looked at is one of the page.
    const slice = labels.length === 0 ? limit : 250;
    const items: StoredHead[] = [];
    let last: Listed | null = null;
    let scanned = 0;
    for await (const listed of slices(this.#walkHeads(filter, cursor, slice), slice)) {
      const heads = await this.#headsAt(listed);
      for (const [index, one] of listed.entries()) {
        if (last !== null && (items.length === limit || scanned === Math.max(limit, SCAN_MAX))) {
          return { items, next: encodeCursor([last.time, last.stream]) };
        }
        last = one;
        scanned++;
        const head = heads[index];
        // It may have changed since it was found in the list.
        if (head && isStill(head, filter) && labels.every((label) => head.labels.includes(label)))
          items.push(head);
      }
    }
    return { items, next: null };
  }

  async due(before: number, limitAsked: number | undefined): Promise<readonly StoredHead[]> {
    const to = beyond(sortable(checkTime("before", before) + 1));
    const limit = checkLimit(limitAsked, 100);
    const members = walk(this.#client, {
      partitions: this.#events.partitions,
      keyOf: (partition) => this.#events.keysOf(partition).due,
      from: START,
      to,
      direction: "up",
      wanted: limit,
    });
    const heads = await this.#headsAt(await taken(listedIn(members, 0), limit));
    return heads.filter(
      (head) => head !== null && head.dueAt !== null && head.dueAt <= before,
    ) as StoredHead[];
  }

  async streams(page: PageRequest | undefined): Promise<Page<StreamId>> {
    const limit = pageLimit(page);
    const cursor = pageCursor(page, [""] as [string]);
    const members = walk(this.#client, {
      partitions: this.#events.partitions,
      keyOf: (partition) => this.#events.keysOf(partition).names,
      from: cursor === null ? START : beyond(Buffer.from(cursor[0])),
      to: END,
      direction: "up",
      wanted: limit + 1,
    });
    const names = (await taken(members, limit + 1)).map(({ bytes }) => bytes.toString() as StreamId);
    return cutPage(names, limit, (stream) => [stream]);
  }

  async room(name: string, page: PageRequest | undefined): Promise<Page<StoredEvent>> {
    checkText("room", name);
    const limit = pageLimit(page);
    const [at, hash] = eventCursor(page);
    const members = walk(this.#client, {
      partitions: this.#events.partitions,
      keyOf: (partition) => this.#events.keysOf(partition).room(name),
      from: beyond(Buffer.concat([sortable(at), hash])),
      to: START,
      direction: "down",
      wanted: limit + 1,
    });
    const places = (await taken(members, limit + 1)).map(({ partition, bytes }) => {
      return { partition, position: Number(bytes.readBigUInt64BE(TIME_BYTES + HASH_BYTES)) };
    });
    return eventPage(newestFirst(await this.#events.at(places)), limit);
  }

  async rooms(): Promise<readonly RoomSummary[]> {
    const rooms = new Map<string, RoomSummary>();
    for (let partition = 0; partition < this.#events.partitions; partition++) {
      const fields = listOf(await this.#client.call("HGETALL", this.#events.keysOf(partition).rooms));
      for (let index = 0; index < fields.length; index += 2) {
        const room = bytesOf(fields[index]).toString();
        rooms.set(room, joined(rooms.get(room), room, bytesOf(fields[index + 1]).toString()));
      }
    }
    return [...rooms.values()].sort((a, b) => Buffer.compare(Buffer.from(a.room), Buffer.from(b.room)));
  }

  #walkHeads(
    { kind, status, createdFrom, createdBefore }: HeadFilter,
    cursor: readonly [number, string] | null,
    wanted: number,
  ): AsyncGenerator<Listed> {
    const begin = status === undefined ? ended(kind) : ended(kind, status);
    const bounds = [past(begin)];
    if (createdBefore !== undefined) bounds.push(Buffer.concat([begin, sortable(createdBefore)]));
    if (cursor !== null) bounds.push(Buffer.concat([begin, sortable(cursor[0]), Buffer.from(cursor[1])]));
    const [lowest = begin] = bounds.sort((a, b) => Buffer.compare(a, b));
    const members = walk(this.#client, {
      partitions: this.#events.partitions,
      keyOf: (partition) => this.#events.keysOf(partition)[status === undefined ? "kinds" : "statuses"],
      from: beyond(lowest),
      to: through(createdFrom === undefined ? begin : Buffer.concat([begin, sortable(createdFrom)])),
      direction: "down",
      wanted: wanted + 1,
    });
    return listedIn(members, begin.length);
  }

  /** The heads of streams, in their order; null for one that is not there. */
  async #headsAt(listed: readonly Listed[]): Promise<readonly (StoredHead | null)[]> {
    const heads = new Map<StreamId, StoredHead>();
    const parts = [...Map.groupBy(listed, ({ partition }) => partition)].map(async ([partition, some]) => {
      const streams = some.map(({ stream }) => stream);
      const replies = listOf(
        await this.#client.call("HMGET", this.#events.keysOf(partition).heads, ...streams),
      );
      for (const [index, stream] of streams.entries()) {
        const reply = replies[index] ?? null;
        if (reply !== null) heads.set(stream, storedHead(stream, bytesOf(reply)));
      }
    });
    await Promise.all(parts);
    return listed.map(({ stream }) => heads.get(stream) ?? null);
  }
}

/** Newest first by `(at, hash)`. */
export function newestFirst(events: readonly StoredEvent[]): readonly StoredEvent[] {
  return events.toSorted((a, b) => b.event.at - a.event.at || (a.hash < b.hash ? 1 : -1));
}

/** Members that are a time and a stream, after `begin` bytes of something else. */
async function* listedIn(members: AsyncIterable<Member>, begin: number): AsyncGenerator<Listed> {
  for await (const { partition, bytes } of members) {
    const stream = bytes.toString("utf8", begin + TIME_BYTES) as StreamId;
    yield { partition, stream, time: fromSortable(bytes, begin) };
  }
}

async function taken<Item>(items: AsyncIterable<Item>, limit: number): Promise<readonly Item[]> {
  const some: Item[] = [];
  for await (const item of items) {
    some.push(item);
    if (some.length === limit) break;
  }
  return some;
}

/** One more than `size` at first, so that the page knows whether there is more. */
async function* slices<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<readonly Item[]> {
  let slice: Item[] = [];
  for await (const item of items) {
    slice.push(item);
    if (slice.length <= size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function isStill(head: StoredHead, { kind, status }: HeadFilter): boolean {
  return head.kind === kind && (status === undefined || head.status === status);
}

/** `tiles:first:latest` added to what other partitions have. */
function joined(before: RoomSummary | undefined, room: string, text: string): RoomSummary {
  const [tiles = 0, createdAt = 0, latestAt = 0] = text.split(":").map(Number);
  if (before === undefined) return { room, tiles, createdAt, latestAt };
  return {
    room,
    tiles: before.tiles + tiles,
    createdAt: Math.min(before.createdAt, createdAt),
    latestAt: Math.max(before.latestAt, latestAt),
  };
}
