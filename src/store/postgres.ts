// The store in PostgreSQL, for many processes. Appends go through `append_runs` in batches; everything else is one
// statement each. A server that has gone is waited for a while; then calls fail with `store_unreachable`.
import { createHash, randomUUID } from "node:crypto";
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
  checkLimit,
  checkPlace,
  checkSnapshot,
  checkText,
} from "./input.ts";
import { News } from "./news.ts";
import { partitionOf } from "./partition.ts";
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
import { parsePostgresAddress } from "./postgres-address.ts";
import { appendBatch } from "./postgres-append.ts";
import { int4Array, int8Array } from "./postgres-array.ts";
import { PostgresBlobs } from "./postgres-blobs.ts";
import { PostgresClient, query, type PostgresClientOptions } from "./postgres-client.ts";
import { createOrCheck } from "./postgres-create.ts";
import { warnIfNotDurable } from "./postgres-durable.ts";
import { inspectPostgres } from "./postgres-inspect.ts";
import { leaseIn } from "./postgres-lease.ts";
import { PostgresLists } from "./postgres-lists.ts";
import { prune, prunedOf } from "./postgres-prune.ts";
import { findInPostgres, searchPostgres } from "./postgres-search.ts";
import { saveSnapshot, snapshotOf } from "./postgres-snapshot.ts";
import { announce, listen } from "./postgres-watch.ts";
import { storedEvent, type EventRow } from "./stored-event.ts";
import { mergeByTime, shares } from "./tail-pages.ts";
import { UnderWay } from "./under-way.ts";

export type PostgresOptions = PostgresClientOptions;

/**
 * Opens the store at a `postgres://` address, and makes it when there is none. Throws `store_newer` or
 * `store_corrupt` and changes nothing when what is there is not a store this program knows; `store_unreachable` when
 * the server cannot be used; `unsupported` when the package `pg` is not installed.
 */
export async function openPostgresStore(address: string, options: PostgresOptions = {}): Promise<Store> {
  const parsed = parsePostgresAddress(address);
  const client = await PostgresClient.load(parsed, options);
  try {
    const lockSpace = createHash("sha256").update(`holodeck:${parsed.schema}`).digest().readInt32BE();
    const partitions = await createOrCheck(client, lockSpace);
    await warnIfNotDurable(client);
    const store = new PostgresStore(client, partitions, lockSpace);
    await store.begin();
    return store;
  } catch (cause) {
    await client.close();
    throw cause;
  }
}

class PostgresStore implements Store {
  readonly name: string;
  readonly partitions: number;
  readonly #client: PostgresClient;
  readonly #queue: AppendQueue;
  readonly #news: News;
  readonly #lists: PostgresLists;
  readonly #blobs: PostgresBlobs;
  readonly #lockSpace: number;
  readonly #underWay: UnderWay;
  #closing: Promise<void> | null = null;

  constructor(client: PostgresClient, partitions: number, lockSpace: number) {
    this.name = client.address.name;
    this.partitions = partitions;
    this.#client = client;
    this.#underWay = new UnderWay(this.name);
    this.#lists = new PostgresLists(client, partitions);
    this.#blobs = new PostgresBlobs(client);
    this.#lockSpace = lockSpace;
    const self = randomUUID();
    this.#news = new News({
      listen: (ears) => listen(client, self, ears),
      announce: () => announce(client, self),
      end: () => this.#end(),
      between: (act) => this.#queue.between(act),
    });
    this.#queue = new AppendQueue({
      partitions,
      write: async (batch) => {
        const { again, appended } = await appendBatch(client, lockSpace, batch);
        if (appended.size > 0) this.#news.appended(appended);
        return again;
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
      const limit = checkLimit(params.limit, 1000);
      const partition = partitionOf(stream, this.partitions);
      return (await this.#client.all(READ, partition, Buffer.from(stream), afterSeq, limit)).map(storedEvent);
    });
  }

  async key(params: { readonly stream: StreamId; readonly key: string }): Promise<number | null> {
    return await this.#do(async () => {
      const key = Buffer.from(checkText("key", params.key));
      const stream = checkText("stream", params.stream);
      const row = await this.#client.get(KEY, partitionOf(stream, this.partitions), Buffer.from(stream), key);
      return row?.[0] ?? null;
    });
  }

  async tail(params: { readonly after: TailPlace | null; readonly limit?: number }): Promise<TailPage> {
    return await this.#do(async () => {
      const limit = checkLimit(params.limit, 1000);
      const nowhere = Array.from({ length: this.partitions }, () => 0);
      const after = params.after === null ? nowhere : checkPlace(params.after, this.partitions);
      const end = await this.#end();
      const takes = shares(
        end.map((position, index) => Math.max(0, position - (after[index] ?? 0))),
        limit,
      );
      if (takes.every((take) => take === 0)) return { events: [], place: after };
      const events = after.map((): StoredEvent[] => []);
      const partitions = takes.flatMap((take, index) => (take > 0 ? [index] : []));
      const rows = await this.#client.all(
        TAIL,
        int4Array(partitions),
        int8Array(partitions.map((index) => after[index] ?? 0)),
        int8Array(partitions.map((index) => takes[index] ?? 0)),
      );
      for (const [partition, ...row] of rows) events[partition]?.push(storedEvent(row));
      const place = after.map((position, index) => {
        const last = events[index]?.at(-1)?.position ?? position;
        // Behind the last of them up to the end all is pruned: it need not be looked at again.
        return (events[index]?.length ?? 0) < (takes[index] ?? 0) ? Math.max(last, end[index] ?? 0) : last;
      });
      return { events: mergeByTime(events), place };
    });
  }

  async end(): Promise<TailPlace> {
    return await this.#do(() => this.#end());
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
      const row = await this.#client.get(PLACE, Buffer.from(checkText("name", params.name)));
      return row === undefined ? null : (JSON.parse(row[0]) as TailPlace);
    });
  }

  async savePlace(params: { readonly name: string; readonly place: TailPlace }): Promise<void> {
    await this.#do(async () => {
      const name = Buffer.from(checkText("name", params.name));
      const place = JSON.stringify(checkPlace(params.place, this.partitions));
      await this.#client.all(SAVE_PLACE, name, place);
    });
  }

  async snapshot(params: { readonly stream: StreamId }): Promise<Snapshot | null> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const partition = partitionOf(stream, this.partitions);
      return await snapshotOf(this.#client, { stream, partition });
    });
  }

  async saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void> {
    await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const snapshot = checkSnapshot(params.snapshot);
      const partition = partitionOf(stream, this.partitions);
      await saveSnapshot(this.#client, { stream, partition }, snapshot);
    });
  }

  async head(params: { readonly stream: StreamId }): Promise<StoredHead | null> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      return await this.#lists.head(stream, partitionOf(stream, this.partitions));
    });
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
    return await this.#do(() => searchPostgres(this.#client, params.text, params.page));
  }

  async find(params: { readonly hash: Hash }): Promise<StoredEvent | null> {
    return await this.#do(() => findInPostgres(this.#client, checkHash(params.hash)));
  }

  async prune(params: { readonly stream: StreamId; readonly throughSeq: number }): Promise<number> {
    return await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const throughSeq = checkCount("throughSeq", params.throughSeq);
      const partition = partitionOf(stream, this.partitions);
      return await prune(this.#client, this.#lockSpace, { stream, partition, throughSeq });
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
      const partition = partitionOf(stream, this.partitions);
      return await prunedOf(this.#client, { stream, partition }, afterSeq, limit);
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
    return await this.#do(() => leaseIn(this.#client, params));
  }

  async inspect(): Promise<readonly Damage[]> {
    return await this.#do(() => inspectPostgres(this.#client, this.partitions));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#news.stop();
    await this.#underWay.close();
    await this.#news.idle();
    await this.#client.close();
  }

  async #do<Result>(act: () => Promise<Result>): Promise<Result> {
    return await this.#underWay.run(act);
  }

  async #end(): Promise<TailPlace> {
    return (await this.#client.all(END, this.partitions)).map(([position]) => position);
  }
}

const READ = query<EventRow>(
  `SELECT position, hash, bytes FROM events WHERE partition = $1 AND stream = $2 AND seq > $3
     AND octet_length(bytes) > 0 ORDER BY seq LIMIT $4`,
);
const KEY = query<readonly [number]>(
  "SELECT seq FROM keys WHERE partition = $1 AND stream = $2 AND key = $3",
);
const TAIL = query<readonly [partition: number, ...EventRow]>(
  `SELECT e.partition, e.position, e.hash, e.bytes
   FROM unnest($1::int4[], $2::int8[], $3::int8[]) AS u (partition, after, take) CROSS JOIN LATERAL (
     SELECT partition, position, hash, bytes FROM events
     WHERE partition = u.partition AND position > u.after AND octet_length(bytes) > 0
     ORDER BY position LIMIT u.take
   ) AS e`,
);
const END = query<readonly [number]>(
  `SELECT coalesce((SELECT position FROM events WHERE partition = p ORDER BY position DESC LIMIT 1), 0)
   FROM generate_series(0, $1 - 1) AS p ORDER BY p`,
);
const PLACE = query<readonly [string]>("SELECT place FROM places WHERE name = $1");
const SAVE_PLACE = query(
  "INSERT INTO places (name, place) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET place = excluded.place",
);
