// What is read in lists from PostgreSQL: heads, deadlines, stream names, rooms. Each list walks one index from where
// the page before ended.
import type { StreamId } from "../event/event.ts";
import type { Head, StoredEvent } from "../event/log.ts";
import { checkFilter, checkLimit, checkText, checkTime } from "./input.ts";
import { cutPage, encodeCursor, pageCursor, pageLimit } from "./page.ts";
import type { HeadFilter, Page, PageRequest, RoomSummary, StoredHead } from "./port.ts";
import { byteaArray } from "./postgres-array.ts";
import { query, type PostgresClient, type Query, type Value } from "./postgres-client.ts";
import { eventCursor, eventPage, hashText, storedEvent, type EventRow } from "./stored-event.ts";

/** How many heads one page looks at to find those with the labels asked for. */
const SCAN_MAX = 2000;

const HEAD_COLUMNS = "stream, seq, hash, kind, status, created_at, due_at, labels, summary";
type HeadRow = readonly [
  stream: Buffer,
  seq: number,
  hash: Buffer,
  kind: Buffer,
  status: Buffer,
  createdAt: number,
  dueAt: number | null,
  labels: Buffer,
  summary: Buffer,
];
/** A head with its place among those looked at, and whether it has the labels asked for. */
type ScannedRow = readonly [...HeadRow, isFound: boolean, n: number];

const HEAD = query<HeadRow>(`SELECT ${HEAD_COLUMNS} FROM heads WHERE partition = $1 AND stream = $2`);
const DUE = query<HeadRow>(
  `SELECT ${HEAD_COLUMNS} FROM heads WHERE due_at IS NOT NULL AND due_at <= $1
   ORDER BY due_at, stream LIMIT $2`,
);
/** The key begins with the partition, so every partition's names are looked at. */
const STREAMS = query<readonly [Buffer]>(
  `SELECT h.stream FROM generate_series(0, $1 - 1) AS p CROSS JOIN LATERAL
     (SELECT stream FROM heads WHERE partition = p AND stream > $2 ORDER BY stream LIMIT $3) AS h
   ORDER BY h.stream LIMIT $3`,
);
const ROOM = query<EventRow>(
  `SELECT position, hash, bytes FROM events WHERE room = $1 AND (at, hash) < ($2, $3)
   ORDER BY at DESC, hash DESC LIMIT $4`,
);
const ROOMS = query<readonly [Buffer, number, number, number]>(
  `SELECT room, sum(tiles)::int8, min(first_at), max(latest_at) FROM rooms GROUP BY room ORDER BY room`,
);

export class PostgresLists {
  readonly #client: PostgresClient;
  readonly #partitions: number;

  constructor(client: PostgresClient, partitions: number) {
    this.#client = client;
    this.#partitions = partitions;
  }

  async head(stream: StreamId, partition: number): Promise<StoredHead | null> {
    const row = await this.#client.get(HEAD, partition, Buffer.from(stream));
    return row === undefined ? null : storedHead(row);
  }

  async heads(filter: HeadFilter, page: PageRequest | undefined): Promise<Page<StoredHead>> {
    const { labels = [] } = checkFilter(filter);
    const limit = pageLimit(page);
    const after = pageCursor(page, [0, ""] as [number, string]);
    const [asked, values] = headsQuery(filter, after, labels.length > 0);
    const rows = await this.#client.all(asked, byteaArray(labels), limit + 1, ...values);
    const found = rows.filter(([, , , , , , , , , isFound]) => isFound);
    if (found.length > limit) return cutPage(found.map(scannedHead), limit, headCursor);
    const items = found.map(scannedHead);
    // The scan's end comes along though it may not have been looked for, so that the next page goes on there.
    const end = rows.find((row) => row[10] === SCAN_MAX);
    const hasMore = rows.some((row) => row[10] > SCAN_MAX);
    if (end === undefined || !hasMore) return { items, next: null };
    return { items: items.slice(0, limit), next: encodeCursor(headCursor(scannedHead(end))) };
  }

  async due(before: number, limit: number | undefined): Promise<readonly StoredHead[]> {
    const rows = await this.#client.all(DUE, checkTime("before", before), checkLimit(limit, 100));
    return rows.map(storedHead);
  }

  async streams(page: PageRequest | undefined): Promise<Page<StreamId>> {
    const limit = pageLimit(page);
    const after = pageCursor(page, [""] as [string]);
    const rows = await this.#client.all(STREAMS, this.#partitions, Buffer.from(after?.[0] ?? ""), limit + 1);
    return cutPage(
      rows.map(([stream]) => stream.toString() as StreamId),
      limit,
      (stream) => [stream],
    );
  }

  async room(name: string, page: PageRequest | undefined): Promise<Page<StoredEvent>> {
    const room = Buffer.from(checkText("room", name));
    const limit = pageLimit(page);
    const [at, hash] = eventCursor(page);
    const rows = await this.#client.all(ROOM, room, at, hash, limit + 1);
    return eventPage(rows.map(storedEvent), limit);
  }

  async rooms(): Promise<readonly RoomSummary[]> {
    const rows = await this.#client.all(ROOMS);
    return rows.map(([room, tiles, createdAt, latestAt]) => ({
      room: room.toString(),
      tiles,
      createdAt,
      latestAt,
    }));
  }
}

/** `$1` are the labels, `$2` how many heads with them are asked for; the others follow the filter. */
function headsQuery(
  { kind, status, createdFrom, createdBefore }: HeadFilter,
  after: readonly [number, string] | null,
  hasLabels: boolean,
): readonly [Query<ScannedRow>, readonly Value[]] {
  const conditions: string[] = [];
  const values: Value[] = [];
  const add = (condition: string, value: Value) => {
    values.push(value);
    conditions.push(condition.replace("?", `$${values.length + 2}`));
  };
  add("kind = ?", Buffer.from(kind));
  if (status !== undefined) add("status = ?", Buffer.from(status));
  if (createdFrom !== undefined) add("created_at >= ?", createdFrom);
  if (createdBefore !== undefined) add("created_at < ?", createdBefore);
  if (after !== null) {
    values.push(after[0], Buffer.from(after[1]));
    conditions.push(`(created_at, stream) < ($${values.length + 1}, $${values.length + 2})`);
  }
  const order = "ORDER BY created_at DESC, stream DESC";
  const where = `FROM heads WHERE ${conditions.join(" AND ")}`;
  if (!hasLabels) {
    // Whatever is met is found.
    const all = `SELECT ${HEAD_COLUMNS}, true, 0 ${where} AND $1::bytea[] IS NOT NULL ${order} LIMIT $2`;
    return [query<ScannedRow>(all), values];
  }
  const text = `
    SELECT ${HEAD_COLUMNS}, is_found, n FROM (
      SELECT ${HEAD_COLUMNS}, n, label_set @> $1 AND n <= ${SCAN_MAX} AS is_found FROM (
        SELECT ${HEAD_COLUMNS}, label_set, row_number() OVER (${order}) AS n
        ${where} ${order} LIMIT ${SCAN_MAX + 1}
      ) AS scanned
    ) AS marked WHERE is_found OR n >= ${SCAN_MAX} ORDER BY n LIMIT $2 + 2`;
  return [query<ScannedRow>(text), values];
}

function scannedHead(row: ScannedRow): StoredHead {
  const [stream, seq, hash, kind, status, createdAt, dueAt, labels, summary] = row;
  return storedHead([stream, seq, hash, kind, status, createdAt, dueAt, labels, summary]);
}

function headCursor({ createdAt, stream }: StoredHead): readonly [number, string] {
  return [createdAt, stream];
}

function storedHead(row: HeadRow): StoredHead {
  const [stream, seq, hash, kind, status, createdAt, dueAt, labels, summary] = row;
  return {
    stream: stream.toString() as StreamId,
    seq,
    hash: hashText(hash),
    kind: kind.toString(),
    status: status.toString(),
    createdAt,
    dueAt,
    labels: JSON.parse(labels.toString()) as Head["labels"],
    summary: JSON.parse(summary.toString()) as Head["summary"],
  };
}
