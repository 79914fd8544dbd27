// Items of one stream that wait together and follow each other are written as one run, decided by the store in one
// step. What the store found then answers each item as if the items had come one by one.
import type { Hash, StreamId } from "../event/event.ts";
import type { AppendKey } from "../event/log.ts";
import type { Waiting } from "./append-queue.ts";
import { brokenChain } from "./input.ts";

export interface Run {
  readonly stream: StreamId;
  readonly partition: number;
  /** Every item of the stream in the batch, in order. */
  readonly waiting: readonly Waiting[];
  /** Those to be written: each follows the one before it. None when only keys are to be looked up. */
  readonly taken: readonly Waiting[];
}

/** Where the stream stood when the store looked, and which of the run's keys were used before. */
export interface Found {
  readonly isWritten: boolean;
  /** Where the stream stood when the run was not written. */
  readonly seq: number;
  readonly hash: Hash | null;
  readonly used: ReadonlyMap<string, number>;
}

interface Stand {
  seq: number;
  hash: Hash | null;
  readonly keys: Map<string, number>;
}

export function planRuns(batch: readonly Waiting[]): readonly Run[] {
  const byStream = Map.groupBy(batch, ({ item }) => item.stream);
  return [...byStream].map(([stream, waiting]) => {
    const partition = waiting[0]?.partition ?? 0;
    return { stream, partition, waiting, taken: takeChain(waiting) };
  });
}

/** Answers the items; gives back those that must be tried again, because what was found lets them in. */
export function settleRun(run: Run, found: Found): readonly Waiting[] {
  const stand = standBefore(run, found);
  const written = new Set(found.isWritten ? run.taken : []);
  for (const [index, one] of run.waiting.entries()) {
    if (written.has(one)) {
      follow(stand, one);
      one.resolve({ status: "appended" });
    } else if (!refuse(stand, one)) return again(run.waiting.slice(index), stand);
  }
  return [];
}

function takeChain(waiting: readonly Waiting[]): readonly Waiting[] {
  const taken: Waiting[] = [];
  let stand: Stand | null = null;
  for (const one of waiting) {
    if (one.hasUsedKey) continue;
    const { expectedSeq } = one.item;
    stand ??= { seq: expectedSeq, hash: prevOf(one), keys: new Map() };
    if (expectedSeq !== stand.seq || prevOf(one) !== stand.hash || usedKey(stand, one) !== null) continue;
    follow(stand, one);
    taken.push(one);
  }
  return taken;
}

function standBefore({ taken: [first] }: Run, { isWritten, seq, hash, used }: Found): Stand {
  if (!isWritten || first === undefined) return { seq, hash, keys: new Map(used) };
  const before = first.item.expectedSeq;
  // A run that had been written when its answer was lost finds its own keys.
  const keys = new Map([...used].filter(([, usedSeq]) => usedSeq <= before));
  return { seq: before, hash: prevOf(first), keys };
}

/** False when nothing speaks against the item. */
function refuse(stand: Stand, one: Waiting): boolean {
  const repeated = usedKey(stand, one);
  if (repeated !== null) one.resolve({ status: "repeated", key: repeated.key, seq: repeated.seq });
  else if (one.item.expectedSeq !== stand.seq) one.resolve({ status: "conflict", seq: stand.seq });
  else if (prevOf(one) !== stand.hash) one.reject(brokenChain(one.item));
  else return false;
  return true;
}

function again(waiting: readonly Waiting[], stand: Stand): readonly Waiting[] {
  for (const one of waiting) one.hasUsedKey ||= usedKey(stand, one) !== null;
  return waiting;
}

function usedKey({ keys }: Stand, { item }: Waiting): AppendKey | null {
  for (const { key } of item.keys) {
    const seq = keys.get(key);
    if (seq !== undefined) return { key, seq };
  }
  return null;
}

function follow(stand: Stand, { item }: Waiting): void {
  stand.seq = item.expectedSeq + item.events.length;
  stand.hash = item.events.at(-1)?.hash ?? null;
  for (const { key, seq } of item.keys) stand.keys.set(key, seq);
}

function prevOf({ item }: Waiting): Hash | null {
  return item.events[0]?.event.prev ?? null;
}
