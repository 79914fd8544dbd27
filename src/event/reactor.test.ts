import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { testItem, testStream, lastOf } from "../testing/events.ts";
import { settled, TestClock } from "../testing/test-clock.ts";
import { Reactor } from "./reactor.ts";

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
