// What every store checks before it touches anything: limits, well-formed text, and items that would break a
// chain. One place, so that all stores refuse the same.
import { HolodeckError } from "../event/error.ts";
import { EVENT_BYTES_MAX, type EncodedEvent } from "../event/event.ts";
import type { AppendItem, Head, Snapshot, TailPlace } from "../event/log.ts";
import { wordsOf } from "../event/words.ts";
import type { HeadFilter, LeaseRequest } from "./port.ts";

/** The most items any call gives back at once. */
const LIMIT_MAX = 1000;

/** The most bytes of one blob. */
const BLOB_BYTES_MAX = 256 * 1024 * 1024;

/** The most words one search may ask for. */
const SEARCH_WORDS_MAX = 64;

const LABELS_MAX = 32;
const HASH_DIGITS = 64;

/** A limit from 1 to 1,000. Throws `invalid_argument`. */
export function checkLimit(limit: number | undefined, fallback: number): number {
  if (limit === undefined) return fallback;
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw invalid(`A limit of ${limit} cannot be served.`, `Ask for 1 to ${LIMIT_MAX}.`);
}

/** Text that reads back as it was written. Half of a surrogate pair would come back as another character. */
export function checkText<Text extends string>(name: string, text: Text): Text {
  if (typeof text === "string" && text.isWellFormed()) return text;
  throw invalid(`The ${name} is not well-formed text.`, "Pass a string without half surrogate pairs.");
}

/** A whole number from 0 on. */
export function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`The ${name} ${value} is not a whole number from 0 on.`, `Pass a whole number as ${name}.`);
}

/** A whole number of milliseconds. */
export function checkTime(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw invalid(`The ${name} ${value} is not a whole number of milliseconds.`, `Round the ${name}.`);
}

/** A SHA-256 in lower-case hex. */
export function checkHash(hash: string): string {
  if (isHash(hash)) return hash;
  throw invalid(`${JSON.stringify(hash)} is not a hash.`, "Pass the 64 lower-case hex digits of a SHA-256.");
}

/** A place this store can have given out: one position per partition. */
export function checkPlace(place: TailPlace, partitions: number): TailPlace {
  if (Array.isArray(place) && place.length === partitions && place.every(isPosition)) return place;
  throw invalid("That is not a place in this store's log.", "Pass a place this store gave, or null.");
}

export function checkFilter(filter: HeadFilter): HeadFilter {
  checkText("kind", filter.kind);
  if (filter.status !== undefined) checkText("status", filter.status);
  if (filter.createdFrom !== undefined) checkTime("createdFrom", filter.createdFrom);
  if (filter.createdBefore !== undefined) checkTime("createdBefore", filter.createdBefore);
  for (const label of filter.labels ?? []) checkText("label", label);
  return filter;
}

export function checkSnapshot(snapshot: Snapshot): Snapshot {
  checkCount("snapshot's seq", snapshot.seq);
  checkHash(snapshot.hash);
  checkTime("snapshot's at", snapshot.at);
  checkCount("snapshot's version", snapshot.version);
  return snapshot;
}

export function checkLease(lease: LeaseRequest): LeaseRequest {
  checkText("lease's name", lease.name);
  checkText("lease's owner", lease.owner);
  checkTime("now", lease.now);
  checkCount("ttlMs", lease.ttlMs);
  return lease;
}

export function checkBlob(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= BLOB_BYTES_MAX) return bytes;
  throw invalid(
    `A blob of ${bytes.length} bytes is over the limit of ${BLOB_BYTES_MAX}.`,
    "Store it in parts, or keep it outside and store its hash.",
  );
}

/** The words a search asks for; none finds nothing. */
export function checkSearch(text: string): readonly string[] {
  const words = wordsOf(text);
  if (words.length <= SEARCH_WORDS_MAX) return words;
  throw invalid(`The search asks for ${words.length} words.`, `Search for at most ${SEARCH_WORDS_MAX}.`);
}

/** How far a stream is to be pruned: `seq` is where it stands, and its last event stays. */
export function checkPrune({ throughSeq }: { readonly throughSeq: number }, seq: number): number {
  if (checkCount("throughSeq", throughSeq) < seq) return throughSeq;
  throw invalid(
    `A stream that stands at ${seq} cannot be pruned through ${throughSeq}.`,
    "Append the event that says what is pruned first: a stream's last event stays.",
  );
}

/** Everything about an append that can be seen without the store. Throws `invalid_argument`. */
export function checkItems(items: readonly AppendItem[]): void {
  for (const item of items) {
    checkText("stream", item.stream);
    checkCount("expected seq", item.expectedSeq);
    checkHead(item.head);
    checkKeys(item);
    checkEvents(item);
  }
}

/** The parts of a head a store keeps as JSON text. Throws `invalid_argument` when they are no JSON. */
export function headText({ labels, summary }: Head): { readonly labels: string; readonly summary: string } {
  try {
    return { labels: labelsText(labels), summary: JSON.stringify(summary) };
  } catch {
    throw invalid("The summary of a head is not JSON.", "Put plain JSON into the summary.");
  }
}

/** Labels stay the same array from event to event: their text is made once. */
const LABEL_TEXTS = new WeakMap<readonly string[], string>();

function labelsText(labels: readonly string[]): string {
  let text = LABEL_TEXTS.get(labels);
  if (text === undefined) {
    text = JSON.stringify(labels);
    LABEL_TEXTS.set(labels, text);
  }
  return text;
}

/** An item whose first event does not follow the stream's last one, though its seq does. */
export function brokenChain(item: AppendItem): HolodeckError {
  return invalid(
    `Event ${item.expectedSeq + 1} of ${item.stream} does not name the hash of the event before it.`,
    "Read the stream again and decide anew.",
  );
}

/** Does each, though one before it was refused by throwing; then throws the first refusal. */
export function eachAlone<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Result,
): readonly Result[] {
  const results: Result[] = [];
  let refusal: HolodeckError | null = null;
  for (const item of items) {
    try {
      results.push(act(item));
    } catch (error) {
      if (!(error instanceof HolodeckError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== null) throw refusal;
  return results;
}

/** The store has been closed. */
export function storeClosed(name: string): HolodeckError {
  return new HolodeckError("store_closed", {
    what: `The store ${name} has been closed.`,
    todo: "Open it again, or close it after its last use.",
  });
}

export function invalid(what: string, todo: string): HolodeckError {
  return new HolodeckError("invalid_argument", { what, todo });
}

/** A third of the time an expression takes, and each event has one: decoding stops at the first that is no digit. */
function isHash(hash: string): boolean {
  if (typeof hash !== "string" || hash.length !== HASH_DIGITS || hash.toLowerCase() !== hash) return false;
  return Buffer.from(hash, "hex").length * 2 === HASH_DIGITS;
}

function isPosition(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function checkHead(head: Head): void {
  checkText("head's kind", head.kind);
  checkText("head's status", head.status);
  checkTime("head's createdAt", head.createdAt);
  if (head.dueAt !== null) checkTime("head's dueAt", head.dueAt);
  if (head.labels.length > LABELS_MAX) {
    throw invalid(`A head has ${head.labels.length} labels.`, `Keep to ${LABELS_MAX} labels.`);
  }
  for (const label of head.labels) checkText("label", label);
}

function checkKeys({ keys, expectedSeq, events }: AppendItem): void {
  if (keys.length === 0) return;
  const seen = new Set<string>();
  for (const { key, seq } of keys) {
    checkText("key", key);
    if (seen.size === seen.add(key).size) {
      throw invalid(`The key ${JSON.stringify(key)} stands twice in one item.`, "Use a key once.");
    }
    if (!(Number.isInteger(seq) && seq > expectedSeq && seq <= expectedSeq + events.length)) {
      throw invalid(
        `The key ${JSON.stringify(key)} names seq ${seq}, which its item does not write.`,
        "Name the first event the key's command wrote.",
      );
    }
  }
}

function checkEvents({ stream, expectedSeq, events }: AppendItem): void {
  if (events.length === 0) throw invalid(`An item for ${stream} has no events.`, "Leave the item out.");
  let before: EncodedEvent | undefined;
  for (let index = 0; index < events.length; index++) {
    const encoded = events[index];
    if (encoded !== undefined) before = checkEvent(stream, expectedSeq + index + 1, encoded, before);
  }
}

function checkEvent(
  stream: string,
  seq: number,
  encoded: EncodedEvent,
  before: EncodedEvent | undefined,
): EncodedEvent {
  const { event, bytes, hash } = encoded;
  const follows = before === undefined ? (event.prev === null) === (seq === 1) : event.prev === before.hash;
  if (event.stream !== stream || event.seq !== seq || !follows) {
    throw invalid(
      `Event ${event.seq} of ${event.stream} is not event ${seq} of ${stream} in its chain.`,
      "Chain the events of an item with seqs from expectedSeq + 1 on.",
    );
  }
  checkTime("event's at", event.at);
  checkText("event's type", event.type);
  if (event.room !== null) checkText("room", event.room);
  checkHash(hash);
  if (bytes.length === 0 || bytes.length > EVENT_BYTES_MAX) {
    throw invalid(`Event ${seq} of ${stream} has ${bytes.length} bytes.`, "Encode it with `encodeEvent`.");
  }
  return encoded;
}
