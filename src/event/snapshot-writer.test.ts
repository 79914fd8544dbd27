import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import type { Aggregate, Decision, SnapshotImage } from "./decider.ts";
import { streamId, type Fact } from "./event.ts";
import type { Json } from "./json.ts";
import { Runtime } from "./runtime.ts";
import { partsOf } from "./snapshot-parts.ts";
import { ROWS_PER_APPEND_MAX, ROWS_PER_APPEND_MIN, ROWS_PER_PART } from "./snapshot-writer.ts";

/** A list that only grows, so the rows of a moment are those below its length then. */
type Numbers = { readonly list: number[] };
type Command = { readonly now: number; readonly count: number };
type Added = Fact & { readonly type: "added"; readonly data: { readonly count: number } };

const STREAM = streamId("numbers", "one");
/** As many as a first command makes at once: no snapshot is due before. */
const LARGE = 100_000;
/** What is left to do once rows are in. */
const PIECES = 5;

class Fixture {
  readonly taken: number[] = [];
  opened = 0;
  evolved = 0;
  readonly runtime;

  constructor(store: MemoryStore, snapshotEvery = 2) {
    this.runtime = new Runtime({
      aggregate: this.#aggregate(),
      log: store,
      moment: () => ({ now: 0, boot: { id: "b", offsetMs: 0 } }),
      snapshotEvery,
    });
  }

  async add(count: number, times = 1): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.runtime.execute(STREAM, { count });
      await new Promise(setImmediate);
    }
  }

  #aggregate(): Aggregate<Numbers, Command, Added> {
    return {
      initial: () => ({ list: [] }),
      decide: (_, { count }): Decision<Added> => [{ type: "added", room: null, data: { count } }],
      evolve: (state, { data }) => {
        this.evolved++;
        for (let left = data.count; left > 0; left--) state.list.push(state.list.length);
        return state;
      },
      head: () => ({ kind: "numbers", status: "open", createdAt: 0, dueAt: null, labels: [], summary: {} }),
      settle: () => null,
      snapshot: {
        version: 1,
        save: () => null,
        load: () => ({ list: [] }),
        parts: {
          size: ({ list }) => list.length / 10_000,
          open: (state) => this.#open(state),
          loader: () => {
            const list: number[] = [];
            return {
              add: (rows) => list.push(...(rows as number[])),
              pieces: () => Array.from({ length: PIECES }),
              done: () => ({ list }),
            };
          },
        },
      },
    };
  }

  #open({ list }: Numbers): SnapshotImage {
    const end = list.length;
    let at = 0;
    this.opened++;
    return {
      take: (limit): readonly Json[] => {
        const rows = list.slice(at, Math.min(end, at + limit));
        this.taken.push(rows.length);
        at += rows.length;
        return rows;
      },
      close: () => undefined,
    };
  }
}

/** How many appends carry a large state out: one by one each brings as few rows as may be. */
const STEPS = Math.ceil(LARGE / ROWS_PER_APPEND_MIN) + Math.ceil(LARGE / ROWS_PER_PART) + 2;

test("a large state is written beside the work: each append carries a bounded piece, and what came meanwhile is read on", async () => {
  const store = new MemoryStore();
  const fixture = new Fixture(store);
  await fixture.add(LARGE);
  await fixture.add(1, STEPS);
  expect(fixture.opened).toBeGreaterThan(0);
  expect(Math.max(...fixture.taken)).toBe(ROWS_PER_APPEND_MIN);
  expect(ROWS_PER_APPEND_MIN).toBeLessThan(ROWS_PER_APPEND_MAX);
  const snapshot = await store.snapshot({ stream: STREAM });
  expect(partsOf(snapshot).length).toBeGreaterThan(LARGE / ROWS_PER_PART);
  const again = new Fixture(store);
  const { list } = await again.runtime.refresh(STREAM);
  expect(list).toEqual(Array.from({ length: LARGE + STEPS }, (_, number) => number));
  expect(again.evolved).toBe(1 + STEPS - (snapshot?.seq ?? 0));
});

test("whoever else has work gets a turn after each part of a large state that is read, and each piece of the rest", async () => {
  const store = new MemoryStore();
  const fixture = new Fixture(store);
  await fixture.add(LARGE);
  await fixture.add(1, STEPS);
  const parts = partsOf(await store.snapshot({ stream: STREAM })).length;
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await new Fixture(store).runtime.refresh(STREAM);
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(parts + PIECES);
});

test("who dies while a snapshot is written leaves the one before whole, and nobody is stopped by what he left", async () => {
  const store = new MemoryStore();
  const fixture = new Fixture(store);
  await fixture.add(LARGE);
  await fixture.add(1, STEPS);
  const whole = await store.snapshot({ stream: STREAM });
  const second = new Fixture(store);
  await second.add(1, 40);
  expect(second.opened).toBe(1);
  expect(await store.snapshot({ stream: STREAM })).toEqual(whole);
  const { list } = await new Fixture(store).runtime.refresh(STREAM);
  expect(list).toHaveLength(LARGE + STEPS + 40);
});

test("the parts of the snapshot before go once the next is there, and whoever lost one reads the events", async () => {
  const store = new MemoryStore();
  const fixture = new Fixture(store);
  await fixture.add(10, 12);
  const parts = partsOf(await store.snapshot({ stream: STREAM }));
  const { items } = await store.blobs({});
  expect(fixture.opened).toBeGreaterThan(1);
  expect(items.map(({ hash }) => hash)).toEqual(parts);
  await store.deleteBlob({ hash: parts[0]! });
  const again = new Fixture(store);
  expect((await again.runtime.refresh(STREAM)).list).toHaveLength(120);
  expect(again.evolved).toBe(12);
});

test("a part that cannot be stored fails no command, and the next snapshot is written", async () => {
  const store = new MemoryStore();
  const put = store.putBlob.bind(store);
  store.putBlob = async () => await Promise.reject(new Error("full"));
  const fixture = new Fixture(store);
  await fixture.add(1, 10);
  expect(await store.snapshot({ stream: STREAM })).toBeNull();
  store.putBlob = put;
  await fixture.add(1, 10);
  expect(partsOf(await store.snapshot({ stream: STREAM }))).toHaveLength(1);
});
