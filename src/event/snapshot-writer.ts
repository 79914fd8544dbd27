// Saves snapshots of one stream as it grows. A small state is saved in one go; one that has parts is written beside the
// work: each append carries a bounded piece of it, so no command waits for a whole, however large the state.
import type { SnapshotForm, SnapshotImage } from "./decider.ts";
import type { Hash, StreamId } from "./event.ts";
import type { Folded } from "./fold.ts";
import type { EventLog, Snapshot } from "./log.ts";
import { encodePart, saveParts } from "./snapshot-parts.ts";

/** Rows one append carries: so many for each of its events, within these bounds. A row costs about a microsecond. */
export const ROWS_PER_EVENT = 64;
export const ROWS_PER_APPEND_MIN = 512;
export const ROWS_PER_APPEND_MAX = 4_096;

/** Rows of one part: half a megabyte or so. */
export const ROWS_PER_PART = 8_192;

/** The next snapshot is due after an event for so many rows, so that rewriting all costs each event the same. */
export const ROWS_PER_EVENT_BETWEEN = 16;

/** A snapshot on its way out. */
interface Writing {
  readonly snapshot: Omit<Snapshot, "state">;
  readonly image: SnapshotImage;
  readonly parts: Hash[];
  texts: string[];
  rows: number;
}

export class SnapshotWriter<State> {
  readonly #log: EventLog;
  readonly #stream: StreamId;
  readonly #form: SnapshotForm<State>;
  readonly #every: number;
  #writing: Writing | null = null;
  #isStoring = false;

  /** A snapshot is due after `every` events, or later where the state is large. */
  constructor(log: EventLog, stream: StreamId, form: SnapshotForm<State>, every: number) {
    this.#log = log;
    this.#stream = stream;
    this.#form = form;
    this.#every = every;
  }

  /** Told of the state after each append of so many events. Does a bounded part of what is to be done. */
  step(known: Folded<State>, events: number): void {
    if (this.#isStoring) return;
    this.#writing ??= this.#begin(known);
    if (this.#writing === null) return;
    const limit = Math.max(ROWS_PER_APPEND_MIN, Math.min(events * ROWS_PER_EVENT, ROWS_PER_APPEND_MAX));
    const rows = this.#writing.image.take(limit);
    if (rows === null) {
      this.#writing = null;
      known.snapshotSeq = 0; // It is due still: the next append begins anew.
      return;
    }
    this.#writing.rows += rows.length;
    if (rows.length > 0) this.#writing.texts.push(JSON.stringify(rows));
    if (rows.length === 0 || this.#writing.rows >= ROWS_PER_PART)
      this.#store(this.#writing, rows.length === 0);
  }

  #begin(known: Folded<State>): Writing | null {
    const { seq, hash, at, state } = known;
    const { parts, version } = this.#form;
    const rows = parts?.size(state) ?? 0;
    if (hash === null || seq - known.snapshotSeq < Math.max(this.#every, rows / ROWS_PER_EVENT_BETWEEN)) {
      return null;
    }
    known.snapshotSeq = seq;
    const snapshot = { seq, hash, at, version };
    if (parts !== undefined) return { snapshot, image: parts.open(state), parts: [], texts: [], rows: 0 };
    const whole = { ...snapshot, state: this.#form.save(state) };
    // A snapshot that was not saved costs time at the next read and nothing else.
    this.#log.saveSnapshot({ stream: this.#stream, snapshot: whole }).catch(() => undefined);
    return null;
  }

  #store(writing: Writing, isLast: boolean): void {
    this.#isStoring = true;
    this.#put(writing, isLast)
      .catch(() => {
        // A snapshot that was not saved costs time at the next read and nothing else.
        writing.image.close();
        this.#writing = null;
      })
      .finally(() => {
        this.#isStoring = false;
      });
  }

  async #put(writing: Writing, isLast: boolean): Promise<void> {
    const { snapshot, parts } = writing;
    const { texts } = writing;
    writing.texts = [];
    writing.rows = 0;
    if (texts.length > 0) {
      const bytes = encodePart(this.#stream, snapshot.seq, parts.length, texts);
      parts.push(await this.#log.putBlob({ bytes }));
    }
    if (!isLast) return;
    await saveParts(this.#log, this.#stream, snapshot, parts);
    this.#writing = null;
  }
}
