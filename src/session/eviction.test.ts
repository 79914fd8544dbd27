import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { settled, TestClock } from "../testing/test-clock.ts";
import { testManager, testProcesses } from "../testing/test-manager.ts";
import { IDLE_MS } from "./eviction.ts";

/** A store that says how often a stream's events were read. */
function counting(store: MemoryStore): { readonly store: Store; readonly reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(store, {
    get: (target, name) => {
      if (name === "read") reads++;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
  return { store: proxy, reads: () => reads };
}

test("an idle session leaves memory and comes back on demand; its handle goes on", async () => {
  const { store, reads } = counting(new MemoryStore());
  const { manager, clock } = testManager(
    { sessionTimeoutSeconds: 3_600 },
    { openStore: async () => await Promise.resolve(store) },
  );
  const session = await manager.startSession();
  const task = await session.addTask("a");
  const before = reads();
  await session.addTask("b");
  expect(reads()).toBe(before);
  await clock.advance(2 * IDLE_MS);
  expect(session.tasks.map(({ taskId }) => taskId)).toEqual(["a", "b"]);
  expect(reads()).toBe(before);
  await task.complete();
  expect(reads()).toBeGreaterThan(before);
  expect([task.outcome, session.totals.succeeded]).toEqual(["success", 1]);
  expect(await manager.get(session.sessionId)).toBe(session);
});

test("a session in use stays in memory", async () => {
  const { store, reads } = counting(new MemoryStore());
  const { manager, clock } = testManager({}, { openStore: async () => await Promise.resolve(store) });
  const session = await manager.startSession();
  await session.addTask("t0");
  const before = reads();
  for (let index = 1; index <= 10; index++) {
    await clock.advance(IDLE_MS / 2);
    await session.addTask(`t${index}`);
  }
  expect(reads()).toBe(before);
});

test("what happens to an evicted session is told once each and in order, whoever did it", async () => {
  const store = new MemoryStore();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const clock = new TestClock();
  const ended: string[] = [];
  const one = testManager(
    { sessionTimeoutSeconds: 3_600, onTaskComplete: (task) => ended.push(task.taskId) },
    { openStore, clock },
  );
  const two = testManager({}, { openStore, clock, processes: testProcesses(2) });
  const session = await one.manager.startSession();
  const heard: number[] = [];
  session.on("change", ({ seq }) => heard.push(seq));
  for (let round = 0; round < 3; round++) {
    await session.addTask(`own${round}`);
    await clock.advance(2 * IDLE_MS);
    const other = await two.manager.get(session.sessionId);
    await other.addTask(`other${round}`);
    await other.completeTask(`other${round}`, "success");
    await settled();
    await clock.advance(2 * IDLE_MS);
    await session.completeTask(`own${round}`, "success");
    await clock.advance(2 * IDLE_MS);
  }
  await clock.advance(3_600_000);
  expect(session.outcome).toBe("timeout");
  expect(ended).toEqual(["other0", "own0", "other1", "own1", "other2", "own2"]);
  const last = (await store.head({ stream: `session:${session.sessionId}` as never }))?.seq ?? 0;
  expect(heard).toEqual(Array.from({ length: last - 1 }, (_, index) => index + 2));
});

test("callbacks are called also when nobody holds the handle", async () => {
  const ended: (string | null)[] = [];
  const { manager, clock } = testManager({
    sessionTimeoutSeconds: 600,
    onSessionEnd: (session) => ended.push(session.outcome),
  });
  await manager.startSession();
  await clock.advance(600_000);
  expect(ended).toEqual(["timeout"]);
});
