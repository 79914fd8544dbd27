import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { testItem, testStream, lastOf } from "../testing/events.ts";
import { settled, TestClock } from "../testing/test-clock.ts";
import { Reactor } from "./reactor.ts";
import type { TailPlace } from "./log.ts";

const FIRST = testItem({ stream: testStream("a"), facts: [{}, {}] });

function given(react: (seq: number, key: string) => Promise<void>): {
  store: MemoryStore;
  clock: TestClock;
  reactor: Reactor;
  errors: unknown[];
} {
  const store = new MemoryStore();
  const clock = new TestClock();
  const errors: unknown[] = [];
  const reactor = new Reactor({
    name: "r",
    log: store,
    clock,
    react: async ({ event }, key) => await react(event.seq, key),
    onError: (error) => errors.push(error),
  });
  return { store, clock, reactor, errors };
}

test("a tick reacts to each new event once, with a key of its own", async () => {
  const keys: string[] = [];
  const { store, reactor } = given(async (_, key) => {
    keys.push(key);
    await Promise.resolve();
  });
  await store.append([FIRST]);
  expect(await reactor.tick()).toBe(2);
  expect(await reactor.tick()).toBe(0);
  expect(keys).toEqual(FIRST.events.map(({ hash }) => `${hash}:r`));
});

test("what was not done is tried again, by whoever has the name: the place is saved after the effect", async () => {
  let fails = true;
  const seen: number[] = [];
  const { store, reactor } = given(async (seq) => {
    seen.push(seq);
    if (seq === 2 && fails) await Promise.reject(new Error("away"));
  });
  await store.append([FIRST]);
  await expect(reactor.tick()).rejects.toThrow("away");
  fails = false;
  await reactor.tick();
  expect(seen).toEqual([1, 2, 1, 2]);
});

test("started, it follows what is appended and keeps trying, until it is stopped", async () => {
  const seen: number[] = [];
  let fails = false;
  const { store, clock, reactor, errors } = given(async (seq) => {
    if (fails) await Promise.reject(new Error("away"));
    seen.push(seq);
  });
  reactor.start();
  await settled();
  await store.append([FIRST]);
  await settled();
  expect(seen).toEqual([1, 2]);
  fails = true;
  const second = testItem({ stream: testStream("a"), after: lastOf(FIRST) });
  await store.append([second]);
  await settled();
  expect(errors).toHaveLength(1);
  fails = false;
  await clock.advance(1_000);
  expect(seen).toEqual([1, 2, 3]);
  await reactor.stop();
  await store.append([testItem({ stream: testStream("b") })]);
  await clock.advance(5_000);
  expect(seen).toEqual([1, 2, 3]);
});

test("what does not concern it moves its place, which is saved with what does and once in a while", async () => {
  const store = new MemoryStore();
  const saved: TailPlace[] = [];
  const seen: number[] = [];
  const log = Object.assign(Object.create(store) as MemoryStore, {
    savePlace: async ({ place }: { readonly place: TailPlace }) => {
      saved.push(place);
      await Promise.resolve();
    },
    place: async () => await Promise.resolve(null),
    tail: async (params: Parameters<MemoryStore["tail"]>[0]) => await store.tail(params),
  });
  const reactor = new Reactor({
    name: "r",
    log,
    clock: new TestClock(),
    limit: 4,
    concerns: ({ event }) => event.seq === 2,
    react: async ({ event }) => {
      seen.push(event.seq);
      await Promise.resolve();
    },
  });
  const other = testItem({ stream: testStream("b"), facts: [{}] });
  await store.append([other]);
  await reactor.catchUp();
  expect(saved).toHaveLength(0);
  await store.append([FIRST]);
  await reactor.catchUp();
  expect([seen, saved.length]).toEqual([[2], 1]);
  let last = lastOf(FIRST);
  for (let turn = 0; turn < 4; turn++) {
    const more = testItem({ stream: testStream("a"), after: last });
    last = lastOf(more);
    await store.append([more]);
    await reactor.catchUp();
  }
  expect([seen, saved.length]).toEqual([[2], 2]);
});

test("catching up waits for what was appended while a tick was under way", async () => {
  const seen: number[] = [];
  const { promise: held, resolve } = Promise.withResolvers<undefined>();
  const { store, reactor } = given(async (seq) => {
    if (seq === 1) await held;
    seen.push(seq);
  });
  await store.append([FIRST]);
  const first = reactor.tick();
  await settled();
  await store.append([testItem({ stream: testStream("a"), after: lastOf(FIRST) })]);
  const caughtUp = reactor.catchUp();
  resolve(undefined);
  await Promise.all([first, caughtUp]);
  expect(seen).toEqual([1, 2, 3]);
});
