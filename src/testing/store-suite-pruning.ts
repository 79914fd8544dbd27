// What pruning means: what goes, what stays, and what blobs are still wanted for.
import { deepEqual, equal } from "node:assert/strict";
import { lastOf, testItem, testStream } from "./events.ts";
import { allPages, appendAll, hashesOf, refuses, storeCase, type StoreCase } from "./store-case.ts";

const a = testStream("a");
const b = testStream("b");
const DAY = 86_400_000;

function wordy(count: number) {
  return Array.from({ length: count }, (_, n) => ({ room: "hall", at: n + 1, data: { text: `fox n${n}` } }));
}

export const pruningCases: readonly StoreCase[] = [
  storeCase("what is pruned is read, followed, listed and found no more; its hashes stay", async (store) => {
    const item = testItem({ stream: a, facts: wordy(5), keys: ["k"] });
    const other = testItem({ stream: b, facts: [{ room: "hall", at: 9, data: { text: "fox" } }] });
    await appendAll(store, [item, other]);
    await store.search({ text: "fox" });
    const end = await store.end();
    equal(await store.prune({ stream: a, throughSeq: 3 }), 3);
    const kept = item.events.slice(3);
    deepEqual(hashesOf(await store.read({ stream: a })), hashesIn(kept));
    deepEqual(hashesOf(await store.read({ stream: a, afterSeq: 1, limit: 1 })), hashesIn(kept.slice(0, 1)));
    const pruned = item.events.slice(0, 3).map(({ event, hash }) => ({ seq: event.seq, hash }));
    deepEqual(await store.pruned({ stream: a }), pruned);
    deepEqual(await store.pruned({ stream: a, afterSeq: 1, limit: 1 }), pruned.slice(1, 2));
    deepEqual(await store.pruned({ stream: b }), []);
    const left = [...other.events, ...kept.toReversed()];
    deepEqual(hashesOf((await store.room({ name: "hall" })).items), hashesIn(left));
    deepEqual(await store.rooms(), [{ room: "hall", tiles: 3, createdAt: 4, latestAt: 9 }]);
    const { items } = await allPages(1, (page) => store.search({ text: "fox", page }));
    deepEqual(hashesOf(items), hashesIn(left));
    deepEqual((await store.search({ text: "n1" })).items, []);
    for (const { hash } of pruned) equal(await store.find({ hash }), null);
    for (const { hash } of left) equal((await store.find({ hash }))?.hash, hash);
    const tail = await store.tail({ after: null });
    deepEqual(new Set(hashesOf(tail.events)), new Set(hashesIn(left)));
    deepEqual([tail.place, await store.end()], [end, end]);
    equal(await store.key({ stream: a, key: "k" }), null);
    deepEqual(await store.inspect(), []);
  }),
  storeCase("what was never searched for is found by no word and no hash once pruned", async (store) => {
    const item = testItem({ stream: a, facts: wordy(3) });
    await appendAll(store, [item]);
    await store.prune({ stream: a, throughSeq: 2 });
    deepEqual(hashesOf((await store.search({ text: "fox" })).items), [lastOf(item).hash]);
    for (const { hash } of item.events.slice(0, 2)) equal(await store.find({ hash }), null);
    deepEqual(await store.inspect(), []);
  }),
  storeCase("a pruned stream goes on, and is pruned further", async (store) => {
    const item = testItem({ stream: a, facts: wordy(600) });
    await appendAll(store, [item]);
    equal(await store.prune({ stream: a, throughSeq: 2 }), 2);
    equal(await store.prune({ stream: a, throughSeq: 2 }), 0);
    const next = testItem({ stream: a, after: lastOf(item), keys: ["k"] });
    await appendAll(store, [next]);
    equal(await store.prune({ stream: a, throughSeq: 600 }), 598);
    deepEqual(hashesOf(await store.read({ stream: a })), [lastOf(next).hash]);
    equal((await store.pruned({ stream: a })).length, 600);
    equal(await store.key({ stream: a, key: "k" }), 601);
    equal((await store.head({ stream: a }))?.seq, 601);
    deepEqual(await store.rooms(), []);
    deepEqual(await store.inspect(), []);
  }),
  storeCase("a follower passes over what has been pruned and goes on behind it", async (store) => {
    const item = testItem({ stream: a, facts: wordy(5) });
    await appendAll(store, [item]);
    const { place } = await store.tail({ after: null, limit: 1 });
    await store.prune({ stream: a, throughSeq: 4 });
    for (const after of [null, place]) {
      const page = await store.tail({ after, limit: 1 });
      deepEqual([hashesOf(page.events), page.place], [[lastOf(item).hash], await store.end()]);
    }
  }),
  storeCase("a stream's last event is not pruned, nor is a stream that is not there", async (store) => {
    await appendAll(store, [testItem({ stream: a, facts: wordy(2) })]);
    for (const throughSeq of [2, 3, -1, 0.5]) {
      await refuses("invalid_argument", () => store.prune({ stream: a, throughSeq }));
    }
    await refuses("invalid_argument", () => store.prune({ stream: b, throughSeq: 0 }));
    equal((await store.read({ stream: a })).length, 2);
  }),
  storeCase("a snapshot of what is pruned goes with it, a later one stays", async (store) => {
    const item = testItem({ stream: a, facts: wordy(5) });
    await appendAll(store, [item]);
    const at = (seq: number) => ({ seq, hash: lastOf(item).hash, at: 1, version: 1, state: { text: "\0é" } });
    await store.saveSnapshot({ stream: a, snapshot: at(3) });
    await store.prune({ stream: a, throughSeq: 2 });
    equal((await store.snapshot({ stream: a }))?.seq, 3);
    await store.prune({ stream: a, throughSeq: 3 });
    equal(await store.snapshot({ stream: a }), null);
  }),
  storeCase("blobs are listed by hash with their size and when they were put last", async (store) => {
    const hashes: string[] = [];
    for (const length of [3, 1, 0, 2]) {
      hashes.push(await store.putBlob({ bytes: new Uint8Array(length), now: DAY + length }));
    }
    await store.putBlob({ bytes: new Uint8Array(3), now: DAY });
    await store.putBlob({ bytes: new Uint8Array(1), now: 5 * DAY });
    const expected = [3, 1, 0, 2].map((bytes, index) => {
      return { hash: hashes[index] ?? "", bytes, putAt: bytes === 1 ? 5 * DAY : DAY + bytes };
    });
    expected.sort((x, y) => (x.hash < y.hash ? -1 : 1));
    for (const limit of [1, 3, 1000]) {
      deepEqual((await allPages(limit, (page) => store.blobs({ page }))).items, expected);
    }
  }),
  storeCase("a blob that was put again meanwhile is not deleted", async (store) => {
    const bytes = new Uint8Array([7]);
    const hash = await store.putBlob({ bytes, now: 1 });
    await store.putBlob({ bytes, now: 10 });
    equal(await store.deleteBlob({ hash, putBefore: 10 }), false);
    equal((await store.blob({ hash }))?.length, 1);
    equal(await store.deleteBlob({ hash, putBefore: 11 }), true);
    equal(await store.deleteBlob({ hash, putBefore: 11 }), false);
    deepEqual((await store.blobs({})).items, []);
  }),
];

function hashesIn(events: readonly { readonly hash: string }[]): readonly string[] {
  return events.map(({ hash }) => hash);
}
