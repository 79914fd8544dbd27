// What one transaction appends. Streams and rooms that several items touch are read once and written once, so
// items of one stream chain on what the transaction itself has written. Where streams stand is remembered from
// one transaction to the next. Another process may have written meanwhile: then a stream stands further on than is
// remembered, so that its first event is refused by the index of stream and seq, and the stream is read anew.
import type { DatabaseSync } from "node:sqlite";
import type { StreamId } from "../event/event.ts";
import type { AppendItem, AppendKey, AppendResult, Head } from "../event/log.ts";
import { brokenChain, eachAlone, headText } from "./input.ts";
import { isTaken } from "./sqlite-error.ts";
import { Query } from "./sqlite-query.ts";
import { hashBytes, hashText } from "./stored-event.ts";

interface StreamState {
  seq: number;
  /** The hash of the event at `seq`; null for a new stream. */
  hash: string | null;
  /** The head to write; null when nothing was appended in this transaction. */
  head: HeadToWrite | null;
  stored: StoredPart | null;
}

const NO_BYTES = new Uint8Array();

/** How many streams are remembered. */
const STREAMS_MAX = 4096;

interface HeadToWrite {
  readonly head: Head;
  /** The stream's hash, as it is written. */
  readonly hash: Uint8Array;
  readonly labels: string;
  readonly summary: string;
}

/** The part of the stored head that indexes rest on. */
interface StoredPart {
  readonly kind: string;
  readonly status: string;
  readonly dueAt: number | null;
}

interface RoomChange {
  tiles: number;
  firstAt: number;
  latestAt: number;
}

type HeadRow = readonly [seq: number, hash: Uint8Array, kind: string, status: string, dueAt: number | null];

export class Appender {
  readonly #statements: Statements;
  /** Where streams stand, as far as this process knows. */
  readonly #known = new Map<StreamId, StreamState>();
  /** The streams this transaction appends to. */
  readonly #touched = new Map<StreamId, StreamState>();
  readonly #rooms = new Map<string, RoomChange>();

  constructor(database: DatabaseSync) {
    this.#statements = prepareAll(database);
  }

  append(items: readonly AppendItem[]): readonly AppendResult[] {
    return eachAlone(items, (item) => this.#appendItem(item));
  }

  /** Writes the heads and rooms of the transaction. */
  finish(): void {
    for (const [stream, state] of this.#touched) this.#writeHead(stream, state);
    for (const [room, { tiles, firstAt, latestAt }] of this.#rooms) {
      this.#statements.room.run(room, tiles, firstAt, latestAt);
    }
  }

  /** The transaction has ended; true when it has durably appended something. */
  ended(committed: boolean): boolean {
    const hasAppended = committed && this.#touched.size > 0;
    if (!committed || this.#known.size > STREAMS_MAX) this.#known.clear();
    this.#touched.clear();
    this.#rooms.clear();
    return hasAppended;
  }

  #appendItem(item: AppendItem): AppendResult {
    const repeated = this.#repeatedKey(item);
    if (repeated !== null) return { status: "repeated", key: repeated.key, seq: repeated.seq };
    try {
      return this.#appendTo(this.#state(item), item);
    } catch (cause) {
      if (!isTaken(cause)) throw cause;
      return { status: "conflict", seq: this.#read(item.stream).seq };
    }
  }

  #appendTo(state: StreamState, item: AppendItem): AppendResult {
    if (state.seq !== item.expectedSeq) return { status: "conflict", seq: state.seq };
    if (item.events[0]?.event.prev !== state.hash) throw brokenChain(item);
    const { labels, summary } = headText(item.head);
    let written: Uint8Array = NO_BYTES;
    let position = 0;
    for (const { event, hash, bytes } of item.events) {
      written = hashBytes(hash);
      position = this.#statements.event.insert(item.stream, event.seq, event.at, event.room, written, bytes);
      if (event.room !== null) this.#countTile(event.room, event.at);
      state.seq = event.seq;
      state.hash = hash;
    }
    for (const { key, seq } of item.keys) this.#statements.addKey.run(item.stream, key, seq);
    // When a stream was created is what its first item says.
    const createdAt = state.head?.head.createdAt ?? item.head.createdAt;
    state.head = { head: { ...item.head, createdAt }, hash: written, labels, summary };
    this.#touched.set(item.stream, state);
    return { status: "appended", position };
  }

  #repeatedKey({ stream, keys }: AppendItem): AppendKey | null {
    for (const { key } of keys) {
      const seq = this.#statements.key.get(stream, key)?.[0];
      if (seq !== undefined) return { key, seq };
    }
    return null;
  }

  /** As remembered; read anew when the caller knows another seq, and this transaction has not written it. */
  #state({ stream, expectedSeq }: AppendItem): StreamState {
    const known = this.#known.get(stream);
    if (known !== undefined && (known.seq === expectedSeq || this.#touched.has(stream))) return known;
    return this.#read(stream);
  }

  #read(stream: StreamId): StreamState {
    const row = this.#statements.head.get(stream);
    const state: StreamState =
      row === undefined
        ? { seq: 0, hash: null, head: null, stored: null }
        : {
            seq: row[0],
            hash: hashText(row[1]),
            head: null,
            stored: { kind: row[2], status: row[3], dueAt: row[4] },
          };
    this.#known.set(stream, state);
    return state;
  }

  #countTile(room: string, at: number): void {
    const change = this.#rooms.get(room);
    if (change === undefined) {
      this.#rooms.set(room, { tiles: 1, firstAt: at, latestAt: at });
      return;
    }
    change.tiles++;
    if (at < change.firstAt) change.firstAt = at;
    if (at > change.latestAt) change.latestAt = at;
  }

  /** SQLite writes the indexes of every column that an update names, changed or not: so it names as few as it can. */
  #writeHead(stream: StreamId, state: StreamState): void {
    const { seq, head, stored } = state;
    if (head === null) return;
    const { hash, labels, summary } = head;
    const { kind, status, createdAt, dueAt } = head.head;
    state.head = null;
    state.stored = { kind, status, dueAt };
    const { addHead, moveHead, deferHead, changeHead } = this.#statements;
    if (stored === null) addHead.run(stream, seq, hash, kind, status, createdAt, dueAt, labels, summary);
    else if (stored.kind !== kind || stored.status !== status) {
      changeHead.run(seq, hash, kind, status, dueAt, labels, summary, stream);
    } else if (stored.dueAt !== dueAt) deferHead.run(seq, hash, dueAt, labels, summary, stream);
    else moveHead.run(seq, hash, labels, summary, stream);
  }
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    head: new Query<HeadRow>(database, "SELECT seq, hash, kind, status, due_at FROM heads WHERE stream = ?"),
    key: new Query<readonly [number]>(database, "SELECT seq FROM keys WHERE stream = ? AND key = ?"),
    addKey: new Query(database, "INSERT INTO keys (stream, key, seq) VALUES (?, ?, ?)"),
    event: new Query(
      database,
      "INSERT INTO events (stream, seq, at, room, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    addHead: new Query(
      database,
      `INSERT INTO heads (stream, seq, hash, kind, status, created_at, due_at, labels, summary)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    moveHead: new Query(
      database,
      "UPDATE heads SET seq = ?, hash = ?, labels = ?, summary = ? WHERE stream = ?",
    ),
    deferHead: new Query(
      database,
      "UPDATE heads SET seq = ?, hash = ?, due_at = ?, labels = ?, summary = ? WHERE stream = ?",
    ),
    changeHead: new Query(
      database,
      `UPDATE heads SET seq = ?, hash = ?, kind = ?, status = ?, due_at = ?, labels = ?, summary = ?
       WHERE stream = ?`,
    ),
    room: new Query(
      database,
      `INSERT INTO rooms (room, tiles, first_at, latest_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (room) DO UPDATE SET tiles = tiles + excluded.tiles,
         first_at = min(first_at, excluded.first_at), latest_at = max(latest_at, excluded.latest_at)`,
    ),
  };
}
