// Blobs in SQLite: rows beside the events, and when each was put last.
import { hash as digest } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Hash } from "../event/event.ts";
import { checkBlob, checkHash, checkTime } from "./input.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type { Page, PageRequest, StoredBlob } from "./port.ts";
import { Query } from "./sqlite-query.ts";
import type { Writer } from "./sqlite-writer.ts";
import { hashBytes, hashText } from "./stored-event.ts";

/** So many bytes of a blob weigh as much as an event when a transaction is filled. */
const BYTES_PER_WEIGHT = 16 * 1024;

export class Blobs {
  readonly #writer: Writer;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, writer: Writer) {
    this.#writer = writer;
    this.#statements = prepareAll(database);
  }

  async put(given: Uint8Array, now: number = Date.now()): Promise<Hash> {
    // A copy: a Buffer's own `slice` is none.
    const bytes = new Uint8Array(checkBlob(given));
    checkTime("now", now);
    const hash = digest("sha256", bytes, "hex");
    await this.#writer.write(1 + Math.floor(bytes.length / BYTES_PER_WEIGHT), () => {
      this.#statements.put.run(hashBytes(hash), bytes);
      this.#statements.putAt.run(hashBytes(hash), now);
    });
    return hash;
  }

  get(hash: Hash): Uint8Array | null {
    return this.#statements.get.get(hashBytes(checkHash(hash)))?.[0] ?? null;
  }

  list(page: PageRequest | undefined): Page<StoredBlob> {
    const limit = pageLimit(page);
    const after = hashBytes(pageCursor(page, [""] as [string])?.[0] ?? "");
    const rows = this.#statements.list.all(after, limit + 1);
    const blobs = rows.map(([hash, bytes, putAt]) => ({ hash: hashText(hash), bytes, putAt }));
    return cutPage(blobs, limit, ({ hash }) => [hash]);
  }

  async delete(hash: Hash, putBefore: number = Number.MAX_SAFE_INTEGER): Promise<boolean> {
    const bytes = hashBytes(checkHash(hash));
    checkTime("putBefore", putBefore);
    return this.#writer.write(1, () => {
      if (this.#statements.drop.run(bytes, putBefore) === 0) return false;
      this.#statements.dropPut.run(bytes);
      return true;
    });
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    put: new Query(database, "INSERT OR IGNORE INTO blobs (hash, bytes) VALUES (?, ?)"),
    putAt: new Query(
      database,
      `INSERT INTO blob_puts (hash, put_at) VALUES (?, ?)
       ON CONFLICT (hash) DO UPDATE SET put_at = max(put_at, excluded.put_at)`,
    ),
    get: new Query<readonly [Uint8Array]>(database, "SELECT bytes FROM blobs WHERE hash = ?"),
    list: new Query<readonly [Uint8Array, number, number]>(
      database,
      `SELECT blobs.hash, length(blobs.bytes), coalesce(blob_puts.put_at, 0)
       FROM blobs LEFT JOIN blob_puts ON blob_puts.hash = blobs.hash
       WHERE blobs.hash > ? ORDER BY blobs.hash LIMIT ?`,
    ),
    drop: new Query(
      database,
      `DELETE FROM blobs WHERE hash = ?1
       AND NOT EXISTS (SELECT 1 FROM blob_puts WHERE hash = ?1 AND put_at >= ?2)`,
    ),
    dropPut: new Query(database, "DELETE FROM blob_puts WHERE hash = ?"),
  };
}
