// Looks for damage in PostgreSQL below the events: what is kept beside an event's bytes and differs from them, and
// what ought to be there and is not. In slices, so that memory stays small. The server's own pages are the work of
// its checksums and of pg_amcheck.
import { decodeEvent, leafHash, type Event, type StreamId } from "../event/event.ts";
import { partitionOf } from "./partition.ts";
import type { Damage } from "./port.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import { hashText } from "./stored-event.ts";

const DAMAGE_MAX = 1000;
const SLICE = 500;

type EventColumns = readonly [
  partition: number,
  position: number,
  stream: Buffer,
  seq: number,
  at: number,
  room: Buffer | null,
  hash: Buffer,
  bytes: Buffer,
  hasHead: boolean,
];

const EVENTS = query<EventColumns>(
  `SELECT e.partition, e.position, e.stream, e.seq, e.at, e.room, e.hash, e.bytes,
     EXISTS (SELECT FROM heads AS h WHERE h.partition = e.partition AND h.stream = e.stream)
   FROM events AS e WHERE (e.partition, e.position) > ($1, $2)
   ORDER BY e.partition, e.position LIMIT ${SLICE}`,
);
const LOST_KEYS = query<readonly [Buffer, Buffer, number]>(
  `SELECT k.stream, k.key, k.seq FROM keys AS k WHERE NOT EXISTS (
     SELECT FROM events AS e WHERE e.partition = k.partition AND e.stream = k.stream AND e.seq = k.seq
   ) LIMIT ${DAMAGE_MAX}`,
);
const WRONG_ROOMS = query<readonly [Buffer]>(
  `WITH counted AS (
     SELECT partition, room, count(*) AS tiles, min(at) AS first_at, max(at) AS latest_at
     FROM events WHERE room IS NOT NULL GROUP BY partition, room
   ), kept AS (SELECT partition, room, tiles, first_at, latest_at FROM rooms)
   SELECT DISTINCT room FROM (
     (SELECT * FROM counted EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM counted)
   ) AS different ORDER BY room LIMIT ${DAMAGE_MAX}`,
);
const WRONG_BLOBS = query<readonly [Buffer]>(
  `SELECT hash FROM blobs WHERE sha256(bytes) <> hash ORDER BY hash LIMIT ${DAMAGE_MAX}`,
);

export async function inspectPostgres(
  client: PostgresClient,
  partitions: number,
): Promise<readonly Damage[]> {
  const found: Damage[] = [];
  const checks = [
    () => checkEvents(client, partitions, found),
    () => checkKeys(client, found),
    () => checkRooms(client, found),
    () => checkBlobs(client, found),
  ];
  for (const check of checks) {
    try {
      if (found.length < DAMAGE_MAX) await check();
    } catch (error) {
      found.push(damage(`Reading stopped: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
  return found.slice(0, DAMAGE_MAX);
}

async function checkEvents(client: PostgresClient, partitions: number, found: Damage[]): Promise<void> {
  let after: readonly [number, number] = [-1, 0];
  while (found.length < DAMAGE_MAX) {
    const rows = await client.all(EVENTS, ...after);
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const row of rows) found.push(...checkEvent(row, partitions));
    after = [last[0], last[1]];
  }
}

function checkEvent(row: EventColumns, partitions: number): readonly Damage[] {
  const [partition, , stream, seq, at, room, hash, bytes, hasHead] = row;
  const name = stream.toString() as StreamId;
  if (bytes.length === 0) {
    if (at === 0 && room === null) return [];
    return [{ stream: name, seq, what: "It has been pruned, and its time or room is there." }];
  }
  if (leafHash(bytes) !== hashText(hash)) return [{ stream: name, seq, what: "Bytes and hash disagree." }];
  const event = decoded(bytes);
  if (event === null) return [{ stream: name, seq, what: "The event's bytes cannot be read." }];
  const wrong: string[] = [];
  if (name !== event.stream) wrong.push("stream");
  if (seq !== event.seq) wrong.push("seq");
  if (at !== event.at) wrong.push("at");
  if ((room?.toString() ?? null) !== event.room) wrong.push("room");
  if (partition !== partitionOf(event.stream, partitions)) wrong.push("partition");
  const damages: Damage[] = [];
  // Sound bytes know best which event this is.
  const place = { stream: event.stream, seq: event.seq };
  if (wrong.length > 0) damages.push({ ...place, what: `Columns differ from it: ${wrong.join(", ")}.` });
  if (!hasHead && seq === 1) damages.push({ ...place, what: "The stream has no head." });
  return damages;
}

async function checkKeys(client: PostgresClient, found: Damage[]): Promise<void> {
  for (const [stream, key, seq] of await client.all(LOST_KEYS)) {
    const what = `The key ${JSON.stringify(key.toString())} names an event that is not there.`;
    found.push({ stream: stream.toString() as StreamId, seq, what });
  }
}

async function checkRooms(client: PostgresClient, found: Damage[]): Promise<void> {
  for (const [room] of await client.all(WRONG_ROOMS)) {
    found.push(damage(`The count of room ${JSON.stringify(room.toString())} differs from its events.`));
  }
}

async function checkBlobs(client: PostgresClient, found: Damage[]): Promise<void> {
  for (const [hash] of await client.all(WRONG_BLOBS)) {
    found.push(damage(`The blob ${hashText(hash)} has other bytes than its hash says.`));
  }
}

function decoded(bytes: Uint8Array): Event | null {
  try {
    return decodeEvent(bytes);
  } catch {
    return null;
  }
}

function damage(what: string): Damage {
  return { stream: null, seq: null, what };
}
