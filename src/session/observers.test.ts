import { expect, test } from "vitest";
import { testManager } from "../testing/test-manager.ts";
import { AFTER_A_HANG_MS_MAX, CALLBACK_MS_MAX } from "./observers.ts";

/** A manager whose callback never returns, and the tasks it was called for. */
function hanging() {
  const seen: string[] = [];
  const onTaskComplete = async ({ taskId }: { readonly taskId: string }): Promise<void> => {
    seen.push(taskId);
    await new Promise(() => undefined);
  };
  return { ...testManager({ onTaskComplete }), seen };
}

test("a callback that throws harms nothing and is reported once", async () => {
  const { manager, reported } = testManager({
    onTaskComplete: () => {
      throw new Error("my bug");
    },
  });
  const session = await manager.startSession();
  for (const id of ["a", "b", "c"]) await (await session.addTask(id)).complete();
  expect(session.totals.succeeded).toBe(3);
  expect(reported.map((problem) => problem.what)).toEqual(["The callback onTaskComplete threw: my bug."]);
});

test("a callback that hangs harms nothing, is passed over and reported once", async () => {
  const { manager, clock, reported, seen } = hanging();
  const session = await manager.startSession();
  for (const id of ["a", "b"]) await (await session.addTask(id)).complete();
  expect(seen).toEqual(["a"]);
  await clock.advance(2 * CALLBACK_MS_MAX);
  expect(seen).toEqual(["a", "b"]);
  expect(reported.map((problem) => problem.what)).toEqual(["The callback onTaskComplete did not return."]);
});

test("a callback that hangs has its time once, not once a call: closing does not wait for each", async () => {
  const { manager, clock, reported, seen } = hanging();
  const session = await manager.startSession();
  for (let task = 0; task < 50; task++) await (await session.addTask(`t${task}`)).complete();
  let isClosed = false;
  const closing = manager.close().then(() => (isClosed = true));
  await clock.advance(CALLBACK_MS_MAX - 1);
  expect(isClosed).toBe(false);
  await clock.advance(1 + AFTER_A_HANG_MS_MAX);
  expect(isClosed).toBe(true);
  await closing;
  expect(seen).toEqual(Array.from({ length: 50 }, (_, task) => `t${task}`));
  expect(reported.map((problem) => problem.what)).toEqual(["The callback onTaskComplete did not return."]);
});

test("a callback that came back from hanging is waited for again, and what it throws meanwhile is reported", async () => {
  const steps: string[] = [];
  const hang = Promise.withResolvers<void>();
  const { manager, clock, reported } = testManager({
    onTaskComplete: async ({ taskId }) => {
      steps.push(`${taskId} begins`);
      if (taskId === "a") await hang.promise;
      if (taskId === "b") throw new Error("my bug");
      await clock.sleep(500);
      steps.push(`${taskId} ends`);
    },
  });
  const session = await manager.startSession();
  const complete = async (id: string): Promise<unknown> => await (await session.addTask(id)).complete();
  await complete("a");
  await clock.advance(CALLBACK_MS_MAX);
  await complete("b");
  hang.resolve();
  await clock.advance(500);
  for (const id of ["c", "d"]) await complete(id);
  await clock.advance(1_000);
  expect(steps).toEqual(["a begins", "b begins", "a ends", "c begins", "c ends", "d begins", "d ends"]);
  expect(reported).toHaveLength(1);
  await manager.close();
});
