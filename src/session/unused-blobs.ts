// Finds the blobs nobody names and lets go of them, in bounded steps: first which blobs are old enough, then the whole
// log for their hashes, then what was not found goes. A blob put meanwhile is not touched: the store sees to that.
import { streamKind, type Event, type StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import { partsOf } from "../event/snapshot-parts.ts";
import type { Store, StoredBlob } from "../store/port.ts";
import type { BlobReference } from "./events.ts";

/** A blob is put before the event that names it: so much time lies between the two at most. */
export const UNUSED_BLOB_MS = 24 * 60 * 60 * 1000;

/** How many blobs one walk through the log looks for: as many as memory bears. */
const SOUGHT_MAX = 100_000;
const PAGE = 1_000;

/** Hex of a SHA-256 wherever it stands, also within a longer run. */
const HASH = /(?=([0-9a-f]{64}))/g;

export interface UnusedBlobsOptions {
  readonly store: Store;
  /** Whether a session holds its blobs no more. */
  readonly hasLetGo: (stream: StreamId) => Promise<boolean>;
  /** Told of each blob that nobody names; deletes it. */
  readonly unused: (blob: StoredBlob, putBefore: number) => Promise<void>;
}

/** One walk through all blobs. Each `step` does a bounded part of it. */
export class UnusedBlobs {
  readonly #options: UnusedBlobsOptions;
  readonly #putBefore: number;
  readonly #sought = new Map<string, StoredBlob>();
  /** Where the list of blobs goes on; null when it is at its end. */
  #next: string | null | undefined;
  /** Where the log goes on; undefined while blobs are being listed. */
  #place: TailPlace | null | undefined;
  /** Fleets that were met in the log: the blobs of their snapshots are named by no event. */
  readonly #fleets = new Set<StreamId>();

  constructor(options: UnusedBlobsOptions, now: number) {
    this.#options = options;
    this.#putBefore = now - UNUSED_BLOB_MS;
  }

  /** False when the walk is over. */
  async step(): Promise<boolean> {
    if (this.#place !== undefined) return await this.#look();
    if (this.#next === null) return false;
    const page = { limit: PAGE, ...(this.#next !== undefined && { after: this.#next }) };
    const { items, next } = await this.#options.store.blobs({ page });
    for (const blob of items) if (blob.putAt < this.#putBefore) this.#sought.set(blob.hash, blob);
    this.#next = next;
    if ((next === null && this.#sought.size > 0) || this.#sought.size >= SOUGHT_MAX) this.#place = null;
    return next !== null || this.#place !== undefined;
  }

  async #look(): Promise<boolean> {
    const { store, unused } = this.#options;
    const { events, place } = await store.tail({ after: this.#place ?? null, limit: PAGE });
    for (const stored of events) await this.#find(stored);
    this.#place = place;
    if (events.length > 0) return true;
    await this.#keepSnapshots();
    for (const blob of this.#sought.values()) await unused(blob, this.#putBefore);
    this.#sought.clear();
    this.#place = undefined;
    return this.#next !== null;
  }

  /** What a snapshot consists of now; what came since was put a short while ago. */
  async #keepSnapshots(): Promise<void> {
    for (const stream of this.#fleets) {
      const snapshot = await this.#options.store.snapshot({ stream });
      for (const hash of partsOf(snapshot)) this.#sought.delete(hash);
    }
    this.#fleets.clear();
  }

  async #find({ event, bytes }: StoredEvent): Promise<void> {
    if (streamKind(event.stream) === "fleet") this.#fleets.add(event.stream);
    const text = latin1(bytes) + (await this.#listed(event));
    for (const [, hash = ""] of text.matchAll(HASH)) {
      if (!this.#sought.has(hash)) continue;
      const isSession = streamKind(event.stream) === "session";
      if (isSession && (await this.#options.hasLetGo(event.stream))) return;
      this.#sought.delete(hash);
    }
  }

  /** A list of artifacts that is too long for its event names blobs as well. */
  async #listed({ data }: Event): Promise<string> {
    const list = data["artifacts_blob"] as BlobReference | undefined;
    const bytes = list === undefined ? null : await this.#options.store.blob({ hash: list.hash });
    return bytes === null ? "" : latin1(bytes);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
