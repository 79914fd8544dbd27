// The physical limit beside "POST /submit": what SQLite alone takes for the rows of a tile (event, key, head, room), by
// bare `node:sqlite` in commits of one tile a connection, without a server, a decision or a hash.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { SCHEMA } from "../../src/store/sqlite-schema.ts";

interface Tile {
  readonly position: number;
  readonly values: readonly [
    stream: string,
    seq: number,
    at: number,
    room: string,
    hash: Uint8Array,
    bytes: Uint8Array,
  ];
  readonly key: string;
}

/** Processor time in µs that the newest `count` tiles of a store take to be written anew, `perCommit` at once. */
export function bareMicros(from: string, to: string, count: number, perCommit: number): number {
  const tiles = tilesIn(from, count);
  using database = new DatabaseSync(to);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN; ${SCHEMA} COMMIT`);
  const statements = prepareAll(database);
  const before = process.cpuUsage();
  for (let first = 0; first < tiles.length; first += perCommit)
    commit(statements, tiles.slice(first, first + perCommit));
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / tiles.length);
}

function tilesIn(path: string, count: number): readonly Tile[] {
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database
    .prepare(
      `SELECT position, events.stream, events.seq, at, room, hash, bytes, key
       FROM events JOIN keys ON keys.stream = events.stream AND keys.seq = events.seq
       WHERE room IS NOT NULL ORDER BY position DESC LIMIT ?`,
    )
    .all(count);
  if (rows.length !== count) throw new Error(`There are ${rows.length} tiles of ${count}.`);
  return rows.toReversed().map((row) => {
    const { position, stream, seq, at, room, hash, bytes, key } = row as unknown as Tile & TileRow;
    return { position, values: [stream, seq, at, room, hash, bytes], key };
  });
}

interface TileRow {
  readonly stream: string;
  readonly seq: number;
  readonly at: number;
  readonly room: string;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

function commit({ begin, event, key, head, room, commit: end }: Statements, tiles: readonly Tile[]): void {
  const newest = new Map<string, Tile>();
  begin.run();
  for (const tile of tiles) {
    const [stream, seq] = tile.values;
    event.run(...tile.values);
    key.run(stream, tile.key, seq);
    newest.set(stream, tile);
  }
  for (const { values } of newest.values()) {
    const [stream, seq, at, name, hash] = values;
    head.run(stream, seq, hash, at, JSON.stringify({ room: name, submitted: seq, retracted: 0 }));
    room.run(name, at, at);
  }
  end.run();
}

type Statements = Record<keyof ReturnType<typeof prepareAll>, StatementSync>;

function prepareAll(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    event: database.prepare(
      "INSERT INTO events (stream, seq, at, room, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    key: database.prepare("INSERT INTO keys (stream, key, seq) VALUES (?, ?, ?)"),
    head: database.prepare(
      `INSERT INTO heads VALUES (?, ?, ?, 'room', 'open', ?, NULL, '[]', ?) ON CONFLICT (stream)
       DO UPDATE SET seq = excluded.seq, hash = excluded.hash, summary = excluded.summary`,
    ),
    room: database.prepare(
      `INSERT INTO rooms VALUES (?, 1, ?, ?) ON CONFLICT (room)
       DO UPDATE SET tiles = tiles + 1, latest_at = excluded.latest_at`,
    ),
  };
}
