// What appending means: atomic items, expected seqs, keys, chains within one call.
import { deepEqual, equal, ok } from "node:assert/strict";
import { EVENT_BYTES_MAX, leafHash, type EncodedEvent, type StreamId } from "../event/event.ts";
import type { TailPlace } from "../event/log.ts";
import { lastOf, testItem, testStream } from "./events.ts";
import { appendAll, appendOne, hashesOf, refuses, storeCase, type StoreCase } from "./store-case.ts";

const a = testStream("a");
const b = testStream("b");

export const appendCases: readonly StoreCase[] = [
  storeCase(
    "where an append tells its position, that is its last event's, and the others' lie before",
    async (store) => {
      const items = [testItem({ stream: a, facts: [{}, {}, {}] }), testItem({ stream: b })];
      const results = await store.append(items);
      for (const [index, item] of items.entries()) {
        const result = results[index];
        if (result?.status !== "appended" || result.position === undefined) continue;
        const positions = (await store.read({ stream: item.stream })).map(({ position }) => position);
        deepEqual(
          positions,
          item.events.map((_, event) => (result.position ?? 0) - item.events.length + 1 + event),
        );
      }
    },
  ),
  storeCase("an appended event reads back byte for byte", async (store) => {
    const item = testItem({ stream: a, facts: [{ data: { text: "ünï\u0000\u2028😀" } }, { room: "hall" }] });
    equal((await appendOne(store, item)).status, "appended");
    const events = await store.read({ stream: a });
    equal(events.length, 2);
    for (const [index, { event, bytes, hash }] of events.entries()) {
      const sent = item.events[index];
      deepEqual(Buffer.from(bytes), Buffer.from(sent?.bytes ?? []));
      deepEqual(event, sent?.event);
      equal(hash, sent?.hash);
      equal(leafHash(bytes), hash);
    }
  }),
  storeCase("an empty append gives no results", async (store) => {
    deepEqual(await store.append([]), []);
  }),
  storeCase(
    "an item with a stale or a future seq is a conflict that names where the stream stands",
    async (store) => {
      const first = testItem({ stream: a });
      await appendAll(store, [first]);
      deepEqual(await appendOne(store, testItem({ stream: a })), { status: "conflict", seq: 1 });
      const third = testItem({ stream: a, after: lastOf(testItem({ stream: a, after: lastOf(first) })) });
      deepEqual(await appendOne(store, third), { status: "conflict", seq: 1 });
      const ahead = testItem({ stream: b, after: lastOf(testItem({ stream: b })) });
      deepEqual(await appendOne(store, ahead), { status: "conflict", seq: 0 });
      equal((await store.read({ stream: a })).length, 1);
      equal(await store.head({ stream: b }), null);
    },
  ),
  storeCase("a used key comes back as repeated with its seq, whatever the expected seq", async (store) => {
    const first = testItem({ stream: a, facts: [{}, {}], keys: ["k"] });
    await appendAll(store, [first]);
    const expected = { status: "repeated", key: "k", seq: 1 };
    deepEqual(await appendOne(store, testItem({ stream: a, keys: ["k"] })), expected);
    deepEqual(
      await appendOne(store, testItem({ stream: a, after: lastOf(first), keys: ["n", "k"] })),
      expected,
    );
    equal(await store.key({ stream: a, key: "k" }), 1);
    equal(await store.key({ stream: a, key: "n" }), null, "a refused item leaves no key");
    equal((await store.read({ stream: a })).length, 2);
  }),
  storeCase("keys belong to their stream", async (store) => {
    await appendAll(store, [testItem({ stream: a, keys: ["k"] }), testItem({ stream: b, keys: ["k"] })]);
    equal(await store.key({ stream: b, key: "k" }), 1);
    equal(await store.key({ stream: testStream("c"), key: "k" }), null);
  }),
  storeCase(
    "a refused item does not fail its neighbours, and results keep the items' order",
    async (store) => {
      await appendAll(store, [testItem({ stream: a, keys: ["k"] })]);
      const results = await store.append([
        testItem({ stream: b }),
        testItem({ stream: a }),
        testItem({ stream: a, keys: ["k"] }),
        testItem({ stream: testStream("c") }),
      ]);
      deepEqual(
        results.map(({ status }) => status),
        ["appended", "conflict", "repeated", "appended"],
      );
      equal((await store.read({ stream: testStream("c") })).length, 1);
    },
  ),
  storeCase("items of one stream in one call follow each other", async (store) => {
    const first = testItem({ stream: a, keys: ["1"], head: { status: "one" } });
    const second = testItem({ stream: a, after: lastOf(first), keys: ["2"], head: { status: "two" } });
    const results = await store.append([
      first,
      testItem({ stream: a }),
      second,
      testItem({ stream: a, keys: ["2"] }),
    ]);
    deepEqual(
      results.map(({ status }) => status),
      ["appended", "conflict", "appended", "repeated"],
    );
    deepEqual(results[1], { status: "conflict", seq: 1 });
    deepEqual(results[3], { status: "repeated", key: "2", seq: 2 });
    const head = await store.head({ stream: a });
    equal(head?.status, "two");
    equal(head.seq, 2);
    equal(head.hash, lastOf(second).hash);
  }),
  storeCase("calls made at once are carried out in order, each with its own result", async (store) => {
    const first = testItem({ stream: a });
    const second = testItem({ stream: a, after: lastOf(first) });
    const results = await Promise.all([
      appendOne(store, first),
      appendOne(store, testItem({ stream: a })),
      appendOne(store, second),
      appendOne(store, testItem({ stream: b })),
    ]);
    deepEqual(
      results.map(({ status }) => status),
      ["appended", "conflict", "appended", "appended"],
    );
  }),
  storeCase("of a thousand appends at the same seq exactly one wins", async (store) => {
    let after: EncodedEvent | undefined;
    for (let round = 0; round < 3; round++) {
      const before = after;
      const rivals = Array.from({ length: 1000 }, (_, rival) =>
        testItem({ stream: a, after: before, facts: [{ data: { round, rival } }] }),
      );
      const results = await Promise.all(rivals.map(async (item) => appendOne(store, item)));
      const winners = rivals.filter((_, index) => results[index]?.status === "appended");
      equal(winners.length, 1);
      for (const winner of winners) after = lastOf(winner);
    }
    const events = await store.read({ stream: a });
    equal(events.length, 3);
    equal(events.at(-1)?.hash, after?.hash);
  }),
  storeCase("one thousand streams written at once all arrive whole", async (store) => {
    const items = Array.from({ length: 1000 }, (_, index) =>
      testItem({ stream: testStream(`s${index}`), facts: [{ room: "hall" }, { room: "hall" }] }),
    );
    await Promise.all(items.map(async (item) => appendAll(store, [item])));
    const { events, place } = await store.tail({ after: null });
    const rest = await store.tail({ after: place });
    equal(events.length + rest.events.length, 2000);
    deepEqual(await store.rooms(), [
      { room: "hall", tiles: 2000, createdAt: 1_000_000_000_000, latestAt: 1_000_000_000_000 },
    ]);
  }),
  storeCase("an event of the largest size is kept; a larger one is refused", async (store) => {
    const frame = testItem({ stream: a, facts: [{ data: { text: "" } }] });
    const room = EVENT_BYTES_MAX - lastOf(frame).bytes.length;
    const largest = testItem({ stream: a, facts: [{ data: { text: "x".repeat(room) } }] });
    equal(lastOf(largest).bytes.length, EVENT_BYTES_MAX);
    await appendAll(store, [largest]);
    deepEqual(hashesOf(await store.read({ stream: a })), [lastOf(largest).hash]);
    const [event] = testItem({ stream: b }).events;
    ok(event !== undefined);
    const overlong = { ...event, bytes: new Uint8Array(EVENT_BYTES_MAX + 1) };
    await refuses("invalid_argument", () =>
      store.append([{ ...testItem({ stream: b }), events: [overlong] }]),
    );
  }),
  storeCase("what would break a chain is refused and changes nothing", async (store) => {
    const first = testItem({ stream: a, facts: [{}, {}] });
    await appendAll(store, [first]);
    const next = testItem({ stream: a, after: lastOf(first), facts: [{}, {}] });
    const other = testItem({ stream: b, facts: [{}, {}, {}, {}] });
    const broken = [
      { ...next, events: [] },
      { ...next, events: next.events.toReversed() },
      { ...next, events: next.events.slice(1) },
      { ...next, events: other.events.slice(2) },
      { ...next, stream: b },
      { ...next, expectedSeq: 1.5 },
      { ...next, expectedSeq: -1 },
      { ...next, keys: [{ key: "k", seq: 2 }] },
      { ...next, keys: [{ key: "k", seq: 5 }] },
      { ...next, keys: [3, 4].map((seq) => ({ key: "k", seq })) },
      { ...next, events: next.events.map((event) => ({ ...event, hash: event.hash.toUpperCase() })) },
      { ...next, head: { ...next.head, labels: Array.from({ length: 33 }, String) } },
      { ...next, head: { ...next.head, dueAt: Number.NaN } },
    ];
    for (const item of broken) await refuses("invalid_argument", () => store.append([item]));
    equal((await store.read({ stream: a })).length, 2);
    equal(total(await store.end()), 2);
    equal((await appendOne(store, next)).status, "appended");
  }),
  storeCase("an item that follows another history is refused, though its seq fits", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: [{ data: { here: true } }] })]);
    const foreign = lastOf(testItem({ stream: a, facts: [{ data: { here: false } }] }));
    await refuses("invalid_argument", () => store.append([testItem({ stream: a, after: foreign })]));
    equal((await store.read({ stream: a })).length, 1);
  }),
  storeCase(
    "an item that follows another history does not keep its neighbours from being appended",
    async (store) => {
      await appendAll(store, [testItem({ stream: a, facts: [{ data: { here: true } }] })]);
      const foreign = lastOf(testItem({ stream: a, facts: [{ data: { here: false } }] }));
      const [before, after] = [testItem({ stream: b }), testItem({ stream: testStream("c") })];
      const items = [before, testItem({ stream: a, after: foreign }), after];
      await refuses("invalid_argument", () => store.append(items));
      equal((await store.read({ stream: a })).length, 1);
      for (const item of [before, after]) {
        deepEqual(hashesOf(await store.read({ stream: item.stream })), [lastOf(item).hash]);
        equal((await store.head({ stream: item.stream }))?.seq, 1);
      }
    },
  ),
  storeCase("what the caller does to its bytes afterwards does not reach the store", async (store) => {
    const item = testItem({ stream: a });
    const copy = Buffer.from(lastOf(item).bytes);
    await appendAll(store, [item]);
    lastOf(item).bytes.fill(0);
    const [event] = await store.read({ stream: a });
    deepEqual(Buffer.from(event?.bytes ?? []), copy);
    event?.bytes.fill(0);
    deepEqual(Buffer.from((await store.read({ stream: a }))[0]?.bytes ?? []), copy);
  }),
  storeCase("odd names come back as they went in and are not taken for one another", async (store) => {
    const odd = [
      "'; --",
      '"',
      "a\u0000b",
      "a\u0000c",
      "a",
      "😀",
      "\uffff",
      "שלום",
      "e\u0301",
      "é",
      "%",
      "_",
      "",
    ];
    for (const text of odd) {
      const stream = `test:${text}` as StreamId;
      const item = testItem({ stream, facts: [{ room: text }], keys: [text], head: { labels: [text] } });
      await appendAll(store, [item]);
    }
    for (const text of odd) {
      const stream = `test:${text}` as StreamId;
      equal((await store.read({ stream })).length, 1);
      equal((await store.head({ stream }))?.stream, stream);
      equal(await store.key({ stream, key: text }), 1);
      const { items } = await store.room({ name: text });
      deepEqual(
        items.map(({ event }) => event.stream),
        [stream],
      );
      const found = await store.heads({ filter: { kind: "test", labels: [text] } });
      deepEqual(
        found.items.map((head) => head.stream),
        [stream],
      );
    }
    const inOrder = odd.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    deepEqual(
      (await store.rooms()).map(({ room }) => room),
      inOrder,
    );
    deepEqual(
      (await store.streams({})).items,
      inOrder.map((text) => `test:${text}`),
    );
  }),
  storeCase("text with half of a surrogate pair is refused everywhere", async (store) => {
    const half = "\ud800";
    const stream = `test:${half}` as StreamId;
    const acts = [
      () => store.append([testItem({ stream })]),
      () => store.append([testItem({ stream: a, facts: [{ room: half }] })]),
      () => store.append([testItem({ stream: a, facts: [{ type: half }] })]),
      () => store.append([testItem({ stream: a, keys: [half] })]),
      () => store.append([testItem({ stream: a, head: { labels: [half] } })]),
      () => store.append([testItem({ stream: a, head: { status: half } })]),
      () => store.read({ stream }),
      () => store.head({ stream }),
      () => store.key({ stream: a, key: half }),
      () => store.room({ name: half }),
      () => store.place({ name: half }),
      () => store.heads({ filter: { kind: half } }),
      () => store.lease({ name: half, owner: "o", now: 0, ttlMs: 1 }),
    ];
    for (const act of acts) await refuses("invalid_argument", act);
    equal(total(await store.end()), 0);
  }),
];

/** How many events there have been: each raises the position of its partition by one. */
function total(place: TailPlace): number {
  return place.reduce((sum, position) => sum + position, 0);
}
