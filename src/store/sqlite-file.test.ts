import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Appended } from "../event/log.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { SCHEMA_VERSION } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite.ts";
import type { Store } from "./port.ts";

const a = testStream("a");
let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-file-"));
  path = join(folder, "deep", "er", "holodeck.db");
});
afterEach(async () => rm(folder, { recursive: true }));

async function use<Value>(act: (store: Store) => Promise<Value>, at = path): Promise<Value> {
  const store = await openSqliteStore(at);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

/** A sound store with something in it. */
async function fill(): Promise<void> {
  await use(async (store) => {
    const facts = Array.from({ length: 50 }, (_, n) => ({
      room: "hall",
      data: { n, text: "x".repeat(500) },
    }));
    await store.append([testItem({ stream: a, facts, keys: ["k"] })]);
    await store.search({ text: "hall" });
  });
}

async function expectRefused(code: string): Promise<void> {
  const before = await readFile(path);
  const names = await readdir(join(path, ".."));
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code, todo: expect.stringMatching(/\S/) });
  expect(await readFile(path)).toEqual(before);
  expect(await readdir(join(path, ".."))).toEqual(names);
}

test("what was appended is there when the file is opened again", async () => {
  const item = testItem({ stream: a, facts: [{ room: "hall", data: { text: "found" } }], keys: ["k"] });
  const bytes = new Uint8Array([1, 2, 3]);
  const hash = await use(async (store) => {
    await store.append([item]);
    await store.savePlace({ name: "r", place: await store.end() });
    await store.saveSnapshot({
      stream: a,
      snapshot: { seq: 1, hash: lastOf(item).hash, at: 1, version: 1, state: 5 },
    });
    await store.lease({ name: "l", owner: "o", now: 0, ttlMs: 10 });
    return store.putBlob({ bytes });
  });
  await use(async (store) => {
    expect((await store.read({ stream: a }))[0]?.hash).toBe(lastOf(item).hash);
    expect(await store.key({ stream: a, key: "k" })).toBe(1);
    expect(await store.place({ name: "r" })).toEqual([1]);
    expect((await store.snapshot({ stream: a }))?.state).toBe(5);
    expect(await store.lease({ name: "l", owner: "p", now: 5, ttlMs: 10 })).toBe(false);
    expect(await store.blob({ hash })).toEqual(bytes);
    expect((await store.search({ text: "found" })).items).toHaveLength(1);
    const next = testItem({ stream: a, after: lastOf(item) });
    expect(await store.append([next])).toMatchObject([{ status: "appended" }]);
  });
});

test("folders and file are made for this user alone, and nothing else is left beside them", async () => {
  await use(async (store) => store.append([testItem({ stream: a })]));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "deep"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "deep", "er"))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(folder, "deep", "er"))).toEqual(["holodeck.db"]);
});

test("the write-ahead log is readable by this user alone", async () => {
  await use(async (store) => {
    await store.append([testItem({ stream: a })]);
    for (const end of ["-wal", "-shm"]) expect((await stat(path + end)).mode & 0o777).toBe(0o600);
  });
});

test("many who create one store at once share it", async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => openSqliteStore(path)));
  const results = await Promise.all(stores.map((store) => store.append([testItem({ stream: a })])));
  const statuses = results.flat().map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["appended", ...Array.from({ length: 7 }, () => "conflict")]);
  for (const store of stores) await store.close();
  expect(await readdir(join(path, ".."))).toEqual(["holodeck.db"]);
});

test("a store is opened through a symbolic link", async () => {
  await fill();
  const link = join(folder, "link.db");
  await symlink(path, link);
  expect(await use((store) => store.rooms(), link)).toHaveLength(1);
});

test("a file of a newer version is refused and left as it is", async () => {
  await fill();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expectRefused("store_newer");
});

test("a newer version that only the write-ahead log knows is refused too", async () => {
  await fill();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  expect((await readFile(path)).readUInt32BE(60)).toBe(SCHEMA_VERSION);
  await expectRefused("store_newer");
  database.close();
});

test("a database of another program is refused and left as it is", async () => {
  await mkdir(join(path, ".."), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
  database.close();
  await expectRefused("store_corrupt");
});

test.each([
  ["a text", Buffer.from("hello, this is no database, whatever its name may say.\n".repeat(99))],
  ["a short text", Buffer.from("hello")],
  ["an empty file", Buffer.alloc(0)],
  ["zeros", Buffer.alloc(8192)],
])("%s is refused and left as it is", async (_name, content) => {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  await expectRefused("store_corrupt");
});

test("a file that was cut off is refused and left as it is", async () => {
  await fill();
  const { size } = await stat(path);
  for (const rest of [size - 1, size - 4096, 4096, 200, 50]) {
    await truncate(path, rest);
    await expectRefused("store_corrupt");
  }
});

test("a file whose schema page is damaged is refused and left as it is", async () => {
  await fill();
  const sound = await readFile(path);
  for (const [from, to] of [
    [100, 200],
    [100, 4096],
    [0, 16],
    [68, 72],
  ] as const) {
    await writeFile(path, Buffer.from(sound).fill(0x5a, from, to));
    await expectRefused("store_corrupt");
  }
});

test("a store that lacks a table is refused and left as it is", async () => {
  await fill();
  const database = new DatabaseSync(path);
  database.exec("DROP TABLE leases");
  database.close();
  await expectRefused("store_corrupt");
});

test("damage found while reading is an error that says so, not a wrong answer", async () => {
  await fill();
  const { size } = await stat(path);
  const bytes = await readFile(path);
  // Every page but the first: whichever the events are on, reading them cannot succeed.
  await writeFile(path, bytes.fill(0x5a, 4096, size));
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: "store_corrupt" });
});

test("a write-ahead log without its database is not taken over by a new one", async () => {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(`${path}-wal`, "left over");
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: "store_corrupt" });
  expect(await readdir(join(path, ".."))).toEqual(["holodeck.db-wal"]);
});

test("a path that cannot be a file is a clear error", async () => {
  await writeFile(join(folder, "file"), "");
  for (const wrong of [folder, join(folder, "file", "holodeck.db"), "/proc/holodeck/holodeck.db"]) {
    await expect(openSqliteStore(wrong)).rejects.toMatchObject({ code: "store_io" });
  }
});

test("a full store refuses what does not fit, keeps what it acknowledged, and takes more once there is room", async () => {
  const store = await openSqliteStore(path, { bytesMax: 1_000_000 });
  const ballast = await store.putBlob({ bytes: Buffer.alloc(300_000, 1) });
  const items = Array.from({ length: 400 }, (_, n) =>
    testItem({ stream: testStream(`s${n}`), facts: [{ room: "hall", data: { text: "x".repeat(10_000) } }] }),
  );
  const outcomes = await Promise.allSettled(items.map((item) => store.append([item])));
  const kept = items.filter((_, index) => outcomes[index]?.status === "fulfilled");
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "store_full" });
  expect((await store.streams({ page: { limit: 1000 } })).items).toHaveLength(kept.length);
  expect((await store.rooms())[0]?.tiles ?? 0).toBe(kept.length);
  await store.deleteBlob({ hash: ballast });
  expect(await store.append([testItem({ stream: a })])).toMatchObject([{ status: "appended" }]);
  expect(await store.inspect()).toEqual([]);
  await store.close();
});

test("an item that did not fit in one transaction can be appended again at the same seq", async () => {
  const store = await openSqliteStore(path, { bytesMax: 300_000 });
  const first = testItem({ stream: a });
  await store.append([first]);
  const large = testItem({
    stream: a,
    after: lastOf(first),
    facts: Array.from({ length: 20 }, () => ({ data: { text: "x".repeat(50_000) } })),
  });
  await expect(store.append([large])).rejects.toMatchObject({ code: "store_full" });
  const next = testItem({ stream: a, after: lastOf(first) });
  expect(await store.append([next])).toMatchObject([{ status: "appended" }]);
  expect((await store.head({ stream: a }))?.hash).toBe(lastOf(next).hash);
  await store.close();
});

test("a store that another process holds is busy after its patience, and usable after", async () => {
  const store = await openSqliteStore(path, { busyTimeoutMs: 150 });
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const refused = expect(store.append([testItem({ stream: a })])).rejects.toMatchObject({
    code: "store_busy",
  });
  expect(await store.read({ stream: a })).toEqual([]);
  await refused;
  const waiting = store.append([testItem({ stream: a })]);
  other.exec("ROLLBACK");
  expect(await waiting).toMatchObject([{ status: "appended" }]);
  other.close();
  await store.close();
});

test("what another connection wrote in between is a conflict, not a lost event", async () => {
  const [one, two] = [await openSqliteStore(path), await openSqliteStore(path)];
  const first = testItem({ stream: a });
  const second = testItem({ stream: a, after: lastOf(first), facts: [{ data: { by: "two" } }] });
  await one.append([first]);
  await two.append([second]);
  const rival = testItem({ stream: a, after: lastOf(first), facts: [{ data: { by: "one" } }] });
  expect(await one.append([rival])).toEqual([{ status: "conflict", seq: 2 }]);
  const third = testItem({ stream: a, after: lastOf(second) });
  expect(await one.append([third])).toMatchObject([{ status: "appended" }]);
  expect(await two.append([testItem({ stream: a, after: lastOf(third) })])).toMatchObject([
    { status: "appended" },
  ]);
  await one.close();
  await two.close();
});

test("a watcher hears of what another connection appended, and that it was not its own", async () => {
  const [one, two] = [await openSqliteStore(path), await openSqliteStore(path)];
  const heard = Promise.withResolvers<Appended>();
  const stop = one.watch(heard.resolve);
  await two.append([testItem({ stream: a })]);
  expect(await heard.promise).toEqual({ own: false });
  expect((await one.tail({ after: null })).events).toHaveLength(1);
  stop();
  await one.close();
  await two.close();
});

test("a watcher is told which appends are its store's own", async () => {
  const store = await openSqliteStore(path);
  const heard = Promise.withResolvers<Appended>();
  store.watch(heard.resolve);
  await store.append([testItem({ stream: a })]);
  expect(await heard.promise).toEqual({ own: true });
  await store.close();
});

test("a watcher alone does not keep a process alive", () => {
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(join(import.meta.dirname, "sqlite.ts"))});
    const store = await openSqliteStore(${JSON.stringify(path)});
    store.watch(() => {});`;
  const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 20_000,
  });
  expect({ status, signal }).toEqual({ status: 0, signal: null });
});

test("the event loop turns between two transactions", async () => {
  const store = await openSqliteStore(path);
  const facts = Array.from({ length: 256 }, () => ({}));
  const appends = Array.from({ length: 4 }, (_, n) =>
    store.append([testItem({ stream: testStream(`s${n}`), facts })]),
  );
  let ended = 0;
  for (const append of appends) void append.then(() => ended++);
  const endedAtTurn: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    endedAtTurn.push(ended);
  }
  expect(endedAtTurn.some((count) => count > 0 && count < 4)).toBe(true);
  await Promise.all(appends);
  await store.close();
});

test("appends of one moment share a commit", async () => {
  const store = await openSqliteStore(path);
  let round = 0;
  const logSizeAfter = async (count: number) => {
    round++;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        store.append([testItem({ stream: testStream(`${round}-${n}`) })]),
      ),
    );
    return (await stat(`${path}-wal`)).size;
  };
  const start = await logSizeAfter(1);
  const lone = (await logSizeAfter(1)) - start;
  const before = await logSizeAfter(1);
  const shared = (await logSizeAfter(64)) - before;
  // Alone, each would write its own copy of every page it touches.
  expect(shared).toBeLessThan(lone * 16);
  await store.close();
});
