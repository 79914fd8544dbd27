// Blobs in Redis: a key each, and one beside it, in the same slot, that says when it was put.
import { hash as digest } from "node:crypto";
import type { Hash } from "../event/event.ts";
import { checkBlob, checkHash, checkTime } from "./input.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type { Page, PageRequest, StoredBlob } from "./port.ts";
import { bytesOf, numberOf, type RedisClient } from "./redis-client.ts";
import { script } from "./redis-script.ts";

const PUT = script(`
redis.call('SET', KEYS[1], ARGV[1])
local stood = redis.call('GET', KEYS[2])
if not stood or tonumber(stood) < tonumber(ARGV[2]) then redis.call('SET', KEYS[2], ARGV[2]) end
return 1`);
const DROP = script(`
local put = redis.call('GET', KEYS[2])
if put and tonumber(put) >= tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])`);

export class RedisBlobs {
  readonly #client: RedisClient;
  readonly #begin: string;

  constructor(client: RedisClient) {
    this.#client = client;
    this.#begin = `${client.address.prefix}:blob:`;
  }

  async put(given: Uint8Array, now: number = Date.now()): Promise<Hash> {
    const bytes = Buffer.from(checkBlob(given));
    const hash = digest("sha256", bytes, "hex");
    await this.#client.run(PUT, this.#keys(hash), [bytes, checkTime("now", now)]);
    return hash;
  }

  async get(hash: Hash): Promise<Uint8Array | null> {
    const bytes = await this.#client.call("GET", this.#begin + checkHash(hash));
    return bytes === null ? null : new Uint8Array(bytesOf(bytes));
  }

  /** Redis keeps no order of keys: each page looks at all of them, and holds one page in memory. */
  async list(page: PageRequest | undefined): Promise<Page<StoredBlob>> {
    const limit = pageLimit(page);
    const after = pageCursor(page, [""] as [string])?.[0] ?? "";
    let hashes = new Set<Hash>();
    for await (const keys of this.#client.keys(this.#begin)) {
      for (const key of keys) {
        const hash = key.toString().slice(this.#begin.length);
        if (hash > after) hashes.add(hash);
      }
      if (hashes.size > 4 * limit) hashes = new Set([...hashes].sort().slice(0, limit + 1));
    }
    const blobs = await Promise.all(
      [...hashes]
        .sort()
        .slice(0, limit + 1)
        .map((hash) => this.#look(hash)),
    );
    return cutPage(blobs, limit, ({ hash }) => [hash]);
  }

  async delete(hash: Hash, putBefore: number = Number.MAX_SAFE_INTEGER): Promise<boolean> {
    const keys = this.#keys(checkHash(hash));
    return (await this.#client.run(DROP, keys, [checkTime("putBefore", putBefore)])) === 1;
  }

  async #look(hash: Hash): Promise<StoredBlob> {
    const [blob = "", put = ""] = this.#keys(hash);
    const bytes = numberOf(await this.#client.call("STRLEN", blob));
    return { hash, bytes, putAt: numberOf(await this.#client.call("GET", put)) };
  }

  /** What stands in braces says where a key lies: with the blob itself. */
  #keys(hash: Hash): readonly string[] {
    const blob = this.#begin + hash;
    return [blob, `${this.#client.address.prefix}:put:{${blob}}`];
  }
}
