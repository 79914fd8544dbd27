// The floor a store is measured against: bare `node:sqlite` that writes the same rows (events, heads, rooms) with
// the same schema in the same batches, by the cheapest statements there are, and checks nothing.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AppendItem } from "../src/event/log.ts";
import { SCHEMA } from "../src/store/sqlite-schema.ts";

/** What one append writes, made ready beforehand. */
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

/** Milliseconds for the rows, one event and head per commit. */
export function bareOneAtATime(folder: string, rows: readonly FloorRow[]): number {
  return bareBatches(folder, rows, 1);
}

/** Milliseconds for the rows, `batch` events and the heads and rooms they touch per commit. */
export function bareBatches(folder: string, rows: readonly FloorRow[], batch: number): number {
  const database = new DatabaseSync(join(folder, `${randomUUID()}.db`));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN; ${SCHEMA} COMMIT`);
  const commit = committer(database);
  const started = performance.now();
  for (let from = 0; from < rows.length; from += batch) commit(rows.slice(from, from + batch));
  const elapsed = performance.now() - started;
  database.close();
  return elapsed;
}

function committer(database: DatabaseSync): (rows: readonly FloorRow[]) => void {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const addEvent = database.prepare(
    "INSERT INTO events (stream, seq, at, room, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const addHead = database.prepare("INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const moveHead = database.prepare(
    "UPDATE heads SET seq = ?, hash = ?, labels = ?, summary = ? WHERE stream = ?",
  );
  const addTiles = database.prepare(
    `INSERT INTO rooms VALUES (?, ?, ?, ?) ON CONFLICT (room)
     DO UPDATE SET tiles = tiles + excluded.tiles, latest_at = excluded.latest_at`,
  );
  const known = new Set<string>();
  return (rows) => {
    const heads = new Map<string, FloorRow>();
    const rooms = new Map<string, { tiles: number; at: number }>();
    begin.run();
    for (const row of rows) {
      addEvent.run(row.stream, row.seq, row.at, row.room, row.hash, row.bytes);
      heads.set(row.stream, row);
      if (row.room !== null) {
        rooms.set(row.room, { tiles: (rooms.get(row.room)?.tiles ?? 0) + 1, at: row.at });
      }
    }
    for (const [stream, { seq, hash, head }] of heads) {
      const { kind, status, createdAt, dueAt, labels, summary } = head;
      if (known.has(stream)) moveHead.run(seq, hash, labels, summary, stream);
      else addHead.run(stream, seq, hash, kind, status, createdAt, dueAt, labels, summary);
      known.add(stream);
    }
    for (const [room, { tiles, at }] of rooms) addTiles.run(room, tiles, at, at);
    commit.run();
  };
}
