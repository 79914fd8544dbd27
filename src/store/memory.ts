// The store in memory: the reference the others are compared with, so it is simple rather than fast. It keeps
// what a disk would keep (bytes and JSON text) and gives back fresh copies, never what the caller passed in.
import { decodeEvent, type Hash, type StreamId } from "../event/event.ts";
import type {
  AppendItem,
  AppendResult,
  Appended,
  Head,
  Snapshot,
  StoredEvent,
  TailPage,
  TailPlace,
} from "../event/log.ts";
import { wordsOfEvent } from "../event/words.ts";
import {
  brokenChain,
  checkCount,
  checkFilter,
  checkHash,
  checkItems,
  checkLimit,
  checkPlace,
  checkPrune,
  checkSearch,
  checkSnapshot,
  checkText,
  checkTime,
  eachAlone,
  headText,
  storeClosed,
} from "./input.ts";
import {
  compareHeads,
  compareText,
  isThere,
  matches,
  newestFirst,
  roomSummaries,
  stored,
  type Kept,
} from "./memory-lists.ts";
import { MemoryLeases } from "./memory-leases.ts";
import { MemoryBlobs } from "./memory-blobs.ts";
import { cutPage, pageCursor, pageLimit } from "./page.ts";
import type {
  Damage,
  HeadFilter,
  LeaseRequest,
  Page,
  PageRequest,
  PrunedEvent,
  RoomSummary,
  Store,
  StoredBlob,
  StoredHead,
} from "./port.ts";

interface Stream {
  /** By seq − 1; null where the bytes have been pruned. */
  readonly events: (Kept | null)[];
  readonly hashes: Hash[];
  readonly keys: Map<string, number>;
  /** JSON, with the `createdAt` of the first append. */
  head: string;
}

export class MemoryStore implements Store {
  readonly name = "memory:";
  readonly partitions = 1;
  /** By position − 1; null where the bytes have been pruned. */
  readonly #log: (Kept | null)[] = [];
  readonly #streams = new Map<StreamId, Stream>();
  readonly #places = new Map<string, TailPlace>();
  readonly #snapshots = new Map<StreamId, string>();
  readonly #blobs = new MemoryBlobs();
  readonly #leases = new MemoryLeases();
  readonly #listeners = new Set<(appended: Appended) => void>();
  readonly #words = new WeakMap<Kept, ReadonlySet<string>>();
  #closed = false;

  async append(items: readonly AppendItem[]): Promise<readonly AppendResult[]> {
    this.#assertOpen();
    checkItems(items);
    const before = this.#log.length;
    try {
      return eachAlone(items, (item) => this.#appendItem(item));
    } finally {
      if (this.#log.length > before) {
        for (const listener of this.#listeners) queueMicrotask(() => listener({ own: false }));
      }
    }
  }

  async read(params: { readonly stream: StreamId; readonly afterSeq?: number; readonly limit?: number }) {
    this.#assertOpen();
    checkText("stream", params.stream);
    const limit = checkLimit(params.limit, 1000);
    const from = checkCount("afterSeq", params.afterSeq ?? 0);
    const events = this.#streams.get(params.stream)?.events.slice(from) ?? [];
    return events.filter(isThere).slice(0, limit).map(stored);
  }

  async key(params: { readonly stream: StreamId; readonly key: string }): Promise<number | null> {
    this.#assertOpen();
    checkText("key", params.key);
    return this.#streams.get(params.stream)?.keys.get(params.key) ?? null;
  }

  async tail(params: { readonly after: TailPlace | null; readonly limit?: number }): Promise<TailPage> {
    this.#assertOpen();
    const limit = checkLimit(params.limit, 1000);
    const [after = 0] = params.after === null ? [] : checkPlace(params.after, this.partitions);
    const events = this.#log.slice(after).filter(isThere).slice(0, limit).map(stored);
    const last = events.at(-1)?.position ?? after;
    // Behind the last of them all is pruned: it need not be looked at again.
    return { events, place: [events.length < limit ? Math.max(last, this.#log.length) : last] };
  }

  async end(): Promise<TailPlace> {
    this.#assertOpen();
    return [this.#log.length];
  }

  watch(listener: (appended: Appended) => void): () => void {
    this.#assertOpen();
    const call = (appended: Appended) => {
      if (this.#listeners.has(call)) listener(appended);
    };
    this.#listeners.add(call);
    return () => void this.#listeners.delete(call);
  }

  async place(params: { readonly name: string }): Promise<TailPlace | null> {
    this.#assertOpen();
    return this.#places.get(checkText("name", params.name)) ?? null;
  }

  async savePlace(params: { readonly name: string; readonly place: TailPlace }): Promise<void> {
    this.#assertOpen();
    this.#places.set(checkText("name", params.name), [...checkPlace(params.place, this.partitions)]);
  }

  async snapshot(params: { readonly stream: StreamId }): Promise<Snapshot | null> {
    this.#assertOpen();
    const json = this.#snapshots.get(checkText("stream", params.stream));
    return json === undefined ? null : (JSON.parse(json) as Snapshot);
  }

  async saveSnapshot(params: { readonly stream: StreamId; readonly snapshot: Snapshot }): Promise<void> {
    this.#assertOpen();
    checkText("stream", params.stream);
    this.#snapshots.set(params.stream, JSON.stringify(checkSnapshot(params.snapshot)));
  }

  async head(params: { readonly stream: StreamId }): Promise<StoredHead | null> {
    this.#assertOpen();
    checkText("stream", params.stream);
    return this.#head(params.stream);
  }

  async heads(params: {
    readonly filter: HeadFilter;
    readonly page?: PageRequest;
  }): Promise<Page<StoredHead>> {
    this.#assertOpen();
    const { page } = params;
    const filter = checkFilter(params.filter);
    const limit = pageLimit(page);
    const after = pageCursor(page, [0, ""] as [number, string]);
    const rows = this.#allHeads()
      .filter((head) => matches(head, filter))
      .sort((a, b) => compareHeads(b, a))
      .filter(
        (head) => after === null || (head.createdAt - after[0] || compareText(head.stream, after[1])) < 0,
      );
    return cutPage(rows, limit, (head) => [head.createdAt, head.stream]);
  }

  async due(params: { readonly before: number; readonly limit?: number }): Promise<readonly StoredHead[]> {
    this.#assertOpen();
    checkTime("before", params.before);
    const limit = checkLimit(params.limit, 100);
    return this.#allHeads()
      .filter(({ dueAt }) => dueAt !== null && dueAt <= params.before)
      .sort((a, b) => Number(a.dueAt) - Number(b.dueAt) || compareText(a.stream, b.stream))
      .slice(0, limit);
  }

  async streams(params: { readonly page?: PageRequest }): Promise<Page<StreamId>> {
    this.#assertOpen();
    const limit = pageLimit(params.page);
    const after = pageCursor(params.page, [""] as [string]);
    const rows = [...this.#streams.keys()]
      .sort(compareText)
      .filter((stream) => after === null || compareText(stream, after[0]) > 0);
    return cutPage(rows, limit, (stream) => [stream]);
  }

  async room(params: { readonly name: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    this.#assertOpen();
    checkText("room", params.name);
    return newestFirst(
      this.#present().filter(({ room }) => room === params.name),
      params.page,
    );
  }

  async rooms(): Promise<readonly RoomSummary[]> {
    this.#assertOpen();
    return roomSummaries(this.#present());
  }

  async search(params: { readonly text: string; readonly page?: PageRequest }): Promise<Page<StoredEvent>> {
    this.#assertOpen();
    const words = checkSearch(params.text);
    const hits = this.#present().filter(
      (kept) => words.length > 0 && words.every((word) => this.#has(kept, word)),
    );
    return newestFirst(hits, params.page);
  }

  async find(params: { readonly hash: Hash }): Promise<StoredEvent | null> {
    this.#assertOpen();
    const hash = checkHash(params.hash);
    const kept = this.#present().find((one) => one.hash === hash);
    return kept === undefined ? null : stored(kept);
  }

  async prune(params: { readonly stream: StreamId; readonly throughSeq: number }): Promise<number> {
    this.#assertOpen();
    const stream = this.#streams.get(checkText("stream", params.stream));
    const throughSeq = checkPrune(params, stream?.events.length ?? 0);
    const snapshot = await this.snapshot(params);
    if (snapshot !== null && snapshot.seq <= throughSeq) this.#snapshots.delete(params.stream);
    const going = (stream?.events.slice(0, throughSeq) ?? []).filter(isThere);
    for (const { seq, position } of going) {
      if (stream !== undefined) stream.events[seq - 1] = null;
      this.#log[position - 1] = null;
    }
    for (const [key, seq] of stream?.keys ?? []) if (seq <= throughSeq) stream?.keys.delete(key);
    return going.length;
  }

  async pruned(params: {
    readonly stream: StreamId;
    readonly afterSeq?: number;
    readonly limit?: number;
  }): Promise<readonly PrunedEvent[]> {
    this.#assertOpen();
    const stream = this.#streams.get(checkText("stream", params.stream));
    const limit = checkLimit(params.limit, 1000);
    const from = checkCount("afterSeq", params.afterSeq ?? 0);
    const all = stream?.hashes.map((hash, index) => ({ seq: index + 1, hash })) ?? [];
    return all.filter(({ seq }) => seq > from && stream?.events[seq - 1] === null).slice(0, limit);
  }

  async putBlob(params: { readonly bytes: Uint8Array; readonly now?: number }): Promise<Hash> {
    this.#assertOpen();
    return this.#blobs.put(params);
  }

  async blob(params: { readonly hash: Hash }): Promise<Uint8Array | null> {
    this.#assertOpen();
    return this.#blobs.get(params.hash);
  }

  async blobs(params: { readonly page?: PageRequest }): Promise<Page<StoredBlob>> {
    this.#assertOpen();
    return this.#blobs.list(params.page);
  }

  async deleteBlob(params: { readonly hash: Hash; readonly putBefore?: number }): Promise<boolean> {
    this.#assertOpen();
    return this.#blobs.delete(params.hash, params.putBefore);
  }

  async lease(params: LeaseRequest): Promise<boolean> {
    this.#assertOpen();
    return this.#leases.take(params);
  }

  async inspect(): Promise<readonly Damage[]> {
    this.#assertOpen();
    return [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed(this.name);
  }

  #appendItem(item: AppendItem): AppendResult {
    const stream = this.#streams.get(item.stream);
    for (const { key } of item.keys) {
      const seq = stream?.keys.get(key);
      if (seq !== undefined) return { status: "repeated", key, seq };
    }
    const seq = stream?.events.length ?? 0;
    if (seq !== item.expectedSeq) return { status: "conflict", seq };
    if (item.events[0]?.event.prev !== (stream?.hashes.at(-1) ?? null)) throw brokenChain(item);
    headText(item.head);
    this.#keep(item, stream ?? { events: [], hashes: [], keys: new Map(), head: "" });
    return { status: "appended" };
  }

  #keep(item: AppendItem, stream: Stream): void {
    for (const { event, bytes, hash } of item.events) {
      const { seq, at, room } = event;
      const position = this.#log.length + 1;
      const kept: Kept = { seq, at, room, position, bytes: new Uint8Array(bytes), hash };
      this.#log.push(kept);
      stream.events.push(kept);
      stream.hashes.push(hash);
    }
    for (const { key, seq } of item.keys) stream.keys.set(key, seq);
    const { kind, status, dueAt, labels, summary } = item.head;
    const createdAt = this.#head(item.stream)?.createdAt ?? item.head.createdAt;
    stream.head = JSON.stringify({ kind, status, createdAt, dueAt, labels, summary });
    this.#streams.set(item.stream, stream);
  }

  #head(id: StreamId): StoredHead | null {
    const stream = this.#streams.get(id);
    const hash = stream?.hashes.at(-1);
    if (stream === undefined || hash === undefined) return null;
    const head = JSON.parse(stream.head) as Head;
    return { ...head, stream: id, seq: stream.events.length, hash };
  }

  #present(): Kept[] {
    return this.#log.filter(isThere);
  }

  #allHeads(): StoredHead[] {
    return [...this.#streams.keys()].map((id) => this.#head(id)).filter((head) => head !== null);
  }

  #has(kept: Kept, word: string): boolean {
    let words = this.#words.get(kept);
    if (words === undefined) {
      words = new Set(wordsOfEvent(decodeEvent(kept.bytes)));
      this.#words.set(kept, words);
    }
    return words.has(word);
  }
}
