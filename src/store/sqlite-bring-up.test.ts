import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hash as digest } from "node:crypto";
import { wordsOfEvent } from "../event/words.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { SCHEMA_VERSION } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite.ts";
import { hashBytes } from "./stored-event.ts";
import { verifyStore } from "./verify.ts";

const a = testStream("a");
const blob = Buffer.from("a blob of version 1");
const blobHash = digest("sha256", blob, "hex");
const item = testItem({ stream: a, facts: [{ data: { text: "fox" } }, {}, {}], keys: ["k"] });
let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-bring-up-"));
  path = join(folder, "holodeck.db");
});
afterEach(async () => rm(folder, { recursive: true }));

/** What a program of version 1 left behind. */
async function makeVersion1(): Promise<DatabaseSync> {
  const schema = await readFile(new URL("../../test/fixtures/sqlite-version-1.sql", import.meta.url), "utf8");
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; BEGIN; ${schema} COMMIT`);
  const insert = "INSERT INTO events (stream, seq, at, room, hash, bytes) VALUES (?, ?, ?, NULL, ?, ?)";
  for (const { event, hash, bytes } of item.events) {
    database.prepare(insert).run(a, event.seq, event.at, hashBytes(hash), bytes);
  }
  database
    .prepare("INSERT INTO heads VALUES (?, 3, ?, 'test', 'open', 1, NULL, '[]', '{}')")
    .run(a, hashBytes(lastOf(item).hash));
  database.prepare("INSERT INTO keys VALUES (?, 'k', 1)").run(a);
  database.prepare("INSERT INTO blobs VALUES (?, ?)").run(hashBytes(blobHash), blob);
  return database;
}

test("a store of version 1 opens, is brought up, verifies, and prunes", async () => {
  (await makeVersion1()).close();
  const opened = Date.now();
  const store = await openSqliteStore(path);
  expect(await verifyStore(store)).toEqual({ ok: true, streams: 1, events: 3, pruned: 0, problems: [] });
  const { items } = await store.blobs({});
  expect(items).toEqual([{ hash: blobHash, bytes: blob.length, putAt: expect.any(Number) }]);
  // What was there is taken for new: its event may not have been written yet.
  expect(await store.deleteBlob({ hash: blobHash, putBefore: opened - 1_000 })).toBe(false);
  expect((await store.search({ text: "fox" })).items).toHaveLength(1);
  expect(await store.prune({ stream: a, throughSeq: 2 })).toBe(2);
  expect(await store.append([testItem({ stream: a, after: lastOf(item) })])).toMatchObject([
    { status: "appended" },
  ]);
  await store.close();
  expect((await readFile(path)).readUInt32BE(60)).toBe(SCHEMA_VERSION);
});

test("what a store of version 1 had made findable is found by its hash too, until it is pruned", async () => {
  const database = await makeVersion1();
  const words = database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
  for (const { event } of item.events) words.run(event.seq, wordsOfEvent(event).join(" "));
  database.exec("UPDATE words_place SET position = 3");
  database.close();
  const store = await openSqliteStore(path);
  const [first, , last] = item.events.map(({ hash }) => hash);
  for (const hash of [first, last]) expect(await store.find({ hash: hash ?? "" })).toMatchObject({ hash });
  await store.prune({ stream: a, throughSeq: 2 });
  expect(await store.find({ hash: first ?? "" })).toBe(null);
  expect(await store.find({ hash: last ?? "" })).toMatchObject({ hash: last });
  expect((await store.search({ text: "fox" })).items).toEqual([]);
  expect(await verifyStore(store)).toMatchObject({ events: 1, pruned: 2, problems: [{ seq: 2 }] });
  await store.close();
});

test("many who open a store of version 1 at once bring it up once", async () => {
  (await makeVersion1()).close();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteStore(path)));
  for (const store of stores) expect((await store.blobs({})).items).toHaveLength(1);
  for (const store of stores) await store.close();
});

test("bytes that are gone without an event that says so are reported", async () => {
  const store = await openSqliteStore(path);
  await store.append([item]);
  await store.prune({ stream: a, throughSeq: 2 });
  expect(await verifyStore(store)).toMatchObject({
    ok: false,
    events: 1,
    pruned: 2,
    problems: [{ stream: a, seq: 2 }],
  });
  await store.close();
});

test.each([
  ["the kept hash that the chain goes on from", "UPDATE events SET hash = zeroblob(32) WHERE seq = 2"],
  ["a kept hash in the middle that is not there", "DELETE FROM events WHERE seq = 1"],
  ["an event made to look pruned", "UPDATE events SET bytes = x'' WHERE seq = 3"],
])("%s is found when it was changed", async (_what, sql) => {
  const store = await openSqliteStore(path);
  const told = testItem({
    stream: a,
    after: lastOf(item),
    facts: [{ type: "pruned", data: { from: 1, to: 2, last_hash: item.events[1]?.hash ?? "" } }],
  });
  await store.append([item, told]);
  await store.prune({ stream: a, throughSeq: 2 });
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 2, pruned: 2 });
  await store.close();
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  const damaged = await openSqliteStore(path);
  expect((await verifyStore(damaged)).ok).toBe(false);
  await damaged.close();
});
