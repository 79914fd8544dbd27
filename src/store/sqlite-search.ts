// Search over SQLite's FTS5, filled behind the log: a word costs more than the event it stands in, so no append
// waits for it. The words are cut by `event/words.ts` and merely kept here: FTS5's `ascii` tokenizer leaves
// lower-case words of letters and digits as they are.
import type { DatabaseSync } from "node:sqlite";
import { HolodeckError } from "../event/error.ts";
import type { Hash } from "../event/event.ts";
import type { StoredEvent } from "../event/log.ts";
import { hashWord, wordsOfEvent } from "../event/words.ts";
import { checkSearch } from "./input.ts";
import { pageLimit } from "./page.ts";
import type { Page, PageRequest } from "./port.ts";
import { EVENT_COLUMNS, Query } from "./sqlite-query.ts";
import type { Writer } from "./sqlite-writer.ts";
import { eventCursor, eventPage, hashBytes, storedEvent, type EventRow } from "./stored-event.ts";

/** How many events one transaction makes findable. */
const FILL_MAX = 256;

export class Search {
  readonly #writer: Writer;
  readonly #end: Query<readonly [number]>;
  readonly #place: Query<readonly [number]>;
  readonly #savePlace: Query;
  readonly #next: Query<EventRow>;
  readonly #add: Query;
  readonly #remove: Query;
  readonly #find: Query<EventRow>;
  readonly #findByHash: Query<EventRow>;

  constructor(database: DatabaseSync, writer: Writer) {
    this.#writer = writer;
    this.#end = new Query(database, "SELECT coalesce(max(position), 0) FROM events");
    this.#place = new Query(database, "SELECT position FROM words_place");
    this.#savePlace = new Query(database, "UPDATE words_place SET position = ?");
    this.#next = new Query(
      database,
      `SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ${FILL_MAX}`,
    );
    this.#add = new Query(database, "INSERT INTO words (rowid, text) VALUES (?, ?)");
    // A table that keeps no text is told what to forget: the words that were added.
    this.#remove = new Query(database, "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)");
    this.#find = new Query(database, FIND);
    this.#findByHash = new Query(database, FIND_BY_HASH);
  }

  async search(text: string, page: PageRequest | undefined): Promise<Page<StoredEvent>> {
    const words = checkSearch(text);
    const limit = pageLimit(page);
    const [at, hash] = eventCursor(page);
    if (words.length === 0) return { items: [], next: null };
    await this.#catchUp();
    const match = words.map((word) => `"${word}"`).join(" ");
    return eventPage(this.#find.all(match, at, hash, limit + 1).map(storedEvent), limit);
  }

  /** By a word of its own beside the event's: an index by hash would cost every append a page of its own. */
  async find(hash: Hash): Promise<StoredEvent | null> {
    await this.#catchUp();
    const row = this.#findByHash.get(`"${hashWord(hash)}"`, hashBytes(hash));
    return row === undefined ? null : storedEvent(row);
  }

  /** Takes an event's words out again, inside a transaction and while its bytes are there. */
  forget(row: EventRow): void {
    const isFilled = row[0] <= (this.#place.get()?.[0] ?? 0);
    if (isFilled) this.#remove.run(row[0], findableText(row));
  }

  /** Up to where the log ends now; what is appended meanwhile need not be found. */
  async #catchUp(): Promise<void> {
    const end = this.#end.get()?.[0] ?? 0;
    let place = this.#place.get()?.[0] ?? 0;
    while (place < end) place = await this.#writer.write(FILL_MAX, () => this.#fill());
  }

  #fill(): number {
    let place = this.#place.get()?.[0] ?? 0;
    for (const row of this.#next.all(place)) {
      place = row[0];
      this.#add.run(place, findableText(row));
    }
    this.#savePlace.run(place);
    return place;
  }
}

/** A pruned event is found by no word. Nor is a damaged one; `verify` reports it, and the search of all others goes on. */
function findableText(row: EventRow): string {
  try {
    const { event, hash } = storedEvent(row);
    return [hashWord(hash), ...wordsOfEvent(event)].join(" ");
  } catch (error) {
    if (error instanceof HolodeckError && error.code === "event_corrupt") return "";
    throw error;
  }
}

const FIND_BY_HASH = `
SELECT ${EVENT_COLUMNS} FROM events WHERE hash = ?2 AND length(bytes) > 0
  AND position IN (SELECT words.rowid FROM words WHERE words MATCH ?1)`;

/** Hits are ordered by the small columns; the bytes are read for the page alone. */
const FIND = `
SELECT ${EVENT_COLUMNS} FROM events WHERE position IN (
  SELECT events.position FROM words CROSS JOIN events ON events.position = words.rowid
  WHERE words MATCH ? AND (events.at, events.hash) < (?, ?) AND length(events.bytes) > 0
  ORDER BY events.at DESC, events.hash DESC LIMIT ?
)
ORDER BY at DESC, hash DESC`;
