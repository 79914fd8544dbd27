// A map of strings that never pauses: a JavaScript Map that things come to and go from is laid out anew now and then,
// at a million entries for a third of a second. Here that happens to one part in 256 at a time. No promised order.

const SHARDS = 256;

/** Ids differ in their last characters. */
const HASHED_MAX = 12;

export class ShardedMap<Value> {
  /** Those that something was ever put into. */
  readonly #shards: (Map<string, Value> | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true;
  }

  set(key: string, value: Value): this {
    const shard = (this.#shards[shardOf(key)] ??= new Map());
    this.#size -= shard.size;
    shard.set(key, value);
    this.#size += shard.size;
    return this;
  }

  delete(key: string): boolean {
    const isGone = this.#shards[shardOf(key)]?.delete(key) === true;
    if (isGone) this.#size--;
    return isGone;
  }

  *keys(): Generator<string, undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.keys();
  }

  *values(): Generator<Value, undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values();
  }

  *[Symbol.iterator](): Generator<[string, Value], undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard;
  }
}

/** Which of the 256 parts a key is in. */
export function shardOf(key: string): number {
  let hash = key.length;
  for (let at = Math.max(0, key.length - HASHED_MAX); at < key.length; at++) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1);
}
