// The floor a store is measured against: bare `node:sqlite` that writes the same rows (events, heads, rooms) with
// the same schema in the same batches, by the cheapest statements there are, and checks nothing.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AppendItem } from "../../src/event/log.ts";
import { SCHEMA } from "../../src/store/sqlite-schema.ts";

/** An event and the head after it, made ready beforehand. */
export interface FloorRow {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly room: string | null;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly head: FloorHead;
}

interface FloorHead {
  readonly kind: string;
  readonly status: string;
  readonly createdAt: number;
  readonly dueAt: number | null;
  readonly labels: string;
  readonly summary: string;
}

/** One row per event; every event of an item carries the item's head. */
export function floorRows(items: readonly AppendItem[]): readonly FloorRow[] {
  return items.flatMap(({ stream, events, head }) => {
    const { kind, status, createdAt, dueAt } = head;
    const labels = JSON.stringify(head.labels);
    const summary = JSON.stringify(head.summary);
    const text = { kind, status, createdAt, dueAt, labels, summary };
    return events.map(({ event: { seq, at, room }, hash, bytes }) => {
      return { stream, seq, at, room, hash: Buffer.from(hash, "hex"), bytes, head: text };
    });
  });
}

/** A new database of the same schema, and how it takes a batch: its events, then the heads and rooms they touch. */
export class Floor implements Disposable {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #heads = new Map<string, FloorHead>();

  constructor(folder: string) {
    this.path = join(folder, `${randomUUID()}.db`);
    this.#database = new DatabaseSync(this.path);
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN; ${SCHEMA} COMMIT`);
    this.#statements = prepareAll(this.#database);
  }

  commit(rows: readonly FloorRow[]): void {
    const { begin, addEvent, commit } = this.#statements;
    const touched = new Map<string, FloorRow>();
    const rooms = new Map<string, { tiles: number; firstAt: number; latestAt: number }>();
    begin.run();
    for (const row of rows) {
      addEvent.run(row.stream, row.seq, row.at, row.room, row.hash, row.bytes);
      touched.set(row.stream, row);
      if (row.room === null) continue;
      const room = rooms.get(row.room);
      if (room === undefined) rooms.set(row.room, { tiles: 1, firstAt: row.at, latestAt: row.at });
      else {
        room.tiles++;
        room.latestAt = row.at;
      }
    }
    for (const row of touched.values()) this.#writeHead(row);
    for (const [room, { tiles, firstAt, latestAt }] of rooms) {
      this.#statements.addTiles.run(room, tiles, firstAt, latestAt);
    }
    commit.run();
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** The cheapest update that leaves the row right: indexed columns are written only when they changed. */
  #writeHead({ stream, seq, hash, head }: FloorRow): void {
    const { kind, status, createdAt, dueAt, labels, summary } = head;
    const { addHead, moveHead, changeHead } = this.#statements;
    const before = this.#heads.get(stream);
    if (before === undefined) addHead.run(stream, seq, hash, kind, status, createdAt, dueAt, labels, summary);
    else if (before.dueAt === dueAt && before.status === status)
      moveHead.run(seq, hash, labels, summary, stream);
    else changeHead.run(seq, hash, status, dueAt, labels, summary, stream);
    this.#heads.set(stream, head);
  }
}

/** Throws when two databases do not hold the same events, heads and rooms: then one was spared work. */
export function assertSameRows(one: string, other: string): void {
  const database = new DatabaseSync(one, { readOnly: true });
  database.prepare("ATTACH ? AS other").run(other);
  for (const table of ["events", "heads", "rooms"]) {
    const both = `SELECT count(*) AS count FROM (SELECT * FROM main.${table} INTERSECT SELECT * FROM other.${table})`;
    const counts = [
      `SELECT count(*) AS count FROM main.${table}`,
      `SELECT count(*) AS count FROM other.${table}`,
    ];
    const [shared, ...each] = [both, ...counts].map((sql) => database.prepare(sql).get()?.["count"]);
    if (!each.every((count) => count === shared)) {
      throw new Error(`Of ${each.join(" and ")} ${table} only ${shared} are the same.`);
    }
  }
  database.close();
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    addEvent: database.prepare(
      "INSERT INTO events (stream, seq, at, room, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    addHead: database.prepare("INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    moveHead: database.prepare(
      "UPDATE heads SET seq = ?, hash = ?, labels = ?, summary = ? WHERE stream = ?",
    ),
    changeHead: database.prepare(
      "UPDATE heads SET seq = ?, hash = ?, status = ?, due_at = ?, labels = ?, summary = ? WHERE stream = ?",
    ),
    addTiles: database.prepare(
      `INSERT INTO rooms VALUES (?, ?, ?, ?) ON CONFLICT (room)
       DO UPDATE SET tiles = tiles + excluded.tiles, latest_at = excluded.latest_at`,
    ),
  };
}
