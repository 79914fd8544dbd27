// What lists mean: heads, deadlines, stream names.
import { deepEqual, equal, ok } from "node:assert/strict";
import { streamId } from "../event/event.ts";
import type { Head } from "../event/log.ts";
import type { HeadFilter, Store } from "../store/port.ts";
import { lastOf, testItem, testStream } from "./events.ts";
import { allPages, appendAll, refuses, storeCase, type StoreCase } from "./store-case.ts";

const a = testStream("a");

export const listCases: readonly StoreCase[] = [
  storeCase("a head is what the last append said, at the seq and hash of its last event", async (store) => {
    equal(await store.head({ stream: a }), null);
    const head = {
      kind: "test",
      status: "open",
      createdAt: 5,
      dueAt: 7,
      labels: ["x:1", "x:2"],
      summary: { name: "n", list: [1, null], deep: { é: 1.5 } },
    };
    const first = testItem({ stream: a, head });
    await appendAll(store, [first]);
    deepEqual(await store.head({ stream: a }), { ...head, stream: a, seq: 1, hash: lastOf(first).hash });
    const changed = { ...head, status: "ended", dueAt: null, labels: [], summary: {} };
    const second = testItem({ stream: a, after: lastOf(first), facts: [{}, {}], head: changed });
    await appendAll(store, [second]);
    deepEqual(await store.head({ stream: a }), { ...changed, stream: a, seq: 3, hash: lastOf(second).hash });
  }),
  storeCase("the time a stream was created never changes", async (store) => {
    const first = testItem({ stream: a, head: { createdAt: 5 } });
    const second = testItem({ stream: a, after: lastOf(first), head: { createdAt: 6, status: "ended" } });
    await appendAll(store, [first]);
    await appendAll(store, [second]);
    equal((await store.head({ stream: a }))?.createdAt, 5);
    equal((await store.heads({ filter: { kind: "test", createdFrom: 6 } })).items.length, 0);
  }),
  storeCase("a stream that gets several items at once was created when the first says", async (store) => {
    const first = testItem({ stream: a, head: { createdAt: 5 } });
    await appendAll(store, [first, testItem({ stream: a, after: lastOf(first), head: { createdAt: 6 } })]);
    equal((await store.head({ stream: a }))?.createdAt, 5);
  }),
  storeCase("heads of a kind come newest first by creation and stream", async (store) => {
    await put(store, "b", { createdAt: 2 });
    await put(store, "a", { createdAt: 2 });
    await put(store, "c", { createdAt: 1 });
    await put(store, "d", { createdAt: 3 });
    await put(store, "e", { createdAt: 9, kind: "other" });
    deepEqual(await names(store, { kind: "test" }), ["d", "b", "a", "c"]);
    deepEqual(await names(store, { kind: "none" }), []);
  }),
  storeCase("heads are found by status, time of creation and all of the labels", async (store) => {
    await put(store, "a", { createdAt: 1, status: "open", labels: ["x"] });
    await put(store, "b", { createdAt: 2, status: "ended", labels: ["x", "y"] });
    await put(store, "c", { createdAt: 3, status: "open", labels: ["y", "x", "z"] });
    await put(store, "d", { createdAt: 4, status: "open", labels: [] });
    deepEqual(await names(store, { kind: "test", status: "open" }), ["d", "c", "a"]);
    deepEqual(await names(store, { kind: "test", labels: ["x", "y"] }), ["c", "b"]);
    deepEqual(await names(store, { kind: "test", labels: ["xy"] }), []);
    deepEqual(await names(store, { kind: "test", labels: [] }), ["d", "c", "b", "a"]);
    deepEqual(await names(store, { kind: "test", createdFrom: 2, createdBefore: 4 }), ["c", "b"]);
    deepEqual(await names(store, { kind: "test", status: "open", labels: ["x"], createdBefore: 3 }), ["a"]);
  }),
  storeCase("a head that changed its status moves between lists", async (store) => {
    const first = testItem({ stream: a });
    await appendAll(store, [first]);
    await appendAll(store, [testItem({ stream: a, after: lastOf(first), head: { status: "ended" } })]);
    deepEqual(await names(store, { kind: "test", status: "open" }), []);
    deepEqual(await names(store, { kind: "test", status: "ended" }), ["a"]);
  }),
  storeCase("pages of heads created at the same moment leave none out and double none", async (store) => {
    const ids = Array.from({ length: 7 }, (_, index) => `s${index}`);
    for (const id of ids) await put(store, id, { createdAt: 5 });
    const { items, sizes } = await allPages(3, (page) => store.heads({ filter: { kind: "test" }, page }));
    deepEqual(
      items.map(({ stream }) => stream),
      ids.map((id) => testStream(id)).toReversed(),
    );
    deepEqual(sizes, [3, 3, 1]);
  }),
  storeCase("the last page says so when it is full", async (store) => {
    for (const id of ["a", "b"]) await put(store, id, {});
    const page = await store.heads({ filter: { kind: "test" }, page: { limit: 2 } });
    equal(page.items.length, 2);
    equal(page.next, null);
  }),
  storeCase("rare labels among many heads are found, though a page may be short", async (store) => {
    const heads = Array.from({ length: 5000 }, (_, index) => ({
      createdAt: index,
      labels: index % 2000 === 7 ? ["rare"] : ["common"],
    }));
    await appendAll(
      store,
      heads.map((head, index) => testItem({ stream: testStream(`s${index}`), head })),
    );
    const { items } = await allPages(10, (page) =>
      store.heads({ filter: { kind: "test", labels: ["rare"] }, page }),
    );
    deepEqual(
      items.map(({ createdAt }) => createdAt),
      [4007, 2007, 7],
    );
  }),
  storeCase("a page holds 50 unless told otherwise", async (store) => {
    await appendAll(
      store,
      Array.from({ length: 51 }, (_, index) => testItem({ stream: testStream(`s${index}`) })),
    );
    equal((await store.heads({ filter: { kind: "test" } })).items.length, 50);
    equal((await store.streams({})).items.length, 50);
  }),
  storeCase("a made-up place in a list is refused", async (store) => {
    const forged = ["", "nonsense", "e30", Buffer.from("[1]").toString("base64url")];
    for (const after of forged) {
      await refuses("invalid_argument", () => store.heads({ filter: { kind: "test" }, page: { after } }));
      await refuses("invalid_argument", () => store.room({ name: "hall", page: { after } }));
      await refuses("invalid_argument", () => store.search({ text: "word", page: { after } }));
      await refuses("invalid_argument", () => store.streams({ page: { after } }));
    }
  }),
  storeCase("deadlines come earliest first, those at the moment included", async (store) => {
    await put(store, "late", { dueAt: 30 });
    await put(store, "b", { dueAt: 10 });
    await put(store, "a", { dueAt: 10 });
    await put(store, "early", { dueAt: 5, kind: "other" });
    await put(store, "none", { dueAt: null });
    const due = async (before: number, limit = 100) =>
      (await store.due({ before, limit })).map(({ stream }) => stream);
    deepEqual(await due(10), ["test:early", "test:a", "test:b"]);
    deepEqual(await due(4), []);
    deepEqual(await due(99, 2), ["test:early", "test:a"]);
    equal((await store.due({ before: 30 })).length, 4);
  }),
  storeCase(
    "a deadline that was met is due no more, and a moved one falls due when it says",
    async (store) => {
      const first = testItem({ stream: a, head: { dueAt: 10 } });
      const second = testItem({ stream: a, after: lastOf(first), head: { dueAt: 20 } });
      await appendAll(store, [first, second]);
      deepEqual(await store.due({ before: 19 }), []);
      equal((await store.due({ before: 20 })).length, 1);
      await appendAll(store, [testItem({ stream: a, after: lastOf(second), head: { dueAt: null } })]);
      deepEqual(await store.due({ before: 99 }), []);
    },
  ),
  storeCase("deadlines are a hundred at a time unless told otherwise", async (store) => {
    await appendAll(
      store,
      Array.from({ length: 101 }, (_, index) =>
        testItem({ stream: testStream(`s${index}`), head: { dueAt: 1 } }),
      ),
    );
    equal((await store.due({ before: 1 })).length, 100);
  }),
  storeCase("all stream names come in order, page by page", async (store) => {
    const streams = [streamId("zoo", "a"), ...["c", "a", "b", "😀", "\uffee"].map((id) => testStream(id))];
    await appendAll(
      store,
      streams.map((stream) => testItem({ stream, facts: [{}, {}] })),
    );
    const { items, sizes } = await allPages(2, (page) => store.streams({ page }));
    deepEqual(items, ["test:a", "test:b", "test:c", "test:\uffee", "test:😀", "zoo:a"]);
    deepEqual(sizes, [2, 2, 2]);
  }),
];

async function put(store: Store, id: string, head: Partial<Head>): Promise<void> {
  await appendAll(store, [testItem({ stream: testStream(id), head })]);
}

async function names(store: Store, filter: HeadFilter): Promise<readonly string[]> {
  const { items } = await store.heads({ filter });
  for (const head of items) ok(head.seq === 1 || head.seq === 2);
  return items.map(({ stream }) => stream.slice("test:".length));
}
