// Search in PostgreSQL, filled behind the log. The words are cut here, as for every store; the database keeps which
// event holds which, in an inverted index. Any process may fill: who comes second finds the place moved and adds
// nothing.
import { HolodeckError } from "../event/error.ts";
import type { Hash } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { hashWord, wordsOfEvent } from "../event/words.ts";
import { checkSearch } from "./input.ts";
import { pageLimit } from "./page.ts";
import type { Page, PageRequest } from "./port.ts";
import { byteaArray, byteaArrayText, int8Array, textArray } from "./postgres-array.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import { eventCursor, eventPage, hashBytes, storedEvent, type EventRow } from "./stored-event.ts";

/** How many events one statement makes findable. */
const FILL_MAX = 256;

type BehindRow = readonly [partition: number, place: number];
type FillRow = readonly [...EventRow, at: number];

const BEHIND = query<BehindRow>(
  `SELECT w.partition, w.position FROM words_places AS w WHERE w.position <
     (SELECT e.position FROM events AS e WHERE e.partition = w.partition ORDER BY e.position DESC LIMIT 1)`,
);
const NEXT = query<FillRow>(
  `SELECT position, hash, bytes, at FROM events WHERE partition = $1 AND position > $2
   ORDER BY position LIMIT ${FILL_MAX}`,
);
const ADD = query("SELECT add_words($1, $2, $3, $4, $5, $6, $7)");
/** Hits are ordered by the small columns; the bytes are read for the page alone. */
const FIND = query<EventRow>(
  `SELECT e.position, e.hash, e.bytes FROM (
     SELECT partition, position FROM words WHERE words @> $1 AND (at, hash) < ($2, $3)
     ORDER BY at DESC, hash DESC LIMIT $4
   ) AS hit JOIN events AS e ON e.partition = hit.partition AND e.position = hit.position
   WHERE octet_length(e.bytes) > 0
   ORDER BY e.at DESC, e.hash DESC`,
);

const FIND_BY_HASH = query<EventRow>(
  `SELECT e.position, e.hash, e.bytes FROM words AS w
   JOIN events AS e ON e.partition = w.partition AND e.position = w.position
   WHERE w.words @> $1 AND w.hash = $2 AND octet_length(e.bytes) > 0`,
);

export async function searchPostgres(
  client: PostgresClient,
  text: string,
  page: PageRequest | undefined,
): Promise<Page<StoredEvent>> {
  const words = checkSearch(text);
  const limit = pageLimit(page);
  const [at, hash] = eventCursor(page);
  if (words.length === 0) return { items: [], next: null };
  await catchUp(client);
  const rows = await client.all(FIND, byteaArray(words), at, hash, limit + 1);
  return eventPage(rows.map(storedEvent), limit);
}

/** By a word of its own beside the event's, which an append need not wait for. */
export async function findInPostgres(client: PostgresClient, hash: Hash): Promise<StoredEvent | null> {
  await catchUp(client);
  const row = await client.get(FIND_BY_HASH, byteaArray([hashWord(hash)]), hashBytes(hash));
  return row === undefined ? null : storedEvent(row);
}

async function catchUp(client: PostgresClient): Promise<void> {
  for (;;) {
    const behind = await client.all(BEHIND);
    if (behind.length === 0) return;
    for (const [partition, place] of behind) await fill(client, partition, place);
  }
}

async function fill(client: PostgresClient, partition: number, place: number): Promise<void> {
  const rows = await client.all(NEXT, partition, place);
  const last = rows.at(-1);
  if (last === undefined) return;
  await client.all(
    ADD,
    partition,
    place,
    last[0],
    int8Array(rows.map(([position]) => position)),
    int8Array(rows.map(([, , , at]) => at)),
    byteaArray(rows.map(([, hash]) => hash)),
    textArray(rows.map((row) => byteaArrayText(findableWords([row[0], row[1], row[2]])))),
  );
}

/** A pruned event is found by no word. Nor is a damaged one; `verify` reports it, and the search of all others goes on. */
function findableWords(row: EventRow): readonly string[] {
  try {
    const { event, hash } = storedEvent(row);
    return [hashWord(hash), ...wordsOfEvent(event)];
  } catch (error) {
    if (error instanceof HolodeckError && error.code === "event_corrupt") return [];
    throw error;
  }
}
