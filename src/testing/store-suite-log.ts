// What reading the log means: streams, the tail, places, watching, snapshots.
import { deepEqual, equal, ok } from "node:assert/strict";
import type { StreamId } from "../event/event.ts";
import type { StoredEvent, TailPlace } from "../event/log.ts";
import type { Store } from "../store/port.ts";
import { lastOf, testItem, testStream } from "./events.ts";
import { appendAll, hashesOf, refuses, storeCase, type StoreCase } from "./store-case.ts";

const a = testStream("a");
const b = testStream("b");
const facts = (count: number) => Array.from({ length: count }, (_, n) => ({ data: { n } }));

export const logCases: readonly StoreCase[] = [
  storeCase("reading goes on after a seq, in order, up to a limit", async (store) => {
    const item = testItem({ stream: a, facts: facts(5) });
    await appendAll(store, [testItem({ stream: b }), item]);
    const hashes = item.events.map(({ hash }) => hash);
    deepEqual(hashesOf(await store.read({ stream: a })), hashes);
    deepEqual(hashesOf(await store.read({ stream: a, afterSeq: 1, limit: 2 })), hashes.slice(1, 3));
    deepEqual(await store.read({ stream: a, afterSeq: 5 }), []);
    deepEqual(await store.read({ stream: a, afterSeq: 99 }), []);
    deepEqual(await store.read({ stream: testStream("none") }), []);
  }),
  storeCase("reading and the tail give a thousand events when no limit is asked for", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: facts(1001) })]);
    equal((await store.read({ stream: a })).length, 1000);
    equal((await store.read({ stream: a, afterSeq: 1000 })).length, 1);
    equal((await store.tail({ after: null })).events.length, 1000);
  }),
  storeCase("a limit outside 1 to 1,000 is refused by every list", async (store) => {
    for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
      const page = { limit };
      const acts = [
        () => store.read({ stream: a, limit }),
        () => store.tail({ after: null, limit }),
        () => store.due({ before: 0, limit }),
        () => store.heads({ filter: { kind: "test" }, page }),
        () => store.streams({ page }),
        () => store.room({ name: "hall", page }),
        () => store.search({ text: "word", page }),
        () => store.search({ text: "", page }),
      ];
      for (const act of acts) await refuses("invalid_argument", act);
    }
    for (const afterSeq of [-1, 0.5])
      await refuses("invalid_argument", () => store.read({ stream: a, afterSeq }));
  }),
  storeCase("the tail gives each event of all streams once, in order of rising positions", async (store) => {
    const first = testItem({ stream: a, facts: facts(3) });
    await appendAll(store, [first]);
    await appendAll(store, [testItem({ stream: b, facts: facts(2) })]);
    await appendAll(store, [testItem({ stream: a, after: lastOf(first), facts: facts(2) })]);
    const seen = await walk(store, null, 2);
    deepEqual(orderOf(seen, a), [1, 2, 3, 4, 5]);
    deepEqual(orderOf(seen, b), [1, 2]);
    equal(seen.length, 7);
    // Positions and the order of streams among each other mean something within one partition.
    if (store.partitions > 1) return;
    deepEqual(
      seen.map(({ event }) => `${event.stream} ${event.seq}`),
      ["test:a 1", "test:a 2", "test:a 3", "test:b 1", "test:b 2", "test:a 4", "test:a 5"],
    );
    deepEqual(
      seen.map(({ position }) => position),
      [1, 2, 3, 4, 5, 6, 7],
    );
  }),
  storeCase("a tail with nothing new stays at its place", async (store) => {
    const empty = await store.tail({ after: null });
    deepEqual(empty, { events: [], place: await store.end() });
    await appendAll(store, [testItem({ stream: a })]);
    const end = await store.end();
    deepEqual(await store.tail({ after: end }), { events: [], place: end });
    equal((await store.tail({ after: empty.place })).events.length, 1);
  }),
  storeCase("a follower from the end sees what comes later and nothing before", async (store) => {
    await appendAll(store, [testItem({ stream: a })]);
    const end = await store.end();
    const later = testItem({ stream: b });
    await appendAll(store, [later]);
    deepEqual(hashesOf((await store.tail({ after: end })).events), [lastOf(later).hash]);
  }),
  storeCase("a place no store gave is refused", async (store) => {
    const wrong: TailPlace[] = [[], [-1], [0.5], Array.from({ length: store.partitions + 1 }, () => 0)];
    for (const place of wrong) {
      await refuses("invalid_argument", () => store.tail({ after: place }));
      await refuses("invalid_argument", () => store.savePlace({ name: "r", place }));
    }
  }),
  storeCase("a saved place is kept by name", async (store) => {
    equal(await store.place({ name: "r" }), null);
    await appendAll(store, [testItem({ stream: a })]);
    const start = (await store.tail({ after: null, limit: 1 })).place;
    await store.savePlace({ name: "r", place: start });
    await store.savePlace({ name: "s", place: await store.end() });
    await appendAll(store, [testItem({ stream: b })]);
    await store.savePlace({ name: "s", place: await store.end() });
    deepEqual(await store.place({ name: "r" }), start);
    deepEqual(await store.place({ name: "s" }), await store.end());
  }),
  storeCase("a watcher is called after an append, and no more once stopped", async (store) => {
    const called = Promise.withResolvers<void>();
    let stoppedCalls = 0;
    const stopped = store.watch(() => stoppedCalls++);
    const stop = store.watch(() => called.resolve());
    stopped();
    await appendAll(store, [testItem({ stream: a })]);
    await called.promise;
    stop();
    stop();
    equal(stoppedCalls, 0);
  }),
  storeCase("what a watcher is told of is there to be read", async (store) => {
    const read = Promise.withResolvers<number>();
    const stop = store.watch(() => {
      store.tail({ after: null }).then(({ events }) => read.resolve(events.length), read.reject);
    });
    await appendAll(store, [testItem({ stream: a })]);
    equal(await read.promise, 1);
    stop();
  }),
  storeCase("one listener watching twice is stopped one by one", async (store) => {
    let calls = 0;
    const listener = () => void calls++;
    const stopFirst = store.watch(listener);
    const stopSecond = store.watch(listener);
    stopFirst();
    const later = Promise.withResolvers<void>();
    const stopLater = store.watch(() => later.resolve());
    await appendAll(store, [testItem({ stream: a })]);
    await later.promise;
    equal(calls, 1);
    stopSecond();
    stopLater();
  }),
  storeCase("the last snapshot of a stream is kept as it was", async (store) => {
    equal(await store.snapshot({ stream: a }), null);
    const { hash } = lastOf(testItem({ stream: a }));
    const snapshot = { seq: 1, hash, at: 5, version: 1, state: { list: [1, null, "é"], deep: { x: true } } };
    await store.saveSnapshot({ stream: a, snapshot });
    deepEqual(await store.snapshot({ stream: a }), snapshot);
    await store.saveSnapshot({ stream: a, snapshot: { ...snapshot, seq: 2, state: null } });
    deepEqual(await store.snapshot({ stream: a }), { ...snapshot, seq: 2, state: null });
    equal(await store.snapshot({ stream: b }), null);
  }),
  {
    name: "a closed store has done what was under way and refuses everything else",
    run: async (make) => {
      const store = await make();
      const pending = store.append([testItem({ stream: a })]);
      const closing = store.close();
      equal((await pending)[0]?.status, "appended");
      await closing;
      await store.close();
      for (const act of everyCall(store)) await refuses("store_closed", act);
    },
  },
];

/** The seqs of a stream's events as they were seen, whose positions must rise. */
function orderOf(seen: readonly StoredEvent[], stream: StreamId): readonly number[] {
  const own = seen.filter(({ event }) => event.stream === stream);
  for (const [index, { position }] of own.entries()) ok(position > (own[index - 1]?.position ?? 0));
  return own.map(({ event }) => event.seq);
}

async function walk(store: Store, from: TailPlace | null, limit: number) {
  const events = [];
  let page = await store.tail({ after: from, limit });
  while (page.events.length > 0) {
    events.push(...page.events);
    page = await store.tail({ after: page.place, limit });
  }
  return events;
}

function everyCall(store: Store): readonly (() => unknown)[] {
  const hash = "0".repeat(64);
  return [
    () => store.append([testItem({ stream: b })]),
    () => store.append([]),
    () => store.read({ stream: a }),
    () => store.key({ stream: a, key: "k" }),
    () => store.tail({ after: null }),
    () => store.end(),
    () => store.watch(() => undefined),
    () => store.place({ name: "r" }),
    () => store.savePlace({ name: "r", place: [0] }),
    () => store.snapshot({ stream: a }),
    () => store.saveSnapshot({ stream: a, snapshot: { seq: 1, hash, at: 0, version: 1, state: null } }),
    () => store.head({ stream: a }),
    () => store.heads({ filter: { kind: "test" } }),
    () => store.due({ before: 0 }),
    () => store.streams({}),
    () => store.room({ name: "hall" }),
    () => store.rooms(),
    () => store.search({ text: "word" }),
    () => store.putBlob({ bytes: new Uint8Array(1) }),
    () => store.blob({ hash }),
    () => store.blobs({}),
    () => store.deleteBlob({ hash }),
    () => store.prune({ stream: a, throughSeq: 0 }),
    () => store.pruned({ stream: a }),
    () => store.lease({ name: "l", owner: "o", now: 0, ttlMs: 1 }),
    () => store.inspect(),
  ];
}
