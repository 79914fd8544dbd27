// The store in one SQLite file: the default. One connection, used synchronously: reads see every commit, writes
// go through one queue (`sqlite-writer.ts`). Several processes may have the file open at once.
import type { DatabaseSync } from "node:sqlite";
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
import {
  checkCount,
  checkHash,
  checkItems,
  checkLease,
  checkLimit,
  checkPlace,
  checkSnapshot,
  checkText,
  storeClosed,
} from "./input.ts";
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
import { Appender } from "./sqlite-append.ts";
import { Blobs } from "./sqlite-blobs.ts";
import { storeError } from "./sqlite-error.ts";
import { openDatabase, type OpenOptions } from "./sqlite-file.ts";
import { inspectDatabase } from "./sqlite-inspect.ts";
import { Lists } from "./sqlite-lists.ts";
import { EVENT_COLUMNS, Query } from "./sqlite-query.ts";
import { Pruner } from "./sqlite-prune.ts";
import { Search } from "./sqlite-search.ts";
import { Watchers } from "./sqlite-watch.ts";
import { Writer } from "./sqlite-writer.ts";
import { storedEvent, type EventRow } from "./stored-event.ts";

export interface SqliteOptions extends OpenOptions {
  /** How long a write waits for another process's transaction, in milliseconds; default 5,000. */
  readonly busyTimeoutMs?: number;
  /** The most bytes the file may grow to through this store; beyond it writes fail with `store_full`. Default: the disk. */
  readonly bytesMax?: number;
}

const BUSY_TIMEOUT_MS_DEFAULT = 5000;

/**
 * Opens the store at a path, and makes it (0600, folders 0700) when nothing is there. Throws `store_newer` or
 * `store_corrupt` and leaves the file as it is when it is not a store this program knows; `store_io` when it
 * cannot be read and written. To read (`toRead`), `read_only` when it would have to be written first.
 */
export async function openSqliteStore(path: string, options: SqliteOptions = {}): Promise<Store> {
  const database = await openDatabase(path, options);
  try {
    if (options.bytesMax !== undefined) limitSize(database, options.bytesMax);
    return new SqliteStore(database, path, options);
  } catch (cause) {
    database.close();
    throw storeError(path, cause);
  }
}

class SqliteStore implements Store {
  readonly name: string;
  readonly partitions = 1;
  readonly #database: DatabaseSync;
  readonly #appender: Appender;
  readonly #writer: Writer;
  readonly #watchers: Watchers;
  readonly #lists: Lists;
  readonly #search: Search;
  readonly #pruner: Pruner;
  readonly #blobs: Blobs;
  readonly #statements: Statements;
  #closing: Promise<void> | null = null;

  constructor(
    database: DatabaseSync,
    path: string,
    { busyTimeoutMs = BUSY_TIMEOUT_MS_DEFAULT }: SqliteOptions,
  ) {
    this.name = path;
    this.#database = database;
    this.#appender = new Appender(database);
    this.#watchers = new Watchers(database);
    this.#writer = new Writer({
      database,
      name: path,
      busyTimeoutMs,
      finish: () => this.#appender.finish(),
      ended: (committed) => {
        if (this.#appender.ended(committed)) this.#watchers.notify({ own: true });
      },
    });
    this.#lists = new Lists(database);
    this.#search = new Search(database, this.#writer);
    this.#pruner = new Pruner(database, this.#writer, this.#search);
    this.#blobs = new Blobs(database, this.#writer);
    this.#statements = prepareAll(database);
  }

  async append(items: readonly AppendItem[]): Promise<readonly AppendResult[]> {
    this.#assertOpen();
    checkItems(items);
    if (items.length === 0) return [];
    return await this.#writer.write(weightOf(items), () => this.#appender.append(items));
  }

  async read(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly StoredEvent[]> {
    const stream = checkText("stream", params.stream);
    const afterSeq = checkCount("afterSeq", params.afterSeq ?? 0);
    const limit = checkLimit(params.limit, 1000);
    return this.#read(() => this.#statements.read.all(stream, afterSeq, limit).map(storedEvent));
  }

  async key(params: { readonly stream: StreamId; readonly key: string }): Promise<number | null> {
    const key = checkText("key", params.key);
    const stream = checkText("stream", params.stream);
    return this.#read(() => this.#statements.key.get(stream, key)?.[0] ?? null);
  }

  async tail(params: { readonly after: TailPlace | null; readonly limit?: number }): Promise<TailPage> {
    const limit = checkLimit(params.limit, 1000);
    const [after = 0] = params.after === null ? [] : checkPlace(params.after, this.partitions);
    return this.#read(() => {
      const end = this.#statements.end.get()?.[0] ?? 0;
      const events = this.#statements.tail.all(after, limit).map(storedEvent);
      const last = events.at(-1)?.position ?? after;
      // Behind the last of them all is pruned: it need not be looked at again.
      return { events, place: [events.length < limit ? Math.max(last, end) : last] };
    });
  }

  async end(): Promise<TailPlace> {
    return this.#read(() => [this.#statements.end.get()?.[0] ?? 0]);
  }

  watch(listener: (appended: Appended) => void): () => void {
    this.#assertOpen();
    return this.#watchers.add(listener);
  }

  async place(params: { readonly name: string }): Promise<TailPlace | null> {
    const name = checkText("name", params.name);
    return this.#read(() => parsed(this.#statements.place.get(name)) as TailPlace | null);
  }

  async savePlace(params: { readonly name: string; readonly place: TailPlace }): Promise<void> {
    const name = checkText("name", params.name);
    const place = JSON.stringify(checkPlace(params.place, this.partitions));
    await this.#write(1, () => this.#statements.savePlace.run(name, place));
  }

  async snapshot(params: { readonly stream: StreamId }): Promise<Snapshot | null> {
    const stream = checkText("stream", params.stream);
    return this.#read(() => parsed(this.#statements.snapshot.get(stream)) as Snapshot | null);
  }

  async saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void> {
    const stream = checkText("stream", params.stream);
    const snapshot = JSON.stringify(checkSnapshot(params.snapshot));
    await this.#write(1, () => this.#statements.saveSnapshot.run(stream, snapshot));
  }

  async head(params: { readonly stream: StreamId }): Promise<StoredHead | null> {
    return this.#read(() => this.#lists.head(params.stream));
  }

  async heads(params: {
    readonly filter: HeadFilter;
    readonly page?: PageRequest;
  }): Promise<Page<StoredHead>> {
    return this.#read(() => this.#lists.heads(params.filter, params.page));
  }

  async due(params: { readonly before: number; readonly limit?: number }): Promise<readonly StoredHead[]> {
    return this.#read(() => this.#lists.due(params.before, params.limit));
  }

  async streams(params: { readonly page?: PageRequest }): Promise<Page<StreamId>> {
    return this.#read(() => this.#lists.streams(params.page));
  }

  async room(params: { readonly name: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    return this.#read(() => this.#lists.room(params.name, params.page));
  }

  async rooms(): Promise<readonly RoomSummary[]> {
    return this.#read(() => this.#lists.rooms());
  }

  async search(params: { readonly text: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    this.#assertOpen();
    return this.#search.search(params.text, params.page).catch((cause: unknown) => {
      throw storeError(this.name, cause);
    });
  }

  async find(params: { readonly hash: Hash }): Promise<StoredEvent | null> {
    this.#assertOpen();
    return this.#search.find(checkHash(params.hash)).catch((cause: unknown) => {
      throw storeError(this.name, cause);
    });
  }

  async prune(params: { readonly stream: StreamId; readonly throughSeq: number }): Promise<number> {
    this.#assertOpen();
    const stream = checkText("stream", params.stream);
    return this.#pruner.prune(stream, checkCount("throughSeq", params.throughSeq));
  }

  async pruned(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly PrunedEvent[]> {
    const stream = checkText("stream", params.stream);
    const afterSeq = checkCount("afterSeq", params.afterSeq ?? 0);
    const limit = checkLimit(params.limit, 1000);
    return this.#read(() => this.#pruner.pruned(stream, afterSeq, limit));
  }

  async putBlob(params: { readonly bytes: Uint8Array; readonly now?: number }): Promise<Hash> {
    this.#assertOpen();
    return this.#blobs.put(params.bytes, params.now);
  }

  async blob(params: { readonly hash: Hash }): Promise<Uint8Array | null> {
    return this.#read(() => this.#blobs.get(params.hash));
  }

  async blobs(params: { readonly page?: PageRequest }): Promise<Page<StoredBlob>> {
    return this.#read(() => this.#blobs.list(params.page));
  }

  async deleteBlob(params: { readonly hash: Hash; readonly putBefore?: number }): Promise<boolean> {
    this.#assertOpen();
    return this.#blobs.delete(params.hash, params.putBefore);
  }

  async lease(params: LeaseRequest): Promise<boolean> {
    const { name, owner, now, ttlMs } = checkLease(params);
    return this.#write(1, () => {
      if (ttlMs > 0) return this.#statements.takeLease.run(name, owner, now + ttlMs, now) > 0;
      const held = this.#statements.lease.get(name);
      if (held !== undefined && held[0] !== owner && held[1] > now) return false;
      this.#statements.dropLease.run(name);
      return true;
    });
  }

  async inspect(): Promise<readonly Damage[]> {
    this.#assertOpen();
    return inspectDatabase(this.#database);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watchers.stop();
    await this.#writer.idle();
    this.#database.close();
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw storeClosed(this.name);
  }

  #read<Value>(read: () => Value): Value {
    this.#assertOpen();
    try {
      return read();
    } catch (cause) {
      throw storeError(this.name, cause);
    }
  }

  async #write<Value>(weight: number, work: () => Value): Promise<Value> {
    this.#assertOpen();
    return this.#writer.write(weight, work);
  }
}

function weightOf(items: readonly AppendItem[]): number {
  let weight = 0;
  for (const { events } of items) weight += events.length;
  return weight;
}

function parsed(row: readonly [string] | undefined): unknown {
  return row === undefined ? null : JSON.parse(row[0]);
}

function limitSize(database: DatabaseSync, bytesMax: number): void {
  const pageSize = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytesMax / pageSize))}`);
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    read: new Query<EventRow>(
      database,
      `SELECT ${EVENT_COLUMNS} FROM events WHERE stream = ? AND seq > ? AND length(bytes) > 0
       ORDER BY seq LIMIT ?`,
    ),
    key: new Query<readonly [number]>(database, "SELECT seq FROM keys WHERE stream = ? AND key = ?"),
    tail: new Query<EventRow>(
      database,
      `SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? AND length(bytes) > 0
       ORDER BY position LIMIT ?`,
    ),
    end: new Query<readonly [number]>(database, "SELECT coalesce(max(position), 0) FROM events"),
    place: new Query<readonly [string]>(database, "SELECT place FROM places WHERE name = ?"),
    savePlace: new Query(database, "INSERT OR REPLACE INTO places (name, place) VALUES (?, ?)"),
    snapshot: new Query<readonly [string]>(database, "SELECT snapshot FROM snapshots WHERE stream = ?"),
    saveSnapshot: new Query(database, "INSERT OR REPLACE INTO snapshots (stream, snapshot) VALUES (?, ?)"),
    lease: new Query<readonly [string, number]>(database, "SELECT owner, until FROM leases WHERE name = ?"),
    takeLease: new Query(
      database,
      `INSERT INTO leases (name, owner, until) VALUES (?, ?, ?) ON CONFLICT (name)
       DO UPDATE SET owner = excluded.owner, until = excluded.until
       WHERE owner = excluded.owner OR until <= ?`,
    ),
    dropLease: new Query(database, "DELETE FROM leases WHERE name = ?"),
  };
}
