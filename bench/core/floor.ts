// The floor a store is measured against: bare `node:sqlite` that writes the same rows (events, heads, rooms) with
// the same schema in the same batches, by the cheapest statements there are, and checks nothing.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Happened } from "../../src/event/decider.ts";
import { decodeEvent } from "../../src/event/event.ts";
import type { Head } from "../../src/event/log.ts";
import { sessionAggregate } from "../../src/session/aggregate.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import type { SessionState } from "../../src/session/state.ts";
import { SCHEMA } from "../../src/store/sqlite-schema.ts";

/** An event and the head after it, made ready beforehand. */
interface FloorRow {
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

/** What a session store wrote, in the order it wrote it, each event with the head after it. */
export class Written implements Disposable {
  readonly #database: DatabaseSync;
  readonly #events: StatementSync;
  readonly #states = new Map<string, SessionState>();
  #position = 0;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true });
    this.#events = this.#database.prepare(
      "SELECT stream, seq, at, room, hash, bytes FROM events WHERE position > ? ORDER BY position",
    );
  }

  /** The events since the last call, cut into the commits they came in. */
  batches(commits: readonly number[]): readonly (readonly FloorRow[])[] {
    const rows = this.#events.all(this.#position).map((row) => this.#withHead(row));
    this.#position += rows.length;
    return commits.map((count) => rows.splice(0, count));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #withHead(row: unknown): FloorRow {
    const event = row as Omit<FloorRow, "head">;
    const happened = decodeEvent(event.bytes) as unknown as Happened<SessionEvent>;
    const before = this.#states.get(event.stream) ?? sessionAggregate.initial();
    const state = sessionAggregate.evolve(before, happened);
    this.#states.set(event.stream, state);
    return { ...event, head: floorHead(sessionAggregate.head(state)) };
  }
}

function floorHead({ kind, status, createdAt, dueAt, labels, summary }: Head): FloorHead {
  const text = { labels: JSON.stringify(labels), summary: JSON.stringify(summary) };
  return { kind, status, createdAt, dueAt, ...text };
}

/** A new database of the same schema, and how it takes a batch: its events, then the heads and rooms they touch. */
export class Floor implements Disposable {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #heads = new Map<string, FloorHead>();

  constructor(path: string) {
    this.path = path;
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
    const { addHead, moveHead, deferHead, changeHead } = this.#statements;
    const before = this.#heads.get(stream);
    if (before === undefined) addHead.run(stream, seq, hash, kind, status, createdAt, dueAt, labels, summary);
    else if (before.status !== status) changeHead.run(seq, hash, status, dueAt, labels, summary, stream);
    else if (before.dueAt !== dueAt) deferHead.run(seq, hash, dueAt, labels, summary, stream);
    else moveHead.run(seq, hash, labels, summary, stream);
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
      throw new Error(`Of ${each.join(" and ")} ${table} only ${String(shared)} are the same.`);
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
    deferHead: database.prepare(
      "UPDATE heads SET seq = ?, hash = ?, due_at = ?, labels = ?, summary = ? WHERE stream = ?",
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
