// The store in PostgreSQL, for many processes. Appends go through `append_runs` in batches; everything else is one
// statement each. A server that has gone is waited for a while; then calls fail with `store_unreachable`.
import { createHash, hash as digest, randomUUID } from "node:crypto";
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
  checkBlob,
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
import { partitionOf } from "./partition.ts";
import type { Damage, HeadFilter, LeaseRequest, Page, PageRequest, RoomSummary } from "./port.ts";
import type { Store, StoredHead } from "./port.ts";
import { parsePostgresAddress } from "./postgres-address.ts";
import { appendBatch } from "./postgres-append.ts";
import { int4Array, int8Array } from "./postgres-array.ts";
import { PostgresClient, query, type PostgresClientOptions } from "./postgres-client.ts";
import { createOrCheck } from "./postgres-create.ts";
import { warnIfNotDurable } from "./postgres-durability.ts";
import { inspectPostgres } from "./postgres-inspect.ts";
import { PostgresLists } from "./postgres-lists.ts";
import { findInPostgres, searchPostgres } from "./postgres-search.ts";
import { announce, listen } from "./postgres-watch.ts";
import { hashBytes, storedEvent, type EventRow } from "./stored-event.ts";
import { mergeByTime, shares } from "./tail-pages.ts";
import { UnderWay } from "./under-way.ts";

export type PostgresOptions = PostgresClientOptions;

/** A blob is read in slices: the driver takes bytes as text of twice their length, and text has its limits. */
const BLOB_SLICE_BYTES = 8 * 1024 * 1024;

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
    return new PostgresStore(client, partitions, lockSpace);
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
  readonly #underWay: UnderWay;
  #closing: Promise<void> | null = null;

  constructor(client: PostgresClient, partitions: number, lockSpace: number) {
    this.name = client.address.name;
    this.partitions = partitions;
    this.#client = client;
    this.#underWay = new UnderWay(this.name);
    this.#lists = new PostgresLists(client, partitions);
    const self = randomUUID();
    this.#news = new News({
      listen: (ears) => listen(client, self, ears),
      announce: () => announce(client, self),
      end: () => this.#end(),
    });
    this.#queue = new AppendQueue({
      partitions,
      write: async (batch) => {
        const { again, hasAppended } = await appendBatch(client, lockSpace, batch);
        if (hasAppended) this.#news.appended();
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
      const place = after.map((position, index) => events[index]?.at(-1)?.position ?? position);
      return { events: mergeByTime(events), place };
    });
  }

  async end(): Promise<TailPlace> {
    return await this.#do(() => this.#end());
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
      const row = await this.#client.get(SNAPSHOT, partition, Buffer.from(stream));
      return row === undefined ? null : (JSON.parse(row[0].toString()) as Snapshot);
    });
  }

  async saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void> {
    await this.#do(async () => {
      const stream = checkText("stream", params.stream);
      const snapshot = Buffer.from(JSON.stringify(checkSnapshot(params.snapshot)));
      const partition = partitionOf(stream, this.partitions);
      await this.#client.all(SAVE_SNAPSHOT, partition, Buffer.from(stream), snapshot);
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

  async putBlob(params: { readonly bytes: Uint8Array }): Promise<Hash> {
    return await this.#do(async () => {
      const bytes = Buffer.from(checkBlob(params.bytes));
      const hash = digest("sha256", bytes, "hex");
      await this.#client.all(PUT_BLOB, hashBytes(hash), bytes);
      return hash;
    });
  }

  async blob(params: { readonly hash: Hash }): Promise<Uint8Array | null> {
    return await this.#do(async () => {
      const hash = hashBytes(checkHash(params.hash));
      const slices: Buffer[] = [];
      for (;;) {
        const from = slices.length * BLOB_SLICE_BYTES + 1;
        const row = await this.#client.get(BLOB_SLICE, hash, from, BLOB_SLICE_BYTES);
        if (row === undefined) return null;
        slices.push(row[0]);
        if (row[0].length < BLOB_SLICE_BYTES) return new Uint8Array(Buffer.concat(slices));
      }
    });
  }

  async deleteBlob(params: { readonly hash: Hash }): Promise<void> {
    await this.#do(() => this.#client.all(DELETE_BLOB, hashBytes(checkHash(params.hash))));
  }

  async lease(params: LeaseRequest): Promise<boolean> {
    return await this.#do(async () => {
      const { name, owner, now, ttlMs } = checkLease(params);
      const [key, holder] = [Buffer.from(name), Buffer.from(owner)];
      if (ttlMs > 0) {
        return (await this.#client.get(TAKE_LEASE, key, holder, now + ttlMs, now)) !== undefined;
      }
      const held = await this.#client.get(DROP_LEASE, key, holder, now);
      return held?.[0] === false;
    });
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
   ORDER BY seq LIMIT $4`,
);
const KEY = query<readonly [number]>(
  "SELECT seq FROM keys WHERE partition = $1 AND stream = $2 AND key = $3",
);
const TAIL = query<readonly [partition: number, ...EventRow]>(
  `SELECT e.partition, e.position, e.hash, e.bytes
   FROM unnest($1::int4[], $2::int8[], $3::int8[]) AS u (partition, after, take) CROSS JOIN LATERAL (
     SELECT partition, position, hash, bytes FROM events
     WHERE partition = u.partition AND position > u.after ORDER BY position LIMIT u.take
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
const SNAPSHOT = query<readonly [Buffer]>(
  "SELECT snapshot FROM snapshots WHERE partition = $1 AND stream = $2",
);
const SAVE_SNAPSHOT = query(
  `INSERT INTO snapshots (partition, stream, snapshot) VALUES ($1, $2, $3)
   ON CONFLICT (partition, stream) DO UPDATE SET snapshot = excluded.snapshot`,
);
const PUT_BLOB = query("INSERT INTO blobs (hash, bytes) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING");
const BLOB_SLICE = query<readonly [Buffer]>(
  "SELECT substring(bytes FROM $2::int4 FOR $3::int4) FROM blobs WHERE hash = $1",
);
const DELETE_BLOB = query("DELETE FROM blobs WHERE hash = $1");
const TAKE_LEASE = query<readonly [boolean]>(
  `INSERT INTO leases AS l (name, owner, until) VALUES ($1, $2, $3) ON CONFLICT (name)
   DO UPDATE SET owner = excluded.owner, until = excluded.until
   WHERE l.owner = excluded.owner OR l.until <= $4 RETURNING true`,
);
/** Whether another owner holds it still. */
const DROP_LEASE = query<readonly [boolean]>(
  `WITH dropped AS (DELETE FROM leases WHERE name = $1 AND (owner = $2 OR until <= $3))
   SELECT EXISTS (SELECT FROM leases WHERE name = $1 AND owner <> $2 AND until > $3)`,
);
