import { afterEach, expect, test } from "vitest";
import { eventsOf } from "../testing/events-of.ts";
import { testManager, type TestManager } from "../testing/test-manager.ts";

let open: TestManager[] = [];
afterEach(async () => {
  for (const { manager } of open) await manager.close();
  open = [];
});

async function running() {
  const one = testManager({ taskTimeoutSeconds: 10 });
  open.push(one);
  const session = await one.manager.startSession();
  const task = await (await session.addTask("dig")).start();
  const types = async () => (await eventsOf(session)).map(({ type }) => type);
  return { ...one, session, task, types };
}

test("a heartbeat is kept with its note, and moves no deadline", async () => {
  const { clock, session, task } = await running();
  const { dueAt } = task;
  await clock.advance(4_000);
  await task.heartbeat({ attempt: 1, note: "half way" });
  expect(task.heartbeatAt).toBe(clock.now());
  expect(task.dueAt).toBe(dueAt);
  const last = (await eventsOf(session)).at(-1);
  expect(last).toMatchObject({
    type: "task_heartbeat",
    room: null,
    data: { task_id: "dig", attempt: 1, note: "half way" },
  });
  await clock.advance(6_000);
  expect(task.outcome).toBe("timeout");
});

test("heartbeats that say nothing are kept once a second", async () => {
  const { clock, task, types } = await running();
  for (let beat = 0; beat < 30; beat++) {
    await clock.advance(100);
    await task.heartbeat();
  }
  expect((await types()).filter((type) => type === "task_heartbeat")).toHaveLength(3);
});

test("a heartbeat of an attempt that is over is refused, so that its work stops", async () => {
  const { session, task } = await running();
  await expect(task.heartbeat({ attempt: 2 })).rejects.toMatchObject({ code: "conflict" });
  const idle = await session.addTask("idle");
  await expect(idle.heartbeat()).rejects.toMatchObject({ code: "conflict" });
  await task.complete();
  await expect(task.heartbeat()).rejects.toMatchObject({ code: "task_ended" });
  await expect(session.heartbeat("nobody")).rejects.toMatchObject({ code: "task_not_found" });
  await session.endSession();
  await expect(idle.heartbeat()).rejects.toMatchObject({ code: "task_ended" });
  await expect((await session.at(3)).heartbeat()).rejects.toMatchObject({ code: "read_only" });
});

test("the end of an attempt, a restart and a fork know no heartbeat of before", async () => {
  const { manager, clock, session, task } = await running();
  await clock.advance(2_000);
  await task.heartbeat();
  const seq = (await eventsOf(session)).length;
  expect((await session.at(seq)).getTask("dig")?.heartbeatAt).toBe(clock.now());
  expect((await session.fork(seq)).getTask("dig")?.heartbeatAt).toBeNull();
  await task.complete();
  expect((await manager.get(session.sessionId)).getTask("dig")?.heartbeatAt).toBeNull();
});
