import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeEvent, type EncodedEvent, type StreamId } from "../event/event.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { MemoryStore } from "./memory.ts";
import type { Store } from "./port.ts";
import { openSqliteStore } from "./sqlite.ts";
import { verifyStore, type Verification } from "./verify.ts";

const a = testStream("alpha");
const b = testStream("beta");
let folder = "";
let sound: Buffer = Buffer.alloc(0);
let count = 0;
const events: EncodedEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-verify-"));
  const path = join(folder, "sound.db");
  const store = await openSqliteStore(path);
  for (const stream of [a, b]) {
    const facts = Array.from({ length: 6 }, (_, n) => ({
      room: "hall",
      at: 1e12 + n,
      data: { n, long: "é".repeat(40) },
    }));
    const item = testItem({ stream, facts, keys: ["first"] });
    events.push(...item.events);
    await store.append([item]);
  }
  // One event that does not fit its page, so that overflow pages are looked at too.
  const large = testItem({ stream: testStream("gamma"), facts: [{ data: { text: "x".repeat(9000) } }] });
  events.push(lastOf(large));
  await store.append([large]);
  await store.putBlob({ bytes: Buffer.from("a blob of some bytes") });
  await store.search({ text: "hall" });
  await store.close();
  sound = await readFile(path);
});
afterAll(async () => rm(folder, { recursive: true }));

async function verifyBytes(bytes: Uint8Array): Promise<Verification> {
  const path = join(folder, `${count++}.db`);
  await writeFile(path, bytes);
  const store = await openSqliteStore(path);
  const verification = await verifyStore(store);
  await store.close();
  await rm(path);
  return verification;
}

/** The sound store after one change by SQL. */
async function verifyChanged(sql: string, ...values: SQLInputValue[]): Promise<Verification> {
  const path = join(folder, `${count++}.db`);
  await writeFile(path, sound);
  const database = new DatabaseSync(path);
  expect(database.prepare(sql).run(...values).changes).toBe(1);
  database.close();
  return verifyBytes(await readFile(path));
}

/**
 * Where the columns of an event's row begin: with its stream's name, before its bytes. Pages that were split keep
 * stale copies of rows in their free space; the living row is the one whose damage does damage.
 */
async function rowOf(
  stream: StreamId,
  bytes: Uint8Array,
): Promise<{ readonly row: number; readonly end: number }> {
  for (let start = sound.indexOf(bytes); start >= 0; start = sound.indexOf(bytes, start + 1)) {
    const damaged = Buffer.from(sound);
    damaged[start] = 0;
    if ((await verifyBytes(damaged)).ok) continue;
    const row = sound.lastIndexOf(stream, start - 1);
    expect(start - row).toBeLessThan(80);
    return { row, end: start + bytes.length };
  }
  throw new Error("The event is nowhere in the file.");
}

function names({ problems }: Verification): readonly string[] {
  return problems.map(({ stream, seq }) => `${stream} ${seq}`);
}

test("a sound store is verified, and every stream and event counted", async () => {
  const verification = await verifyBytes(sound);
  expect(verification).toEqual({ ok: true, streams: 3, events: 13, pruned: 0, problems: [] });
});

test("progress is told stream by stream", async () => {
  const store = new MemoryStore();
  await store.append([testItem({ stream: a }), testItem({ stream: b, facts: [{}, {}] })]);
  const told: unknown[] = [];
  await verifyStore(store, { onProgress: (progress) => told.push(progress) });
  expect(told).toEqual([
    { streams: 1, events: 1 },
    { streams: 2, events: 3 },
  ]);
});

test(
  "a flipped bit in any byte of an event's row is reported with its stream and seq",
  { timeout: 120_000 },
  async () => {
    for (const { event, bytes } of events.filter((_, index) => [0, 3, 11].includes(index))) {
      const end = sound.indexOf(bytes) + bytes.length;
      const { row } = await rowOf(event.stream, bytes);
      expect(row).toBeGreaterThan(0);
      for (let offset = row; offset < end; offset++) {
        for (const bit of offset < row + 70 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1, 128]) {
          const damaged = Buffer.from(sound);
          damaged[offset] = (damaged[offset] ?? 0) ^ bit;
          const verification = await verifyBytes(damaged);
          expect(names(verification), `offset ${offset - row} bit ${bit}`).toContain(
            `${event.stream} ${event.seq}`,
          );
        }
      }
    }
  },
);

test(
  "a flipped bit in the frame of an event's row is reported with its stream and seq",
  { timeout: 120_000 },
  async () => {
    for (const { event, bytes } of events.filter((_, index) => [0, 3, 11].includes(index))) {
      const { row } = await rowOf(event.stream, bytes);
      // Payload size (2), position (1), header size, and the kinds of seven columns in 9 or 10 bytes.
      // At -8 stands the kind of the column that is only another name of the position: nobody reads it, and 8 there
      // means a value of no bytes, as 0 does.
      for (let offset = row - 12; offset < row; offset++) {
        for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
          if (offset === row - 8 && bit === 8) continue;
          const damaged = Buffer.from(sound);
          damaged[offset] = (damaged[offset] ?? 0) ^ bit;
          const verification = await verifyBytes(damaged);
          expect(names(verification), `offset ${offset - row} bit ${bit}`).toContain(
            `${event.stream} ${event.seq}`,
          );
        }
      }
    }
  },
);

test("a flipped byte anywhere in an event too large for one page is reported", async () => {
  const { event, bytes } = events.at(-1) ?? { bytes: new Uint8Array(), event: { stream: a, seq: 0 } };
  const end = sound.indexOf(bytes.subarray(-1000)) + 1000;
  for (let offset = end - 1000; offset < end; offset += 37) {
    const damaged = Buffer.from(sound);
    damaged[offset] = (damaged[offset] ?? 0) ^ 1;
    expect(names(await verifyBytes(damaged))).toContain(`${event.stream} ${event.seq}`);
  }
});

test.each([
  ["a stream", "UPDATE events SET stream = 'test:other' WHERE stream = ? AND seq = ?"],
  ["a seq", "UPDATE events SET seq = 77 WHERE stream = ? AND seq = ?"],
  ["a time", "UPDATE events SET at = at + 1 WHERE stream = ? AND seq = ?"],
  ["a room", "UPDATE events SET room = 'attic' WHERE stream = ? AND seq = ?"],
  ["no room", "UPDATE events SET room = NULL WHERE stream = ? AND seq = ?"],
  ["a hash", "UPDATE events SET hash = zeroblob(32) WHERE stream = ? AND seq = ?"],
  ["no event", "UPDATE events SET bytes = x'7b7d' WHERE stream = ? AND seq = ?"],
  ["no row", "DELETE FROM events WHERE stream = ? AND seq = ?"],
])("%s that is not the event's own is reported at its seq", async (_name, sql) => {
  for (const seq of [1, 3, 6]) {
    const verification = await verifyChanged(sql, b, seq);
    expect(verification.ok).toBe(false);
    expect(names(verification)).toContain(`${b} ${seq}`);
  }
});

test("an event rewritten with a fitting hash breaks the chain after it", async () => {
  const event = events[2]?.event;
  if (event === undefined) throw new Error("There are events.");
  const forged = encodeEvent({ ...event, data: { n: 99 } });
  const sql = "UPDATE events SET bytes = ?, hash = ? WHERE stream = ? AND seq = 3";
  const verification = await verifyChanged(sql, forged.bytes, Buffer.from(forged.hash, "hex"), a);
  expect(names(verification)).toContain(`${a} 4`);
});

test("a last event rewritten with a fitting hash differs from the head", async () => {
  const event = events[5]?.event;
  if (event === undefined) throw new Error("There are events.");
  const forged = encodeEvent({ ...event, data: { n: 99 } });
  const sql = "UPDATE events SET bytes = ?, hash = ? WHERE stream = ? AND seq = 6";
  const verification = await verifyChanged(sql, forged.bytes, Buffer.from(forged.hash, "hex"), a);
  expect(names(verification)).toEqual([`${a} 6`]);
});

test("time that runs backwards in a stream is reported", async () => {
  const store = new MemoryStore();
  await store.append([testItem({ stream: a, facts: [{ at: 5 }, { at: 7 }, { at: 6 }, { at: 7 }] })]);
  expect(names(await verifyStore(store))).toEqual([`${a} 3`]);
});

test.each([
  ["a head's seq", "UPDATE heads SET seq = 5 WHERE stream = 'test:beta'", `${b} 7`],
  ["a head's hash", "UPDATE heads SET hash = zeroblob(32) WHERE stream = 'test:beta'", `${b} 6`],
  ["a lost head", "DELETE FROM heads WHERE stream = 'test:beta'", `${b} 6`],
  ["a head of no stream", "UPDATE heads SET stream = 'test:zeta' WHERE stream = 'test:beta'", `test:zeta 1`],
  ["a key of no event", "UPDATE keys SET seq = 9 WHERE stream = 'test:beta'", `${b} 9`],
  ["a wrong count of a room", "UPDATE rooms SET tiles = tiles - 1", "null null"],
  ["a lost room", "DELETE FROM rooms", "null null"],
  ["a blob that is not its hash", "UPDATE blobs SET bytes = x'00'", "null null"],
])("%s is reported", async (_name, sql, problem) => {
  const verification = await verifyChanged(sql);
  expect(verification.ok).toBe(false);
  expect(names(verification)).toContain(problem);
});

test("a tail cut off evenly, events and all, is found by its head", async () => {
  const verification = await verifyChanged("DELETE FROM events WHERE stream = 'test:beta' AND seq = 6");
  expect(names(verification)).toContain(`${b} 6`);
});

test("any damaged page is a report, never an exception", async () => {
  const pageSize = 4096;
  for (let page = 1; page < sound.length / pageSize; page++) {
    const path = join(folder, `${count++}.db`);
    const damaged = Buffer.from(sound);
    damaged.fill(0x5a, page * pageSize + 200, (page + 1) * pageSize);
    await writeFile(path, damaged);
    const store = await openSqliteStore(path).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "store_corrupt" });
      return null;
    });
    if (store === null) continue;
    const { problems } = await verifyStore(store);
    for (const { what } of problems) expect(what).not.toBe("");
    await store.close();
  }
});

test("a store that cannot be read at all is a problem, not an exception", async () => {
  const store = new MemoryStore();
  await store.close();
  const verification = await verifyStore(store);
  expect(verification.ok).toBe(false);
  expect(verification.problems.length).toBeGreaterThan(0);
});

test("a store in use is verified soundly while it grows", async () => {
  const path = join(folder, `${count++}.db`);
  const store = await openSqliteStore(path);
  const first = testItem({ stream: a });
  await store.append([first]);
  const growth = { isOver: false };
  const growing = grow(store, lastOf(first), 400).finally(() => (growth.isOver = true));
  let last = 0;
  while (!growth.isOver) {
    const verification = await verifyStore(store);
    expect(verification.problems).toEqual([]);
    last = verification.events;
  }
  await growing;
  expect(last).toBeGreaterThan(1);
  await store.close();
});

async function grow(store: Store, from: EncodedEvent, by: number): Promise<void> {
  let after = from;
  for (let round = 0; round < by; round++) {
    const item = testItem({ stream: a, after });
    await store.append([item]);
    after = lastOf(item);
  }
}

test("a fault that is found below and in the chain is told once", async () => {
  const { problems } = await verifyChanged(
    "UPDATE events SET hash = ? WHERE stream = ? AND seq = 3",
    new Uint8Array(32),
    a,
  );
  const disagree = problems.filter(({ what }) => what === "Bytes and hash disagree.");
  expect(disagree).toEqual([{ stream: a, seq: 3, what: "Bytes and hash disagree." }]);
});
