// Blobs in PostgreSQL: rows, with the time each was put last.
import { hash as digest } from "node:crypto";
import type { Hash } from "../event/event.ts";
import { checkBlob, checkHash, checkTime } from "./input.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type { Page, PageRequest, StoredBlob } from "./port.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import { hashBytes, hashText } from "./stored-event.ts";

/** A blob is read in slices: the driver takes bytes as text of twice their length, and text has its limits. */
const SLICE_BYTES = 8 * 1024 * 1024;

const PUT = query(
  `INSERT INTO blobs (hash, bytes, put_at) VALUES ($1, $2, $3)
   ON CONFLICT (hash) DO UPDATE SET put_at = greatest(blobs.put_at, excluded.put_at)`,
);
const SLICE = query<readonly [Buffer]>(
  "SELECT substring(bytes FROM $2::int4 FOR $3::int4) FROM blobs WHERE hash = $1",
);
const LIST = query<readonly [Buffer, number, number]>(
  "SELECT hash, octet_length(bytes), put_at FROM blobs WHERE hash > $1 ORDER BY hash LIMIT $2",
);
const DROP = query<readonly [boolean]>("DELETE FROM blobs WHERE hash = $1 AND put_at < $2 RETURNING true");

export class PostgresBlobs {
  readonly #client: PostgresClient;

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  async put(given: Uint8Array, now: number = Date.now()): Promise<Hash> {
    const bytes = Buffer.from(checkBlob(given));
    const hash = digest("sha256", bytes, "hex");
    await this.#client.all(PUT, hashBytes(hash), bytes, checkTime("now", now));
    return hash;
  }

  async get(hash: Hash): Promise<Uint8Array | null> {
    const key = hashBytes(checkHash(hash));
    const slices: Buffer[] = [];
    for (;;) {
      const from = slices.length * SLICE_BYTES + 1;
      const row = await this.#client.get(SLICE, key, from, SLICE_BYTES);
      if (row === undefined) return null;
      slices.push(row[0]);
      if (row[0].length < SLICE_BYTES) return new Uint8Array(Buffer.concat(slices));
    }
  }

  async list(page: PageRequest | undefined): Promise<Page<StoredBlob>> {
    const limit = pageLimit(page);
    const after = hashBytes(pageCursor(page, [""] as [string])?.[0] ?? "");
    const rows = await this.#client.all(LIST, after, limit + 1);
    const blobs = rows.map(([hash, bytes, putAt]) => ({ hash: hashText(hash), bytes, putAt }));
    return cutPage(blobs, limit, ({ hash }) => [hash]);
  }

  async delete(hash: Hash, putBefore: number = Number.MAX_SAFE_INTEGER): Promise<boolean> {
    const key = hashBytes(checkHash(hash));
    return (await this.#client.get(DROP, key, checkTime("putBefore", putBefore))) !== undefined;
  }
}
