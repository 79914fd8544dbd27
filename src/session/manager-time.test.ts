import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { testManager, testProcesses } from "../testing/test-manager.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

test("deadlines fire after a restart too, for a session whose process died", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const dead = testManager({ sessionTimeoutSeconds: 60 }, { clock: new TestClock(), openStore });
  const { sessionId } = await dead.manager.startSession();
  await clock.advance(61_000);
  const { manager } = testManager({}, { clock, openStore, processes: testProcesses(2) });
  await manager.list(); // Opening the store is enough.
  await clock.advance(10);
  expect((await manager.get(sessionId)).outcome).toBe("timeout");
});

test.each([YEAR_MS, -YEAR_MS])("a wall clock set by %i ms moves no deadline", async (byMs) => {
  const { manager, clock } = testManager({ sessionTimeoutSeconds: 600, taskTimeoutSeconds: 60 });
  const session = await manager.startSession();
  const task = await (await session.addTask("a")).start();
  await clock.advance(30_000);
  clock.set(byMs);
  await clock.advance(29_000);
  expect(task.status).toBe("running");
  await clock.advance(2_000);
  expect(task.outcome).toBe("timeout");
  expect(session.durationSeconds).toBe(61);
  await clock.advance(600_000);
  expect([session.outcome, session.durationSeconds]).toEqual(["timeout", 600]);
  let last = 0;
  for await (const event of session.events()) {
    expect(event.at).toBeGreaterThanOrEqual(last);
    last = event.at;
  }
});

test.each([YEAR_MS, -YEAR_MS])(
  "a wall clock set by %i ms while no process ran moves no deadline",
  async (byMs) => {
    const store = new MemoryStore();
    const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
    const dead = async (): Promise<MemoryStore> => await Promise.resolve(deaf(store));
    const before = testManager({ sessionTimeoutSeconds: 600 }, { openStore: dead });
    const { sessionId } = await before.manager.startSession();
    const clock = new TestClock();
    clock.set(byMs);
    const { manager } = testManager({}, { clock, openStore, processes: testProcesses(2) });
    const session = await manager.get(sessionId);
    await clock.advance(599_000);
    expect(session.status).toBe("open");
    await clock.advance(2_000);
    expect(session.outcome).toBe("timeout");
  },
);

/** A store whose user hears nothing any more, as if its process had died. */
function deaf(store: MemoryStore): MemoryStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "watch") return () => () => undefined;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

test("while the machine sleeps time passes, and what is due happens when it wakes", async () => {
  const { manager, clock } = testManager({ sessionTimeoutSeconds: 3_600 });
  const session = await manager.startSession();
  await clock.advance(1_000);
  clock.suspend(YEAR_MS);
  await clock.advance(3_000);
  expect([session.outcome, session.durationSeconds]).toEqual(["timeout", 3_600]);
});
