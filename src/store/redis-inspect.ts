// Looks for damage in Redis beside the events: what is kept of an event in lists, rooms and keys and differs from
// its bytes. Partition by partition, in slices, so that memory stays small and the server has time for others.
import { hash as digest } from "node:crypto";
import { leafHash, type StreamId } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { partitionOf } from "./partition.ts";
import type { Damage } from "./port.ts";
import { bytesOf, listOf, numberOf, type RedisClient } from "./redis-client.ts";
import type { Entry, RedisEvents } from "./redis-events.ts";
import { readableEvent, sortable } from "./redis-layout.ts";
import { hashBytes } from "./stored-event.ts";

const DAMAGE_MAX = 1000;
const SLICE = 500;

export async function inspectRedis(client: RedisClient, events: RedisEvents): Promise<readonly Damage[]> {
  const inspector = new Inspector(client, events);
  for (let partition = 0; partition < events.partitions; partition++) {
    await inspector.attempt(() => inspector.checkPartition(partition));
  }
  await inspector.attempt(() => inspector.checkBlobs());
  return inspector.found.slice(0, DAMAGE_MAX);
}

interface Tally {
  tiles: number;
  first: number;
  latest: number;
}

class Inspector {
  readonly found: Damage[] = [];
  readonly #client: RedisClient;
  readonly #events: RedisEvents;

  constructor(client: RedisClient, events: RedisEvents) {
    this.#client = client;
    this.#events = events;
  }

  async attempt(check: () => Promise<void>): Promise<void> {
    if (this.found.length >= DAMAGE_MAX) return;
    await check().catch((error: unknown) =>
      this.#report(null, null, `Reading stopped: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  async checkPartition(partition: number): Promise<void> {
    const rooms = new Map<string, Tally>();
    const seqs = new Map<StreamId, number>();
    let place = 0;
    for (;;) {
      const entries = await this.#events.entriesAfter(partition, place, SLICE);
      const last = entries.at(-1);
      if (last === undefined) break;
      place = last.position;
      const slice = entries.flatMap((entry) => this.#read(partition, entry));
      await Promise.all(slice.map((stored) => this.#checkEvent(partition, stored)));
      for (const { event } of slice) {
        seqs.set(event.stream, Math.max(event.seq, seqs.get(event.stream) ?? 0));
        if (event.room !== null) count(rooms, event.room, event.at);
      }
    }
    await this.#checkRooms(partition, rooms);
    for (const [stream, seq] of seqs) await this.#checkStream(stream, seq);
  }

  async checkBlobs(): Promise<void> {
    const begin = `${this.#client.address.prefix}:blob:`;
    for await (const keys of this.#client.keys(begin)) {
      for (const key of keys) {
        const bytes = await this.#client.call("GET", key);
        const hash = key.toString().slice(begin.length);
        if (bytes !== null && digest("sha256", bytesOf(bytes), "hex") !== hash) {
          this.#report(null, null, `The blob ${hash} has other bytes than its hash says.`);
        }
      }
    }
  }

  #read(partition: number, { position, bytes }: Entry): readonly StoredEvent[] {
    const stored = readableEvent(position, bytes);
    if (stored !== null) return [stored];
    this.#report(null, null, `The event at ${position} of partition ${partition} cannot be read.`);
    return [];
  }

  async #checkEvent(partition: number, { event, bytes, hash, position }: StoredEvent): Promise<void> {
    const { stream, seq, room, at } = event;
    if (leafHash(bytes) !== hash) return this.#report(stream, seq, "Bytes and hash disagree.");
    if (partitionOf(stream, this.#events.partitions) !== partition) {
      return this.#report(stream, seq, "It lies in another stream's partition.");
    }
    const keys = this.#events.keysOf(partition);
    const listed = await this.#client.call("LINDEX", keys.positions(stream), seq - 1);
    if (listed === null || numberOf(listed) !== position) {
      this.#report(stream, seq, "Its stream's list does not name its position.");
    }
    if (room === null) return;
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(position));
    const member = Buffer.concat([sortable(at), hashBytes(hash), place]);
    if ((await this.#client.call("ZSCORE", keys.room(room), member)) === null) {
      this.#report(stream, seq, `The room ${JSON.stringify(room)} does not list it.`);
    }
  }

  async #checkRooms(partition: number, rooms: ReadonlyMap<string, Tally>): Promise<void> {
    const kept = listOf(await this.#client.call("HGETALL", this.#events.keysOf(partition).rooms));
    const wrong = new Set(rooms.keys());
    for (let index = 0; index < kept.length; index += 2) {
      const room = bytesOf(kept[index]).toString();
      const tally = rooms.get(room);
      const text = tally === undefined ? null : `${tally.tiles}:${tally.first}:${tally.latest}`;
      if (text === bytesOf(kept[index + 1]).toString()) wrong.delete(room);
      else wrong.add(room);
    }
    for (const room of wrong) {
      this.#report(null, null, `The count of room ${JSON.stringify(room)} differs from its events.`);
    }
  }

  async #checkStream(stream: StreamId, seq: number): Promise<void> {
    const keys = this.#events.keysOfStream(stream);
    if ((await this.#client.call("HEXISTS", keys.heads, stream)) !== 1) {
      this.#report(stream, seq, "The stream has no head.");
    }
    const used = listOf(await this.#client.call("HGETALL", keys.keys(stream)));
    for (let index = 0; index < used.length; index += 2) {
      const named = numberOf(used[index + 1]);
      const key = bytesOf(used[index]).toString();
      if (named >= 1 && named <= seq) continue;
      this.#report(stream, named, `The key ${JSON.stringify(key)} names an event that is not there.`);
    }
  }

  #report(stream: StreamId | null, seq: number | null, what: string): void {
    if (this.found.length < DAMAGE_MAX) this.found.push({ stream, seq, what });
  }
}

function count(rooms: Map<string, Tally>, room: string, at: number): void {
  const tally = rooms.get(room) ?? { tiles: 0, first: at, latest: at };
  tally.tiles++;
  tally.first = Math.min(tally.first, at);
  tally.latest = Math.max(tally.latest, at);
  rooms.set(room, tally);
}
