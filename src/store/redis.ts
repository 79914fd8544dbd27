// The store in Redis, one server or a Redis Cluster, for many processes. Appends are one script a partition; a
// server that has gone is waited for a while, then calls fail with `store_unreachable`.
import { randomUUID } from "node:crypto";
import type { Hash, StreamId } from "../event/event.ts";
import type {
  AppendItem,
  AppendResult,
  Appended,
  Snapshot,
  StoredEvent,
  TailPage,
  TailPlace,
} from "../event/log.ts";
import { AppendQueue } from "./append-queue.ts";
import {
  checkCount,
  checkHash,
  checkItems,
  checkLease,
  checkLimit,
  checkPlace,
  checkSnapshot,
  checkText,
} from "./input.ts";
import { News } from "./news.ts";
import type {
  Damage,
  HeadFilter,
  LeaseRequest,
  Page,
  PageRequest,
  PrunedEvent,
  RoomSummary,
} from "./port.ts";
import type { Store, StoredBlob, StoredHead } from "./port.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { appendBatch } from "./redis-append.ts";
import { RedisBlobs } from "./redis-blobs.ts";
import { bytesOf, RedisClient, type RedisClientOptions } from "./redis-client.ts";
import { createOrCheck, warnIfNotDurable } from "./redis-create.ts";
import { RedisEvents } from "./redis-events.ts";
import { inspectRedis } from "./redis-inspect.ts";
import { RedisLists } from "./redis-lists.ts";
import { prunedInRedis, pruneRedis } from "./redis-prune.ts";
import { findInRedis, searchRedis } from "./redis-search.ts";
import { announce, listen } from "./redis-watch.ts";
import { mergeByTime, shares } from "./tail-pages.ts";
import { UnderWay } from "./under-way.ts";
import { script } from "./redis-script.ts";

export type RedisOptions = RedisClientOptions;

/**
 * Opens the store at a `redis://` or `redis+cluster://` address, and makes it when there is none. Warns once when the
 * server's settings let it lose what it acknowledged. Throws `store_newer` or `store_corrupt` and changes nothing
 * when what is there is not a store this program knows; `store_unreachable` when the server cannot be used;
 * `unsupported` when the package `ioredis` is not installed.
 */
export async function openRedisStore(address: string, options: RedisOptions = {}): Promise<Store> {
  const client = await RedisClient.connect(parseRedisAddress(address), options);
  try {
    const partitions = await createOrCheck(client);
    await warnIfNotDurable(client);
    const store = new RedisStore(client, partitions);
    await store.begin();
    return store;
  } catch (cause) {
    client.close();
    throw cause;
  }
}

class RedisStore implements Store {
  readonly name: string;
  readonly partitions: number;
  readonly #client: RedisClient;
  readonly #queue: AppendQueue;
  readonly #news: News;
  readonly #events: RedisEvents;
  readonly #lists: RedisLists;
  readonly #blobs: RedisBlobs;
  readonly #underWay: UnderWay;
  #closing: Promise<void> | null = null;

  constructor(client: RedisClient, partitions: number) {
    this.name = client.address.name;
    this.partitions = partitions;
    this.#client = client;
    this.#underWay = new UnderWay(this.name);
    this.#events = new RedisEvents(client, partitions);
    this.#lists = new RedisLists(client, this.#events);
    this.#blobs = new RedisBlobs(client);
    const self = randomUUID();
    this.#news = new News({
      listen: (ears) => listen(client, self, ears),
      announce: () => announce(client, self),
      end: () => this.#events.end(),
      between: (act) => this.#queue.between(act),
    });
    this.#queue = new AppendQueue({
      partitions,
      write: async (batch) => {
        const appended = await appendBatch(client, batch);
        if (appended.size > 0) this.#news.appended(appended);
        return [];
      },
    });
  }

  async append(items: readonly AppendItem[]): Promise<readonly AppendResult[]> {
    return await this.#do(async () => {
      checkItems(items);
      return await this.#queue.append(items);
    });
  }

  async read(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly StoredEvent[]> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const afterSeq = checkCount("afterSeq", params.afterSeq ?? 0);
      return await this.#events.read(stream, afterSeq, checkLimit(params.limit, 1000));
    });
  }

  async key(params: { readonly stream: StreamId; readonly key: string }): Promise<number | null> {
    return await this.#do(async () => {
      const key = checkText("key", params.key);
      const stream = checkText("stream", params.stream);
      const seq = await this.#client.call("HGET", this.#events.keysOfStream(stream).keys(stream), key);
      return seq === null ? null : Number(bytesOf(seq).toString());
    });
  }

  async tail(params: { readonly after: TailPlace | null; readonly limit?: number }): Promise<TailPage> {
    return await this.#do(async () => {
      const limit = checkLimit(params.limit, 1000);
      const nowhere = Array.from({ length: this.partitions }, () => 0);
      const after = params.after === null ? nowhere : checkPlace(params.after, this.partitions);
      const end = await this.#events.end();
      const takes = shares(
        end.map((position, index) => Math.max(0, position - (after[index] ?? 0))),
        limit,
      );
      const events = await Promise.all(
        takes.map(async (take, index) =>
          take === 0 ? [] : await this.#events.after(index, after[index] ?? 0, take),
        ),
      );
      const place = after.map((position, index) => {
        const last = events[index]?.at(-1)?.position ?? position;
        // Behind the last of them up to the end all is pruned: it need not be looked at again.
        return (events[index]?.length ?? 0) < (takes[index] ?? 0) ? Math.max(last, end[index] ?? 0) : last;
      });
      return { events: mergeByTime(events), place };
    });
  }

  async end(): Promise<TailPlace> {
    return await this.#do(() => this.#events.end());
  }

  /** Before anyone is given it. */
  async begin(): Promise<void> {
    await this.#news.begin();
  }

  watch(listener: (appended: Appended) => void): () => void {
    this.#underWay.assertOpen();
    return this.#news.add(listener);
  }

  async place(params: { readonly name: string }): Promise<TailPlace | null> {
    return await this.#do(async () => {
      const text = await this.#client.call("HGET", this.#key("places"), checkText("name", params.name));
      return text === null ? null : (JSON.parse(bytesOf(text).toString()) as TailPlace);
    });
  }

  async savePlace(params: { readonly name: string; readonly place: TailPlace }): Promise<void> {
    await this.#do(async () => {
      const name = checkText("name", params.name);
      const place = JSON.stringify(checkPlace(params.place, this.partitions));
      await this.#client.call("HSET", this.#key("places"), name, place);
    });
  }

  async snapshot(params: { readonly stream: StreamId }): Promise<Snapshot | null> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const text = await this.#client.call("HGET", this.#events.keysOfStream(stream).snapshots, stream);
      return text === null ? null : (JSON.parse(bytesOf(text).toString()) as Snapshot);
    });
  }

  async saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void> {
    await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const snapshot = JSON.stringify(checkSnapshot(params.snapshot));
      await this.#client.call("HSET", this.#events.keysOfStream(stream).snapshots, stream, snapshot);
    });
  }

  async head(params: { readonly stream: StreamId }): Promise<StoredHead | null> {
    return await this.#do(() => this.#lists.head(params.stream));
  }

  async heads(params: {
    readonly filter: HeadFilter;
    readonly page?: PageRequest;
  }): Promise<Page<StoredHead>> {
    return await this.#do(() => this.#lists.heads(params.filter, params.page));
  }

  async due(params: { readonly before: number; readonly limit?: number }): Promise<readonly StoredHead[]> {
    return await this.#do(() => this.#lists.due(params.before, params.limit));
  }

  async streams(params: { readonly page?: PageRequest }): Promise<Page<StreamId>> {
    return await this.#do(() => this.#lists.streams(params.page));
  }

  async room(params: { readonly name: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    return await this.#do(() => this.#lists.room(params.name, params.page));
  }

  async rooms(): Promise<readonly RoomSummary[]> {
    return await this.#do(() => this.#lists.rooms());
  }

  async search(params: { readonly text: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    return await this.#do(() => searchRedis(this.#client, this.#events, params.text, params.page));
  }

  async find(params: { readonly hash: Hash }): Promise<StoredEvent | null> {
    return await this.#do(() => findInRedis(this.#client, this.#events, checkHash(params.hash)));
  }

  async prune(params: { readonly stream: StreamId; readonly throughSeq: number }): Promise<number> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const throughSeq = checkCount("throughSeq", params.throughSeq);
      return await pruneRedis(this.#client, this.#events, { stream, throughSeq });
    });
  }

  async pruned(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly PrunedEvent[]> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const afterSeq = checkCount("afterSeq", params.afterSeq ?? 0);
      const limit = checkLimit(params.limit, 1000);
      return await prunedInRedis(this.#client, this.#events, { stream, afterSeq, limit });
    });
  }

  async putBlob(params: { readonly bytes: Uint8Array; readonly now?: number }): Promise<Hash> {
    return await this.#do(() => this.#blobs.put(params.bytes, params.now));
  }

  async blob(params: { readonly hash: Hash }): Promise<Uint8Array | null> {
    return await this.#do(() => this.#blobs.get(params.hash));
  }

  async blobs(params: { readonly page?: PageRequest }): Promise<Page<StoredBlob>> {
    return await this.#do(() => this.#blobs.list(params.page));
  }

  async deleteBlob(params: { readonly hash: Hash; readonly putBefore?: number }): Promise<boolean> {
    return await this.#do(() => this.#blobs.delete(params.hash, params.putBefore));
  }

  async lease(params: LeaseRequest): Promise<boolean> {
    return await this.#do(async () => {
      const { name, owner, now, ttlMs } = checkLease(params);
      return (await this.#client.run(LEASE, [this.#key(`lease:${name}`)], [owner, now, ttlMs])) === 1;
    });
  }

  async inspect(): Promise<readonly Damage[]> {
    return await this.#do(() => inspectRedis(this.#client, this.#events));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#news.stop();
    await this.#underWay.close();
    await this.#news.idle();
    this.#client.close();
  }

  async #do<Result>(act: () => Promise<Result>): Promise<Result> {
    return await this.#underWay.run(act);
  }

  #key(name: string): string {
    return `${this.#client.address.prefix}:${name}`;
  }
}

/** The time is the caller's: Redis's own expiry would go by another clock. */
const LEASE = script(`
local held, ttl = redis.call('HMGET', KEYS[1], 'owner', 'until'), tonumber(ARGV[3])
if held[1] and held[1] ~= ARGV[1] and tonumber(held[2]) > tonumber(ARGV[2]) then return 0 end
if ttl == 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', string.format('%.0f', tonumber(ARGV[2]) + ttl))
end
return 1`);
