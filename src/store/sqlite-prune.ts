// Pruning in SQLite: the bytes, words, rooms and keys of a stream's first events go, in transactions of a bounded size;
// their rows stay with seq and hash. `length(bytes)` is read from a row's header: no overflow page is walked for it.
import type { DatabaseSync } from "node:sqlite";
import type { StreamId } from "../event/event.ts";
import type { Snapshot } from "../event/log.ts";
import { checkPrune } from "./input.ts";
import type { PrunedEvent } from "./port.ts";
import { Query } from "./sqlite-query.ts";
import type { Search } from "./sqlite-search.ts";
import type { Writer } from "./sqlite-writer.ts";
import { hashText, type EventRow } from "./stored-event.ts";

/** How many events one transaction prunes. */
const STEP = 256;

type GoingRow = readonly [...EventRow, seq: number, room: string | null];

export class Pruner {
  readonly #writer: Writer;
  readonly #search: Search;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, writer: Writer, search: Search) {
    this.#writer = writer;
    this.#search = search;
    this.#statements = prepareAll(database);
  }

  async prune(stream: StreamId, throughSeq: number): Promise<number> {
    checkPrune({ throughSeq }, this.#statements.stands.get(stream)?.[0] ?? 0);
    await this.#writer.write(1, () => this.#dropSnapshot(stream, throughSeq));
    for (let pruned = 0; ;) {
      const went = await this.#writer.write(STEP, () => this.#step(stream, throughSeq));
      pruned += went;
      if (went < STEP) return pruned;
    }
  }

  pruned(stream: StreamId, afterSeq: number, limit: number): readonly PrunedEvent[] {
    return this.#statements.pruned
      .all(stream, afterSeq, limit)
      .map(([seq, hash]) => ({ seq, hash: hashText(hash) }));
  }

  #dropSnapshot(stream: StreamId, throughSeq: number): void {
    const text = this.#statements.snapshot.get(stream)?.[0];
    if (text === undefined || (JSON.parse(text) as Snapshot).seq > throughSeq) return;
    this.#statements.dropSnapshot.run(stream);
  }

  #step(stream: StreamId, throughSeq: number): number {
    const going = this.#statements.going.all(stream, throughSeq, STEP);
    const rooms = new Map<string, number>();
    for (const [position, hash, bytes, , room] of going) {
      this.#search.forget([position, hash, bytes]);
      this.#statements.empty.run(position);
      if (room !== null) rooms.set(room, (rooms.get(room) ?? 0) + 1);
    }
    for (const [room, tiles] of rooms) {
      this.#statements.countRoom.run(tiles, room);
      this.#statements.dropRoom.run(room);
    }
    this.#statements.dropKeys.run(stream, going.at(-1)?.[3] ?? throughSeq);
    return going.length;
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    stands: new Query<readonly [number]>(database, "SELECT seq FROM heads WHERE stream = ?"),
    snapshot: new Query<readonly [string]>(database, "SELECT snapshot FROM snapshots WHERE stream = ?"),
    dropSnapshot: new Query(database, "DELETE FROM snapshots WHERE stream = ?"),
    going: new Query<GoingRow>(
      database,
      `SELECT position, hash, bytes, seq, room FROM events
       WHERE stream = ? AND seq <= ? AND length(bytes) > 0 ORDER BY seq LIMIT ?`,
    ),
    empty: new Query(database, "UPDATE events SET at = 0, room = NULL, bytes = x'' WHERE position = ?"),
    countRoom: new Query(
      database,
      `UPDATE rooms SET tiles = tiles - ?1,
         first_at = coalesce((SELECT min(at) FROM events WHERE events.room = ?2), first_at),
         latest_at = coalesce((SELECT max(at) FROM events WHERE events.room = ?2), latest_at)
       WHERE room = ?2`,
    ),
    dropRoom: new Query(database, "DELETE FROM rooms WHERE room = ? AND tiles <= 0"),
    dropKeys: new Query(database, "DELETE FROM keys WHERE stream = ? AND seq <= ?"),
    pruned: new Query<readonly [number, Uint8Array]>(
      database,
      `SELECT seq, hash FROM events WHERE stream = ? AND seq > ? AND length(bytes) = 0 ORDER BY seq LIMIT ?`,
    ),
  };
}
