// What rooms, search, blobs and leases mean.
import { deepEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { EncodedEvent } from "../event/event.ts";
import type { Store } from "../store/port.ts";
import { lastOf, testItem, testStream, type TestFact } from "./events.ts";
import { allPages, appendAll, hashesOf, refuses, storeCase, type StoreCase } from "./store-case.ts";

const a = testStream("a");
const b = testStream("b");

export const findingCases: readonly StoreCase[] = [
  storeCase("a room's events come newest first by time and hash", async (store) => {
    const facts = [1, 3, 3, 3, 7].map((at) => ({ room: "hall", at, data: { at } }));
    const first = testItem({ stream: a, facts });
    const second = testItem({ stream: b, facts: [2, 3, 9].map((at) => ({ room: "hall", at })) });
    await appendAll(store, [
      first,
      second,
      testItem({ stream: testStream("c"), facts: [{ room: "attic" }] }),
    ]);
    const expected = [...first.events, ...second.events]
      .toSorted((x, y) => y.event.at - x.event.at || (x.hash < y.hash ? 1 : -1))
      .map(({ hash }) => hash);
    deepEqual(hashesOf((await store.room({ name: "hall" })).items), expected);
    for (const limit of [1, 2, 3, 7, 8]) {
      const { items, sizes } = await allPages(limit, (page) => store.room({ name: "hall", page }));
      deepEqual(hashesOf(items), expected);
      equal(sizes.length, Math.ceil(8 / limit));
    }
  }),
  storeCase("an unknown room is empty", async (store) => {
    deepEqual(await store.room({ name: "nowhere" }), { items: [], next: null });
    deepEqual(await store.rooms(), []);
  }),
  storeCase("a page goes on where it ended, though newer events have come", async (store) => {
    const first = testItem({ stream: a, facts: [1, 2, 3].map((at) => ({ room: "hall", at })) });
    await appendAll(store, [first]);
    const page = await store.room({ name: "hall", page: { limit: 2 } });
    await appendAll(store, [testItem({ stream: a, after: lastOf(first), facts: [{ room: "hall", at: 9 }] })]);
    const rest = await store.room({ name: "hall", page: { limit: 2, after: page.next ?? "" } });
    deepEqual(
      [...page.items, ...rest.items].map(({ event }) => event.at),
      [3, 2, 1],
    );
  }),
  storeCase("rooms come by name with their count, first and newest time", async (store) => {
    const facts: TestFact[] = [
      { room: "b", at: 5 },
      { room: null, at: 6 },
      { room: "a", at: 7 },
      { room: "b", at: 9 },
    ];
    await appendAll(store, [testItem({ stream: a, facts })]);
    await appendAll(store, [testItem({ stream: b, facts: [{ room: "b", at: 2 }] })]);
    deepEqual(await store.rooms(), [
      { room: "a", tiles: 1, createdAt: 7, latestAt: 7 },
      { room: "b", tiles: 3, createdAt: 2, latestAt: 9 },
    ]);
  }),
  storeCase("a refused item counts in no room", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: [{ room: "hall" }] })]);
    await store.append([testItem({ stream: a, facts: [{ room: "hall" }, { room: "attic" }] })]);
    deepEqual(
      (await store.rooms()).map(({ room, tiles }) => ({ room, tiles })),
      [{ room: "hall", tiles: 1 }],
    );
  }),
  storeCase("search finds the events that hold every word, newest first", async (store) => {
    const texts = ["red fox", "Red hen", "blue fox", "foxes red"];
    const facts = texts.map((text, at) => ({ at, data: { text } }));
    await appendAll(store, [testItem({ stream: a, facts })]);
    deepEqual(await found(store, "fox"), ["blue fox", "red fox"]);
    deepEqual(await found(store, "RED, fox!"), ["red fox"]);
    deepEqual(await found(store, "red"), ["foxes red", "Red hen", "red fox"]);
    deepEqual(await found(store, "fo"), []);
    deepEqual(await found(store, "red purple"), []);
  }),
  storeCase("search is caught up with what was appended a moment ago", async (store) => {
    let after: EncodedEvent | undefined;
    for (let round = 0; round < 3; round++) {
      const item = testItem({ stream: a, after, facts: [{ data: { text: `w${round} all` } }] });
      after = lastOf(item);
      await appendAll(store, [item]);
      equal((await store.search({ text: `w${round}` })).items.length, 1);
      equal((await store.search({ text: "all" })).items.length, round + 1);
    }
  }),
  storeCase("search knows an event's type, stream, room, keys and numbers", async (store) => {
    const fact = { type: "task_started", room: "hall/east", data: { colour: { deep: [42, true] } } };
    await appendAll(store, [testItem({ stream: testStream("sess_1"), facts: [fact] })]);
    for (const text of [
      "started",
      "sess",
      "east",
      "colour",
      "deep",
      "42",
      "true",
      "task_started hall/east",
    ]) {
      equal((await store.search({ text })).items.length, 1, text);
    }
  }),
  storeCase("search reads any script, and takes no sign for an order", async (store) => {
    const texts = [
      "Straße",
      "ΟΔΌΣ",
      "שלום עולם",
      "日本語",
      "e\u0301tude",
      "naïve NOT x",
      "a\u0000b",
      "OR",
      "x*y",
      '"q"',
    ];
    await appendAll(store, [
      testItem({ stream: a, facts: texts.map((text, at) => ({ at, data: { text } })) }),
    ]);
    for (const text of texts) deepEqual((await found(store, text)).includes(text), true, text);
    deepEqual(await found(store, "naïve OR Straße"), []);
    deepEqual(await found(store, "stra*"), []);
    deepEqual(await found(store, "text:straße"), ["Straße"]);
  }),
  storeCase("text without a word finds nothing; too many words are refused", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: [{ data: { text: "..." } }] })]);
    for (const text of ["", " ", "...", "*", '"', "-", "😀"]) {
      deepEqual(await store.search({ text }), { items: [], next: null });
    }
    deepEqual(await found(store, words(64)), []);
    await refuses("invalid_argument", () => store.search({ text: words(65) }));
  }),
  storeCase("search hits come page by page", async (store) => {
    const facts = Array.from({ length: 600 }, (_, index) => ({
      at: index >> 2,
      data: { text: `hit ${index}` },
    }));
    const item = testItem({ stream: a, facts });
    await appendAll(store, [item]);
    const expected = item.events
      .toSorted((x, y) => y.event.at - x.event.at || (x.hash < y.hash ? 1 : -1))
      .map(({ hash }) => hash);
    const { items, sizes } = await allPages(250, (page) => store.search({ text: "hit", page }));
    deepEqual(hashesOf(items), expected);
    deepEqual(sizes, [250, 250, 100]);
  }),
  storeCase("an event is found by its hash, at once, and by no text that tells it", async (store) => {
    const first = testItem({ stream: a, facts: [{ data: { text: "one" } }, { data: { text: "two" } }] });
    await appendAll(store, [first]);
    const wanted = first.events[1]?.hash ?? "";
    const liar = testItem({ stream: b, facts: [{ data: { text: `§${wanted} ${wanted}` } }] });
    await appendAll(store, [liar]);
    const stored = await store.find({ hash: wanted });
    deepEqual([stored?.event.stream, stored?.event.seq, stored?.hash], [a, 2, wanted]);
    deepEqual(hashesOf((await store.search({ text: wanted })).items), [lastOf(liar).hash]);
    equal(await store.find({ hash: "0".repeat(64) }), null);
    await refuses("invalid_argument", () => store.find({ hash: "abc" }));
  }),
  storeCase("a blob is kept under its SHA-256, once, until it is deleted", async (store) => {
    const bytes = new Uint8Array([0, 1, 2, 255]);
    const hash = await store.putBlob({ bytes });
    equal(hash, createHash("sha256").update(bytes).digest("hex"));
    equal(await store.putBlob({ bytes }), hash);
    deepEqual(Buffer.from((await store.blob({ hash })) ?? []), Buffer.from(bytes));
    await store.deleteBlob({ hash });
    equal(await store.blob({ hash }), null);
    await store.deleteBlob({ hash });
    await store.putBlob({ bytes });
    equal((await store.blob({ hash }))?.length, 4);
  }),
  storeCase("blobs are empty or large, and not what the caller later makes of its bytes", async (store) => {
    for (const length of [0, 3_000_000]) {
      const bytes = Buffer.alloc(length, 7);
      const putting = store.putBlob({ bytes });
      bytes.fill(8);
      const hash = await putting;
      (await store.blob({ hash }))?.fill(9);
      const kept = await store.blob({ hash });
      equal(kept?.length, length);
      equal(createHash("sha256").update(kept).digest("hex"), hash);
    }
  }),
  storeCase("a name that is no hash is refused", async (store) => {
    for (const hash of ["", "xyz", "A".repeat(64), "0".repeat(63)]) {
      await refuses("invalid_argument", () => store.blob({ hash }));
      await refuses("invalid_argument", () => store.deleteBlob({ hash }));
    }
  }),
  storeCase("a lease is one owner's until it runs out or is given back", async (store) => {
    const lease = (owner: string, now: number, ttlMs: number) =>
      store.lease({ name: "l", owner, now, ttlMs });
    equal(await lease("a", 0, 10), true);
    equal(await lease("b", 9, 10), false);
    equal(await lease("a", 5, 10), true, "the owner renews");
    equal(await lease("b", 14, 10), false);
    equal(await lease("b", 15, 10), true, "it ran out at 15");
    equal(await lease("a", 16, 0), false, "nobody gives back what another holds");
    equal(await lease("b", 16, 0), true);
    equal(await lease("a", 16, 1), true);
    equal(await store.lease({ name: "other", owner: "b", now: 0, ttlMs: 1 }), true);
  }),
  storeCase("of many who want a lease at once one gets it", async (store) => {
    const asks = Array.from({ length: 20 }, (_, index) =>
      store.lease({ name: "l", owner: `o${index}`, now: 0, ttlMs: 5 }),
    );
    equal((await Promise.all(asks)).filter(Boolean).length, 1);
  }),
  storeCase("a sound store has nothing to report", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: [{ room: "hall" }], keys: ["k"] })]);
    await store.putBlob({ bytes: new Uint8Array(10) });
    await store.search({ text: "hall" });
    deepEqual(await store.inspect(), []);
  }),
];

function words(count: number): string {
  return Array.from({ length: count }, (_, index) => `w${index}`).join(" ");
}

async function found(store: Store, text: string): Promise<readonly unknown[]> {
  const { items } = await store.search({ text });
  return items.map(({ event }) => event.data["text"]);
}
