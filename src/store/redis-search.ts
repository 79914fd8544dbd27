// Search in Redis, filled behind the log. A word's postings are one string a partition, appended to in the log's
// order, 18 bytes an event: position (6), at (8), the beginning of the hash (4). The at and the hash order the hits,
// so that only a page's events are read; a set of positions would need every hit's event. Any process may fill: who
// comes second finds the place moved and adds nothing.
import type { Hash } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { hashWord, wordsOfEvent } from "../event/words.ts";
import { checkSearch } from "./input.ts";
import { pageLimit } from "./page.ts";
import type { Page, PageRequest } from "./port.ts";
import { bytesOf, listOf, numberOf, type RedisClient } from "./redis-client.ts";
import type { EventPlace, RedisEvents } from "./redis-events.ts";
import { readableEvent, sortable } from "./redis-layout.ts";
import { newestFirst } from "./redis-lists.ts";
import { eventCursor, eventPage, hashBytes } from "./stored-event.ts";
import { script } from "./redis-script.ts";

/** How many events one script makes findable. */
const FILL_MAX = 256;

export const POSITION_BYTES = 6;
const POSTING_BYTES = 18;

/** KEYS: the place and the words'. ARGV: the place before and after, and the words' postings. */
const FILL = script(`
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
for index = 2, #KEYS do redis.call('APPEND', KEYS[index], ARGV[index + 1]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1`);

interface Hit extends EventPlace {
  /** At and the beginning of the hash: nearly the order of hits. */
  readonly order: Buffer;
}

export async function searchRedis(
  client: RedisClient,
  events: RedisEvents,
  text: string,
  page: PageRequest | undefined,
): Promise<Page<StoredEvent>> {
  const words = checkSearch(text);
  const limit = pageLimit(page);
  const [at, hash] = eventCursor(page);
  if (words.length === 0) return { items: [], next: null };
  const hits = await findAll(client, events, words);
  const cursor = orderOf(at, hash);
  const places = nearest(hits, cursor, limit + 1);
  const found = newestFirst(await events.at(places)).filter(
    (one) => one.event.at < at || (one.event.at === at && Buffer.compare(hashBytes(one.hash), hash) < 0),
  );
  return eventPage(found.slice(0, limit + 1), limit);
}

/** By a word of its own beside the event's, which an append need not wait for. */
export async function findInRedis(
  client: RedisClient,
  events: RedisEvents,
  hash: Hash,
): Promise<StoredEvent | null> {
  const places = await findAll(client, events, [hashWord(hash)]);
  return (await events.at(places)).find((one) => one.hash === hash) ?? null;
}

/** Caught up first. */
async function findAll(
  client: RedisClient,
  events: RedisEvents,
  words: readonly string[],
): Promise<readonly Hit[]> {
  const partitions = Array.from({ length: events.partitions }, (_, partition) => partition);
  await Promise.all(partitions.map((partition) => catchUp(client, events, partition)));
  const hits = await Promise.all(partitions.map((partition) => find(client, events, partition, words)));
  return hits.flat();
}

/** Up to where the partition's log ends now; what is appended meanwhile need not be found. */
export async function catchUp(client: RedisClient, events: RedisEvents, partition: number): Promise<void> {
  const keys = events.keysOf(partition);
  const [end, found] = listOf(await client.call("MGET", keys.end, keys.found)).map(numberOf);
  let place = found ?? 0;
  while (place < (end ?? 0)) {
    const batch = await events.entriesAfter(partition, place, FILL_MAX);
    const last = batch.at(-1);
    if (last === undefined) return;
    // A damaged event is found by no word; `verify` reports it, and the search of all others goes on.
    const readable = batch.map(({ position, bytes }) => readableEvent(position, bytes));
    const postings = postingsOf(readable.filter((one) => one !== null));
    await client.run(
      FILL,
      [keys.found, ...[...postings.keys()].map((word) => keys.word(word))],
      [place, last.position, ...[...postings.values()].map((list) => Buffer.concat(list))],
    );
    place = numberOf(await client.call("GET", keys.found));
  }
}

function postingsOf(batch: readonly StoredEvent[]): ReadonlyMap<string, Buffer[]> {
  const postings = new Map<string, Buffer[]>();
  for (const { event, hash, position } of batch) {
    const posting = Buffer.alloc(POSTING_BYTES);
    posting.writeUIntBE(position, 0, POSITION_BYTES);
    posting.set(orderOf(event.at, hashBytes(hash)), POSITION_BYTES);
    for (const word of [hashWord(hash), ...wordsOfEvent(event)]) {
      const list = postings.get(word);
      if (list === undefined) postings.set(word, [posting]);
      else list.push(posting);
    }
  }
  return postings;
}

/** Where a partition's events lie that hold every word. */
async function find(
  client: RedisClient,
  events: RedisEvents,
  partition: number,
  words: readonly string[],
): Promise<readonly Hit[]> {
  const keys = events.keysOf(partition);
  const replies = listOf(await client.call("MGET", ...words.map((word) => keys.word(word))));
  const lists = replies.map((reply) => (reply === null ? Buffer.alloc(0) : bytesOf(reply)));
  const [rarest = Buffer.alloc(0), ...others] = lists.sort((a, b) => a.length - b.length);
  const hits: Hit[] = [];
  const offsets = others.map(() => 0);
  for (let offset = 0; offset < rarest.length; offset += POSTING_BYTES) {
    const position = rarest.readUIntBE(offset, POSITION_BYTES);
    const isInAll = others.every((list, index) => {
      offsets[index] = seek(list, offsets[index] ?? 0, position);
      const at = offsets[index] ?? 0;
      return at < list.length && list.readUIntBE(at, POSITION_BYTES) === position;
    });
    const order = rarest.subarray(offset + POSITION_BYTES, offset + POSTING_BYTES);
    if (isInAll) hits.push({ partition, position, order });
  }
  return hits;
}

/** Where the first posting at or after a position begins. */
function seek(list: Buffer, from: number, position: number): number {
  let offset = from;
  while (offset < list.length && list.readUIntBE(offset, POSITION_BYTES) < position) offset += POSTING_BYTES;
  return offset;
}

/** The newest hits at or before the cursor: `count` beyond those that may equal it, and all that equal the last. */
function nearest(hits: readonly Hit[], cursor: Buffer, count: number): readonly Hit[] {
  const below = hits.filter(({ order }) => Buffer.compare(order, cursor) <= 0);
  below.sort((a, b) => Buffer.compare(b.order, a.order));
  const equal = below.findIndex(({ order }) => Buffer.compare(order, cursor) < 0);
  const last = below[(equal < 0 ? below.length : equal) + count - 1];
  if (last === undefined) return below;
  const cut = below.findIndex(({ order }) => Buffer.compare(order, last.order) < 0);
  return cut < 0 ? below : below.slice(0, cut);
}

function orderOf(at: number, hash: Uint8Array): Buffer {
  return Buffer.concat([sortable(at), hash.subarray(0, 4)]);
}
