// What a SQLite store holds. Created whole by the program, or not at all; a change raises the version.
// Times are milliseconds since the epoch, hashes 32 bytes. Everything but `events`, `keys`, `places`,
// `snapshots` and `blobs` can be made anew from the events.

/** "Holo": written into the file's header, so that other programs' files are told apart. */
export const APPLICATION_ID = 0x486f6c6f;

/**
 * `bytes` stands last, so that reading the columns before it never walks overflow pages. `heads` is keyed by
 * stream itself: its indexes carry the stream as their tail, which is the order lists have. Blobs are rows, not
 * files beside the database: one file to copy, one sync, and no orphan after a crash between the two.
 * `words` keeps no text and no places in it: only which event holds which word.
 */
const VERSION_1 = `
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  room TEXT,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, seq);
CREATE INDEX events_by_room ON events (room, at, hash) WHERE room IS NOT NULL;

CREATE TABLE keys (
  stream TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE heads (
  stream TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER,
  labels TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX heads_by_kind ON heads (kind, created_at, stream);
CREATE INDEX heads_by_status ON heads (kind, status, created_at, stream);
CREATE INDEX heads_by_due ON heads (due_at, stream) WHERE due_at IS NOT NULL;

CREATE TABLE rooms (
  room TEXT PRIMARY KEY,
  tiles INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  latest_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE places (name TEXT PRIMARY KEY, place TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (stream TEXT PRIMARY KEY, snapshot TEXT NOT NULL) STRICT;
CREATE TABLE blobs (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (text, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
CREATE TABLE words_place (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT INTO words_place VALUES (1, 0);

PRAGMA application_id = ${APPLICATION_ID};
`;

/**
 * When blobs were put. A table of its own: behind a blob's bytes, reading it would walk all of them. What was there
 * before counts as put when the store was brought up.
 * Of a pruned event, `bytes` is empty, `at` 0 and `room` null.
 */
const VERSION_2 = `
CREATE TABLE blob_puts (hash BLOB PRIMARY KEY, put_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO blob_puts SELECT hash, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM blobs;
`;

/** An event is found by its hash too, by a word of its own: the words of what was there before are filled anew. */
const VERSION_3 = `
INSERT INTO words (words) VALUES ('delete-all');
UPDATE words_place SET position = 0;
`;

/** Each brings a store from the version of its index to the next; an empty file has version 0. */
const STEPS: readonly string[] = [VERSION_1, VERSION_2, VERSION_3];

export const SCHEMA_VERSION = STEPS.length;

/** What brings a store of a version to this program's. */
export function schemaFrom(version: number): string {
  return `${STEPS.slice(version).join("\n")}\nPRAGMA user_version = ${SCHEMA_VERSION};`;
}

/** A new store. */
export const SCHEMA = schemaFrom(0);

/** Every table of the schema at a version: what a sound file can be asked for. */
export function tablesAt(version: number): readonly string[] {
  return version < 2 ? TABLES_1 : [...TABLES_1, "blob_puts"];
}

const TABLES_1 = [
  "events",
  "keys",
  "heads",
  "rooms",
  "places",
  "snapshots",
  "blobs",
  "leases",
  "words_data",
  "words_place",
] as const;
