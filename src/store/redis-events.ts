// Reads events out of a Redis store's logs: a stream's, a partition's, those at given positions.
import type { StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import { partitionOf } from "./partition.ts";
import { bytesOf, listOf, numberOf, type RedisClient, type Reply } from "./redis-client.ts";
import { entryEvent, partitionKeys, type PartitionKeys } from "./redis-layout.ts";
import { script } from "./redis-script.ts";

/** Positions that follow each other are read at once. */
const FETCH = `
local function fetch(log, positions)
  local found, index = {}, 1
  while index <= #positions do
    local last = index
    while last < #positions and tonumber(positions[last + 1]) == tonumber(positions[last]) + 1 do
      last = last + 1
    end
    for _, entry in ipairs(redis.call('XRANGE', log, positions[index], positions[last])) do
      found[#found + 1] = entry[1]
      found[#found + 1] = entry[2][2]
    end
    index = last + 1
  end
  return found
end`;

const READ = script(`${FETCH}
local first = math.max(tonumber(ARGV[1]), redis.call('LLEN', KEYS[3]))
return fetch(KEYS[1], redis.call('LRANGE', KEYS[2], first, first + tonumber(ARGV[2]) - 1))`);
const AT = script(`${FETCH}
return fetch(KEYS[1], ARGV)`);

/** Where an event lies. */
export interface EventPlace {
  readonly partition: number;
  readonly position: number;
}

export interface Entry {
  readonly position: number;
  readonly bytes: Buffer;
}

export class RedisEvents {
  readonly #client: RedisClient;
  readonly #keys: readonly PartitionKeys[];

  constructor(client: RedisClient, partitions: number) {
    this.#client = client;
    this.#keys = Array.from({ length: partitions }, (_, partition) =>
      partitionKeys(client.address.prefix, partition),
    );
  }

  get partitions(): number {
    return this.#keys.length;
  }

  keysOf(partition: number): PartitionKeys {
    const keys = this.#keys[partition];
    if (keys === undefined) throw new RangeError(`There is no partition ${partition}.`);
    return keys;
  }

  keysOfStream(stream: StreamId): PartitionKeys {
    return this.keysOf(this.partitionOf(stream));
  }

  partitionOf(stream: StreamId): number {
    return partitionOf(stream, this.partitions);
  }

  async read(stream: StreamId, afterSeq: number, limit: number): Promise<readonly StoredEvent[]> {
    const keys = this.keysOfStream(stream);
    const reply = await this.#client.run(
      READ,
      [keys.log, keys.positions(stream), keys.gone(stream)],
      [afterSeq, limit],
    );
    return eventsOf(listOf(reply));
  }

  /** The positions of the newest events. */
  async end(): Promise<TailPlace> {
    return await Promise.all(
      this.#keys.map(async ({ end }) => numberOf(await this.#client.call("GET", end))),
    );
  }

  async after(partition: number, position: number, limit: number): Promise<readonly StoredEvent[]> {
    const entries = await this.entriesAfter(partition, position, limit);
    return entries.map((entry) => entryEvent(entry.position, entry.bytes));
  }

  /** Events as they lie in the log, whether they can be read or not. */
  async entriesAfter(partition: number, position: number, limit: number): Promise<readonly Entry[]> {
    const { log } = this.keysOf(partition);
    const reply = await this.#client.call("XRANGE", log, position + 1, "+", "COUNT", limit);
    return listOf(reply).map((entry) => {
      const [id, fields] = listOf(entry);
      return { position: positionOf(id), bytes: bytesOf(listOf(fields ?? null)[1]) };
    });
  }

  /** The events at these places, in no order. */
  async at(places: readonly EventPlace[]): Promise<readonly StoredEvent[]> {
    const byPartition = Map.groupBy(places, ({ partition }) => partition);
    const parts = [...byPartition].map(async ([partition, some]) => {
      const positions = some.map(({ position }) => position).sort((a, b) => a - b);
      return eventsOf(listOf(await this.#client.run(AT, [this.keysOf(partition).log], positions)));
    });
    return (await Promise.all(parts)).flat();
  }
}

function eventsOf(replies: readonly Reply[]): readonly StoredEvent[] {
  const events: StoredEvent[] = [];
  for (let index = 0; index < replies.length; index += 2) {
    events.push(entryEvent(positionOf(replies[index]), bytesOf(replies[index + 1])));
  }
  return events;
}

/** `17` of `17-0`. */
function positionOf(id: Reply | undefined): number {
  return Number.parseInt(bytesOf(id).toString(), 10);
}
