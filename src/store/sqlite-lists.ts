// What is read in lists: heads, deadlines, stream names, rooms. Each list walks one index from where the page
// before ended, so a page costs the same however long the list is.
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { StreamId } from "../event/event.ts";
import type { Head, StoredEvent } from "../event/log.ts";
import { checkFilter, checkLimit, checkText, checkTime } from "./input.ts";
import { cutPage, encodeCursor, pageCursor, pageLimit } from "./page.ts";
import type { HeadFilter, Page, PageRequest, RoomSummary, StoredHead } from "./port.ts";
import { EVENT_COLUMNS, Query } from "./sqlite-query.ts";
import { eventCursor, eventPage, hashText, storedEvent, type EventRow } from "./stored-event.ts";

/** How many heads one page may look at to find those with the labels asked for. */
const SCAN_MAX = 1000;

const HEAD_COLUMNS = "stream, seq, hash, kind, status, created_at, due_at, labels, summary";
type HeadRow = readonly [
  stream: StreamId,
  seq: number,
  hash: Uint8Array,
  kind: string,
  status: string,
  createdAt: number,
  dueAt: number | null,
  labels: string,
  summary: string,
];

const STREAM = 0;
const CREATED_AT = 5;
const LABELS = 7;

/** Before every real cursor when reading forwards. */
const FIRST = -Number.MAX_SAFE_INTEGER;

export class Lists {
  readonly #database: DatabaseSync;
  readonly #headQueries = new Map<string, Query<HeadRow>>();
  readonly #head: Query<HeadRow>;
  readonly #due: Query<HeadRow>;
  readonly #streams: Query<readonly [StreamId]>;
  readonly #room: Query<EventRow>;
  readonly #rooms: Query<readonly [string, number, number, number]>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#head = new Query(database, `SELECT ${HEAD_COLUMNS} FROM heads WHERE stream = ?`);
    this.#due = new Query(
      database,
      `SELECT ${HEAD_COLUMNS} FROM heads WHERE due_at IS NOT NULL AND due_at <= ?
       ORDER BY due_at, stream LIMIT ?`,
    );
    this.#streams = new Query(database, STREAMS);
    this.#room = new Query(
      database,
      `SELECT ${EVENT_COLUMNS} FROM events WHERE room = ? AND (at, hash) < (?, ?)
       ORDER BY at DESC, hash DESC LIMIT ?`,
    );
    this.#rooms = new Query(database, "SELECT room, tiles, first_at, latest_at FROM rooms ORDER BY room");
  }

  head(stream: StreamId): StoredHead | null {
    const row = this.#head.get(checkText("stream", stream));
    return row === undefined ? null : storedHead(row);
  }

  heads(filter: HeadFilter, page: PageRequest | undefined): Page<StoredHead> {
    const { labels = [] } = checkFilter(filter);
    const limit = pageLimit(page);
    const after = pageCursor(page, [0, ""] as [number, string]);
    const items: StoredHead[] = [];
    let last: HeadRow | null = null;
    let scanned = 0;
    for (const row of this.#walk(filter, after)) {
      if (last !== null && (items.length === limit || scanned === SCAN_MAX)) {
        return { items, next: encodeCursor([last[CREATED_AT], last[STREAM]]) };
      }
      last = row;
      scanned++;
      if (hasAll(row, labels)) items.push(storedHead(row));
    }
    return { items, next: null };
  }

  due(before: number, limit: number | undefined): readonly StoredHead[] {
    return this.#due.all(checkTime("before", before), checkLimit(limit, 100)).map(storedHead);
  }

  streams(page: PageRequest | undefined): Page<StreamId> {
    const limit = pageLimit(page);
    const after = pageCursor(page, [""] as [string]);
    const names = this.#streams.all(after?.[0] ?? "", limit + 1).map(([stream]) => stream);
    return cutPage(names, limit, (stream) => [stream]);
  }

  room(name: string, page: PageRequest | undefined): Page<StoredEvent> {
    checkText("room", name);
    const limit = pageLimit(page);
    const [at, hash] = eventCursor(page);
    return eventPage(this.#room.all(name, at, hash, limit + 1).map(storedEvent), limit);
  }

  rooms(): readonly RoomSummary[] {
    return this.#rooms.all().map(([room, tiles, createdAt, latestAt]) => ({
      room,
      tiles,
      createdAt,
      latestAt,
    }));
  }

  #walk(filter: HeadFilter, after: readonly [number, string] | null): Iterable<HeadRow> {
    const { kind, status, createdFrom = FIRST, createdBefore } = filter;
    const conditions = ["kind = ?", "created_at >= ?"];
    const values: SQLInputValue[] = [kind, createdFrom];
    const add = (condition: string, ...more: SQLInputValue[]) => {
      conditions.push(condition);
      values.push(...more);
    };
    if (status !== undefined) add("status = ?", status);
    if (createdBefore !== undefined) add("created_at < ?", createdBefore);
    if (after !== null) add("(created_at, stream) < (?, ?)", ...after);
    // Said, as SQLite without statistics takes the wrong one and walks all heads of the kind for a rare status.
    const index = status === undefined ? "heads_by_kind" : "heads_by_status";
    const sql = `SELECT ${HEAD_COLUMNS} FROM heads INDEXED BY ${index} WHERE ${conditions.join(" AND ")}
      ORDER BY created_at DESC, stream DESC`;
    const query = this.#headQueries.get(sql) ?? new Query<HeadRow>(this.#database, sql);
    this.#headQueries.set(sql, query);
    return query.iterate(...values);
  }
}

/**
 * Every stream with an event or a head, by jumping from name to name in the index. Limited within, so that a page
 * walks no further than itself, and ends in a damaged index too.
 */
const STREAMS = `
WITH RECURSIVE named (stream) AS (
  SELECT min(stream) FROM events WHERE stream > ?1
  UNION ALL
  SELECT (SELECT min(events.stream) FROM events WHERE events.stream > named.stream)
  FROM named WHERE named.stream IS NOT NULL
  LIMIT ?2
)
SELECT stream FROM named WHERE stream IS NOT NULL
UNION SELECT stream FROM (SELECT stream FROM heads WHERE stream > ?1 ORDER BY stream LIMIT ?2)
ORDER BY stream LIMIT ?2`;

function hasAll(row: HeadRow, labels: readonly string[]): boolean {
  if (labels.length === 0) return true;
  const has = JSON.parse(row[LABELS]) as Head["labels"];
  return labels.every((label) => has.includes(label));
}

function storedHead(row: HeadRow): StoredHead {
  const [stream, seq, hash, kind, status, createdAt, dueAt, labels, summary] = row;
  return {
    stream,
    seq,
    hash: hashText(hash),
    kind,
    status,
    createdAt,
    dueAt,
    labels: JSON.parse(labels) as Head["labels"],
    summary: JSON.parse(summary) as Head["summary"],
  };
}
