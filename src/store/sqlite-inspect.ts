// Looks for damage below the events: what a flipped bit in any page, column or index would leave behind.
// In slices, so that the event loop runs and memory stays small however large the store is.
import { hash as digest } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { decodeEvent, leafHash, type Event, type StreamId } from "../event/event.ts";
import type { Damage } from "./port.ts";
import { Query } from "./sqlite-query.ts";
import { hashText } from "./stored-event.ts";

const DAMAGE_MAX = 1000;
const SLICE = 500;

/** What a column may hold after damage: anything. */
type Cell = string | bigint | Uint8Array | null;
type Row = readonly Cell[];

export async function inspectDatabase(database: DatabaseSync): Promise<readonly Damage[]> {
  const found: Damage[] = [];
  for (const check of [checkPages, checkEvents, checkKeys, checkRooms, checkBlobs]) {
    try {
      for (const damages of check(database)) {
        found.push(...damages);
        if (found.length >= DAMAGE_MAX) return found.slice(0, DAMAGE_MAX);
        await turn();
      }
    } catch (error) {
      found.push(damage(`Reading stopped: ${error instanceof Error ? error.message : String(error)}.`));
    }
  }
  return found;
}

function* checkPages(database: DatabaseSync): Generator<readonly Damage[]> {
  const lines = new Query<readonly [string]>(database, `PRAGMA integrity_check(${DAMAGE_MAX})`).all();
  yield lines.filter(([line]) => line !== "ok").map(([line]) => damage(line));
}

/** `NOT INDEXED`: an index can be sound where the row it points to is not. */
function* checkEvents(database: DatabaseSync): Generator<readonly Damage[]> {
  const sql = `SELECT position, stream, seq, at, room, hash, bytes FROM events NOT INDEXED
    WHERE position > ? ORDER BY position LIMIT ${SLICE}`;
  for (const rows of slices(database, sql, 1, [-(2n ** 63n)])) yield rows.flatMap(checkEvent);
}

function checkEvent([, stream, seq, at, room, hash, bytes]: Row): readonly Damage[] {
  if (!(bytes instanceof Uint8Array) || !(hash instanceof Uint8Array)) {
    return [damageAt(stream, seq, "The event's bytes or hash are of another type.")];
  }
  if (bytes.length === 0) {
    if (at === 0n && room === null) return [];
    return [damageAt(stream, seq, "It has been pruned, and its time or room is there.")];
  }
  if (leafHash(bytes) !== hashText(hash)) return [damageAt(stream, seq, "Bytes and hash disagree.")];
  const event = decoded(bytes);
  if (event === null) return [damageAt(stream, seq, "The event's bytes cannot be read.")];
  const wrong = differing(event, { stream, seq, at, room });
  if (wrong.length === 0) return [];
  // Sound bytes know best which event this is.
  return [{ stream: event.stream, seq: event.seq, what: `Columns differ from it: ${wrong.join(", ")}.` }];
}

function* checkKeys(database: DatabaseSync): Generator<readonly Damage[]> {
  const sql = `SELECT k.stream, k.key, k.seq, e.seq FROM keys AS k
    LEFT JOIN events AS e ON e.stream = k.stream AND e.seq = k.seq
    WHERE (k.stream, k.key) > (?, ?) ORDER BY k.stream, k.key LIMIT ${SLICE}`;
  for (const rows of slices(database, sql, 2, ["", ""])) {
    yield rows
      .filter(([, , , seq]) => seq === null)
      .map(([stream, key, seq]) =>
        damageAt(stream, seq, `The key ${JSON.stringify(key)} names an event that is not there.`),
      );
  }
}

function* checkRooms(database: DatabaseSync): Generator<readonly Damage[]> {
  const counted = `SELECT room, count(*) AS tiles, min(at) AS first_at, max(at) AS latest_at
    FROM events WHERE room IS NOT NULL GROUP BY room`;
  const kept = "SELECT room, tiles, first_at, latest_at FROM rooms";
  const sql = `SELECT DISTINCT room FROM (
    SELECT * FROM (${counted} EXCEPT ${kept}) UNION ALL SELECT * FROM (${kept} EXCEPT ${counted}))`;
  yield new Query<readonly [string]>(database, sql)
    .all()
    .map(([room]) => damage(`The count of room ${JSON.stringify(room)} differs from its events.`));
}

function* checkBlobs(database: DatabaseSync): Generator<readonly Damage[]> {
  const sql = "SELECT hash, bytes FROM blobs WHERE hash > ? ORDER BY hash LIMIT 1";
  for (const rows of slices(database, sql, 1, [new Uint8Array()])) {
    yield rows
      .filter(([hash, bytes]) => !isBlob(hash, bytes))
      .map(([hash]) => damage(`The blob ${cellText(hash)} has other bytes than its hash says.`));
  }
}

/** Slices of a query whose first columns are the key that its `WHERE … > (?, …)` goes on from. */
function* slices(
  database: DatabaseSync,
  sql: string,
  keyColumns: number,
  first: readonly SQLInputValue[],
): Generator<Row[]> {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  // A damaged number may be larger than JavaScript's own can say.
  statement.setReadBigInts(true);
  let after = first;
  for (;;) {
    const rows = statement.all(...after) as unknown as Row[];
    const last = rows.at(-1)?.slice(0, keyColumns);
    if (last === undefined) return;
    yield rows;
    // Damaged pages can lead back to where one was, again and again.
    if (!isBehind(last, after)) throw new Error("rows are out of order");
    after = last;
  }
}

function isBehind(key: readonly Cell[], before: readonly SQLInputValue[]): boolean {
  for (const [index, cell] of key.entries()) {
    const order = compareCells(cell, before[index] ?? null);
    if (order !== 0) return order > 0;
  }
  return false;
}

/** As SQLite orders values of one type; another type counts as behind. */
function compareCells(a: Cell, b: SQLInputValue): number {
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : Number(a > b);
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return 1;
}

function decoded(bytes: Uint8Array): Event | null {
  try {
    return decodeEvent(bytes);
  } catch {
    return null;
  }
}

interface Columns {
  readonly stream: Cell | undefined;
  readonly seq: Cell | undefined;
  readonly at: Cell | undefined;
  readonly room: Cell | undefined;
}

function differing(event: Event, columns: Columns): readonly string[] {
  const wrong: string[] = [];
  if (columns.stream !== event.stream) wrong.push("stream");
  if (columns.seq !== BigInt(event.seq)) wrong.push("seq");
  if (!Number.isSafeInteger(event.at) || columns.at !== BigInt(event.at)) wrong.push("at");
  if (columns.room !== event.room) wrong.push("room");
  return wrong;
}

/** Damage to an event that only its row can name, as far as the row still can. */
function damageAt(stream: Cell | undefined, seq: Cell | undefined, what: string): Damage {
  return {
    stream: typeof stream === "string" ? (stream as StreamId) : null,
    seq: typeof seq === "bigint" ? Number(seq) : null,
    what,
  };
}

function isBlob(hash: Cell | undefined, bytes: Cell | undefined): boolean {
  if (!(hash instanceof Uint8Array) || !(bytes instanceof Uint8Array)) return false;
  return digest("sha256", bytes, "hex") === hashText(hash);
}

function cellText(cell: Cell | undefined): string {
  return cell instanceof Uint8Array ? hashText(cell) : String(cell);
}

function damage(what: string): Damage {
  return { stream: null, seq: null, what };
}
