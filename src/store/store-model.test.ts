// Random commands on the reference and on SQLite: whatever is asked of either comes back the same.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HolodeckError } from "../event/error.ts";
import type { EncodedEvent } from "../event/event.ts";
import type { AppendItem } from "../event/log.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { allPages } from "../testing/store-case.ts";
import { MemoryStore } from "./memory.ts";
import type { Store } from "./port.ts";
import { openSqliteStore } from "./sqlite.ts";

let folder = "";
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-model-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const ids = fc.constantFrom("a", "b", "é", "😀", "\uffee");
const rooms = fc.constantFrom(null, null, "hall", "attic", "'\"\u0000", "😀", "\uffee");
const words = fc.constantFrom("fox", "red", "Straße", "日本", "42", "ÉTUDE");
const times = fc.integer({ min: 0, max: 5 });

const write = fc.record({
  id: ids,
  /** How far from where the stream stands: mostly on it. */
  shift: fc.constantFrom(0, 0, 0, 0, 0, -1, 1),
  facts: fc.array(
    fc.record({ room: rooms, at: times, data: fc.record({ text: fc.array(words, { maxLength: 3 }) }) }),
    { minLength: 1, maxLength: 3 },
  ),
  keys: fc.uniqueArray(fc.constantFrom("k", "l", "\u0000", "😀"), { maxLength: 2 }),
  head: fc.record({
    kind: fc.constantFrom("test", "other"),
    status: fc.constantFrom("open", "ended"),
    createdAt: times,
    dueAt: fc.option(times),
    labels: fc.uniqueArray(fc.constantFrom("x", "y", "'"), { maxLength: 2 }),
    summary: fc.constantFrom({}, { n: 1 }, { deep: { text: "é" } }),
  }),
});
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;

const commands = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("append" as const),
        writes: fc.array(write, { maxLength: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("search" as const),
        text: fc.array(words).map((all) => all.join(" ")),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("lease" as const), owner: ids, now: times, ttlMs: times }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("place" as const), name: ids, position: times }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("blob" as const), bytes: fc.uint8Array({ maxLength: 2 }) }),
    },
  ),
  { maxLength: 12 },
);
type Command = typeof commands extends fc.Arbitrary<readonly (infer Value)[]> ? Value : never;

test("memory and SQLite cannot be told apart", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(commands, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
      const memory = new MemoryStore();
      const path = join(folder, `${count++}.db`);
      const sqlite = await openSqliteStore(path);
      const written = new Map<string, EncodedEvent[]>();
      for (const command of all) {
        const act = prepare(command, written);
        const [expected, actual] = [await outcome(act(memory)), await outcome(act(sqlite))];
        expect(actual).toEqual(expected);
        await learn(memory, written);
      }
      expect(await everything(sqlite, limit)).toEqual(await everything(memory, limit));
      await sqlite.close();
      const reopened = await openSqliteStore(path);
      expect(await everything(reopened, limit)).toEqual(await everything(memory, limit));
      expect(await reopened.inspect()).toEqual([]);
      await reopened.close();
    }),
    { numRuns: 150 },
  );
});

/** The command as something to do to a store: the same for both. `written` is what a caller would know. */
function prepare(command: Command, written: Map<string, EncodedEvent[]>): (store: Store) => Promise<unknown> {
  switch (command.type) {
    case "append": {
      const items = command.writes.map((one) => itemOf(one, written));
      return (store) => store.append(items);
    }
    case "search":
      return (store) => found(store, command.text, 2);
    case "lease":
      return (store) => store.lease({ ...command, name: "l" });
    case "place":
      return (store) => store.savePlace({ name: command.name, place: [command.position] });
    case "blob":
      return (store) => store.putBlob({ bytes: command.bytes });
  }
}

function itemOf({ id, shift, facts, keys, head }: Write, written: Map<string, EncodedEvent[]>): AppendItem {
  const known = written.get(id) ?? [];
  const stream = testStream(id);
  const after = known[Math.max(0, known.length + Math.min(0, shift)) - 1];
  if (shift < 1) return testItem({ stream, after, facts, keys, head });
  return testItem({ stream, after: lastOf(testItem({ stream, after })), facts, keys, head });
}

/** What a caller of the reference now knows. */
async function learn(store: Store, written: Map<string, EncodedEvent[]>): Promise<void> {
  for (const stream of (await store.streams({})).items) {
    written.set(stream.slice("test:".length), [...(await store.read({ stream }))]);
  }
}

/** A refusal is an outcome like any other. */
async function outcome(acting: Promise<unknown>): Promise<unknown> {
  return acting.catch((error: unknown) => {
    if (error instanceof HolodeckError) return { code: error.code, what: error.what };
    throw error;
  });
}

async function found(store: Store, text: string, limit: number) {
  const { items, sizes } = await allPages(limit, (page) => store.search({ text, page }));
  return { hashes: items.map(({ hash }) => hash), sizes };
}

/** All a store can be asked, as plain values. */
async function everything(store: Store, limit: number) {
  const streams = await allPages(limit, (page) => store.streams({ page }));
  const answers: unknown[] = [
    streams,
    await store.rooms(),
    await store.end(),
    await store.due({ before: 3 }),
  ];
  answers.push(await store.tail({ after: null, limit: 7 }), await store.tail({ after: [3], limit }));
  for (const stream of streams.items) {
    answers.push(await store.read({ stream }), await store.read({ stream, afterSeq: 2, limit }));
    answers.push(await store.head({ stream }));
    for (const key of ["k", "l", "\u0000", "😀"]) answers.push(await store.key({ stream, key }));
  }
  for (const name of ["hall", "attic", "'\"\u0000", "😀", "\uffee", ""]) {
    answers.push(await allPages(limit, (page) => store.room({ name, page })), await store.place({ name }));
  }
  for (const kind of ["test", "other"]) {
    for (const filter of [
      { kind },
      { kind, status: "open" },
      { kind, labels: ["x"] },
      { kind, createdFrom: 2, createdBefore: 4 },
    ]) {
      answers.push(
        (await allPages(filter.labels === undefined ? limit : 1000, (page) => store.heads({ filter, page })))
          .items,
      );
    }
  }
  for (const text of ["fox", "red fox", "straße", "étude 日本", "text", "none"])
    answers.push(await found(store, text, limit));
  return JSON.parse(JSON.stringify(answers, plain)) as unknown;
}

/** Buffers and other byte arrays alike. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
