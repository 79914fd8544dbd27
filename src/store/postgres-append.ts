// Sends a batch of runs to the store's `append_runs` and answers its items from what that found.
import { randomBytes } from "node:crypto";
import type { EventCounts, Waiting } from "./append-queue.ts";
import { planRuns, settleRun, type Found, type Run } from "./append-run.ts";
import { headText } from "./input.ts";
import { byteaArray, byteaArrayText, int4Array, int8Array, textArray } from "./postgres-array.ts";
import { query, type PostgresClient } from "./postgres-client.ts";
import { hashBytes, hashText } from "./stored-event.ts";

type FoundRow = readonly [
  run: number | null,
  key: number | null,
  seq: number,
  hash: Buffer | null,
  isWritten: boolean | null,
];

const APPEND = query<FoundRow>(
  `SELECT * FROM append_runs(${Array.from({ length: 25 }, (_, index) => `$${index + 1}`).join(", ")})`,
);

/** Answers the items of a batch but for those it gives back to be tried again. */
export async function appendBatch(
  client: PostgresClient,
  lockSpace: number,
  batch: readonly Waiting[],
): Promise<{ readonly again: readonly Waiting[]; readonly appended: EventCounts }> {
  const runs = planRuns(batch.filter(hasHeadText));
  const keys = runs.flatMap((run, index) => keysOf(run, index + 1));
  // Known to nobody else: so that what this batch wrote is told from what another wrote alike.
  const batchId = randomBytes(8).readBigInt64BE();
  const rows = await client.all(
    APPEND,
    String(batchId),
    lockSpace,
    lockArray(runs),
    ...runArrays(runs),
    ...eventArrays(runs),
    ...keyArrays(keys),
  );
  const again: Waiting[] = [];
  const appended = new Map<number, number>();
  for (const [index, run] of runs.entries()) {
    const found = findIn(rows, keys, index + 1);
    if (found.isWritten) {
      const events = run.taken.reduce((count, { item }) => count + item.events.length, 0);
      appended.set(run.partition, (appended.get(run.partition) ?? 0) + events);
    }
    again.push(...settleRun(run, found));
  }
  return { again, appended };
}

/** A head that is no JSON fails its own item alone. */
function hasHeadText(one: Waiting): boolean {
  try {
    headText(one.item.head);
    return true;
  } catch (error) {
    one.reject(error);
    return false;
  }
}

interface KeyAsked {
  readonly run: number;
  readonly key: string;
  /** Null when the key is only looked up. */
  readonly seq: number | null;
}

function keysOf({ waiting, taken }: Run, run: number): readonly KeyAsked[] {
  const isTaken = new Set(taken);
  return waiting.flatMap((one) =>
    one.item.keys.map(({ key, seq }) => ({ run, key, seq: isTaken.has(one) ? seq : null })),
  );
}

/** In ascending order, so that two batches never wait for each other. */
function lockArray(runs: readonly Run[]): Buffer {
  const partitions = new Set(runs.map(({ partition }) => partition));
  return int4Array([...partitions].sort((a, b) => a - b));
}

function runArrays(runs: readonly Run[]): readonly Buffer[] {
  const firsts = runs.map(({ taken }) => taken[0]?.item ?? null);
  const lasts = runs.map(({ taken }) => taken.at(-1)?.item ?? null);
  const lastEvents = lasts.map((item) => item?.events.at(-1) ?? null);
  const heads = lasts.map((item) => item?.head ?? null);
  const texts = heads.map((head) => (head === null ? null : headText(head)));
  return [
    int4Array(runs.map(({ partition }) => partition)),
    byteaArray(runs.map(({ stream }) => stream)),
    int8Array(firsts.map((item) => item?.expectedSeq ?? null)),
    byteaArray(firsts.map((item) => prevBytes(item?.events[0]?.event.prev))),
    int8Array(lastEvents.map((last) => last?.event.seq ?? null)),
    byteaArray(lastEvents.map((last) => prevBytes(last?.hash))),
    byteaArray(heads.map((head) => head?.kind ?? null)),
    byteaArray(heads.map((head) => head?.status ?? null)),
    // When a stream was created is what its first item says.
    int8Array(firsts.map((item) => item?.head.createdAt ?? null)),
    int8Array(heads.map((head) => head?.dueAt ?? null)),
    byteaArray(texts.map((text) => text?.labels ?? null)),
    textArray(heads.map((head) => byteaArrayText(head?.labels ?? []))),
    byteaArray(texts.map((text) => text?.summary ?? null)),
  ];
}

function eventArrays(runs: readonly Run[]): readonly Buffer[] {
  const events = runs.flatMap(({ taken }, index) =>
    taken.flatMap(({ item }) => item.events.map((encoded) => ({ run: index + 1, encoded }))),
  );
  return [
    int4Array(events.map(({ run }) => run)),
    int8Array(events.map(({ encoded }) => encoded.event.seq)),
    int8Array(events.map(({ encoded }) => encoded.event.at)),
    byteaArray(events.map(({ encoded }) => encoded.event.room)),
    byteaArray(events.map(({ encoded }) => hashBytes(encoded.hash))),
    byteaArray(events.map(({ encoded }) => encoded.bytes)),
  ];
}

function keyArrays(keys: readonly KeyAsked[]): readonly Buffer[] {
  return [
    int4Array(keys.map(({ run }) => run)),
    byteaArray(keys.map(({ key }) => key)),
    int8Array(keys.map(({ seq }) => seq)),
  ];
}

/** A run the store says nothing of has been written. */
function findIn(rows: readonly FoundRow[], keys: readonly KeyAsked[], run: number): Found {
  const used = new Map<string, number>();
  let stood: FoundRow | null = null;
  for (const row of rows) {
    const asked = row[1] === null ? undefined : keys[row[1] - 1];
    if (row[0] === run) stood = row;
    else if (asked?.run === run) used.set(asked.key, row[2]);
  }
  if (stood === null) return { isWritten: true, seq: 0, hash: null, used };
  const [, , seq, hash, isWritten] = stood;
  return { isWritten: isWritten === true, seq, hash: hash === null ? null : hashText(hash), used };
}

function prevBytes(hash: string | null | undefined): Buffer | null {
  return hash === null || hash === undefined ? null : hashBytes(hash);
}
