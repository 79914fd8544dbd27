import { expect, test } from "vitest";
import { sessionBehaviours } from "../../test/session-behaviours.ts";
import { HolodeckError } from "../event/error.ts";
import { MemoryStore } from "../store/memory.ts";
import { settled, TestClock } from "../testing/test-clock.ts";
import { testManager, testProcesses } from "../testing/test-manager.ts";
import type { Session } from "./session.ts";
import type { WorkContext } from "./work.ts";

sessionBehaviours("a session in this process", testManager);

test("callbacks are called once per event, in order, after commit", async () => {
  const calls: string[] = [];
  const { manager } = testManager({
    onTaskComplete: (task) => calls.push(`task ${task.taskId} ${task.outcome}`),
    onSessionEnd: (session) => calls.push(`session ${session.outcome}`),
  });
  const session = await manager.startSession();
  await session.addTask("a");
  await session.completeTask("a", "failed", { error: "no" });
  await session.addTask("b");
  await session.endSession("failed");
  expect(calls).toEqual(["task a failed", "task b cancelled", "session failed"]);
});

test("listeners hear every event, or those of one type, until they leave", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const all: string[] = [];
  const ends: string[] = [];
  session.on("task_ended", (event) => ends.push(event.type));
  const leave = session.on("change", (event) => all.push(event.type));
  await (await session.addTask("a")).complete();
  leave();
  await (await session.addTask("b")).complete();
  expect(all).toEqual(["task_added", "task_started", "task_ended"]);
  expect(ends).toEqual(["task_ended", "task_ended"]);
});

test("run starts, awaits and completes, and keeps what the work answered", async () => {
  const { manager, clock } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a");
  const answer = await session.run("a", async (context) => {
    expect([task.status, context.attempt, context.signal.aborted]).toEqual(["running", 1, false]);
    await clock.advance(1_500);
    return { found: 5 };
  });
  expect(answer).toEqual({ found: 5 });
  expect([task.outcome, task.durationMs, task.result]).toEqual(["success", 1_500, { found: 5 }]);
});

test("run completes as failed what throws, and throws it", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a");
  const work = session.run("a", () => {
    throw new Error("disk on fire");
  });
  await expect(work).rejects.toThrow("disk on fire");
  expect([task.outcome, task.error]).toEqual(["failed", "disk on fire"]);
});

test("run fails a task whose answer cannot be kept, and says why", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a");
  await expect(session.run("a", () => ({ x: Number.NaN }))).rejects.toMatchObject({ code: "invalid_event" });
  expect(task.outcome).toBe("failed");
});

test("run tries again while retries are left, after the backoff", async () => {
  const { manager, clock } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a", null, { retries: { max: 2, on: ["failed"], backoffSeconds: 1 } });
  const starts: number[] = [];
  const began = clock.now();
  const running = session.run("a", ({ attempt, taskKey }) => {
    starts.push(clock.now() - began);
    if (attempt < 3) throw new Error(`attempt ${attempt}`);
    return taskKey;
  });
  await clock.advance(5_000);
  expect(await running).toBe(`${session.sessionId}:a`);
  expect(starts).toEqual([0, 1_000, 3_000]);
  expect([task.outcome, task.attempts]).toEqual(["success", 3]);
  const ends = (await session.tiles()).filter((tile) => tile.question.startsWith("[TASK_END]"));
  expect(ends.map((tile) => tile.answer)).toMatchObject([{ outcome: "success", attempt: 3 }]);
});

test("run throws at once when its task is cancelled while it waits for another attempt", async () => {
  const { manager, clock } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a", null, { retries: { max: 3, backoffSeconds: 600 } });
  const running = session.run("a", (): void => {
    throw new Error("no");
  });
  const refused = expect(running).rejects.toMatchObject({ code: "task_ended" });
  await clock.advance(1_000);
  await task.cancel();
  await refused;
});

test("an error that is cut within a character can be stored", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a");
  const message = `a${"😀".repeat(3_000)}`;
  const working = session.run("a", (): void => {
    throw new Error(message);
  });
  await expect(working).rejects.toThrow(message);
  expect([task.outcome, task.error?.length, task.error?.isWellFormed()]).toEqual(["failed", 4_096, true]);
});

test("what could not be stored has not happened, and a handle says so", async () => {
  const store = new MemoryStore();
  const { manager } = testManager({}, { openStore: async () => await Promise.resolve(store) });
  const session = await manager.startSession();
  const append = store.append.bind(store);
  store.append = async () => await Promise.reject(new Error("disk full"));
  await expect(session.endSession("success")).rejects.toThrow("disk full");
  expect([session.status, session.outcome, session.patterns]).toEqual(["open", null, []]);
  store.append = append;
  await session[Symbol.asyncDispose]();
  expect(session.outcome).toBe("cancelled");
});

interface Stop {
  readonly how: string;
  readonly stop: (session: Session, clock: TestClock) => Promise<unknown>;
  readonly outcome: string;
}

test.each<Stop>([
  {
    how: "times out",
    stop: async (_, clock) => {
      await clock.advance(300_000);
    },
    outcome: "timeout",
  },
  {
    how: "is cancelled",
    stop: async (session) => await session.getTask("a")?.cancel(),
    outcome: "cancelled",
  },
  { how: "loses its session", stop: async (session) => await session.endSession(), outcome: "cancelled" },
])("work whose task $how is told by its signal, and its result is not taken", async ({ stop, outcome }) => {
  const { manager, clock } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a");
  let context: WorkContext | undefined;
  const running = session.run("a", async (given) => {
    context = given;
    await new Promise(() => undefined);
  });
  const refused = expect(running).rejects.toMatchObject({ code: "task_ended" });
  await settled();
  await stop(session, clock);
  await refused;
  expect(context?.signal.aborted).toBe(true);
  expect(task.outcome).toBe(outcome);
});

test("two managers on one store decide nothing twice", async () => {
  const store = new MemoryStore();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const one = testManager({}, { openStore });
  const two = testManager({}, { openStore, processes: testProcesses(2) });
  const session = await one.manager.startSession();
  const other = await two.manager.get(session.sessionId);
  await session.addTask("a");
  const outcomes = await Promise.allSettled([
    session.completeTask("a", "success"),
    other.completeTask("a", "failed"),
    other.completeTask("a", "cancelled"),
  ]);
  expect(outcomes.filter((one_) => one_.status === "fulfilled")).toHaveLength(1);
  await Promise.all([session.addTask("b"), other.addTask("c")]);
  await settled();
  expect(session.tasks.map((task) => task.taskId)).toEqual(other.tasks.map((task) => task.taskId));
});

test("an attempt that has ended does not end again", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  await session.addTask("a", null, { retries: { max: 1 } });
  await session.completeTask("a", "failed");
  await session.completeTask("a", "failed");
  const attempts: unknown[] = [];
  for await (const { type, data } of session.events()) {
    if (type === "attempt_ended" || type === "task_ended") attempts.push(data["attempt"]);
  }
  expect(attempts).toEqual([1, 2]);
});

test("what could not be stored is not shown", async () => {
  const store = new MemoryStore();
  const { manager } = testManager({}, { openStore: async () => await Promise.resolve(store) });
  const session = await manager.startSession();
  const append = store.append.bind(store);
  store.append = async () => await Promise.reject(new Error("no room"));
  await expect(session.addTask("a")).rejects.toThrow("no room");
  expect(session.tasks).toEqual([]);
  store.append = append;
  await session.addTask("a");
  expect(session.tasks).toHaveLength(1);
});

test("a session is taken over only from a process that has died, and its running attempts are lost", async () => {
  const store = new MemoryStore();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const first = testManager({}, { openStore });
  const session = await first.manager.startSession();
  const task = await (await session.addTask("a")).start();
  const rival = testManager({}, { openStore, processes: testProcesses(2, [1]) });
  await expect(rival.manager.resume(session.sessionId)).rejects.toMatchObject({ code: "conflict" });
  expect(task.status).toBe("running");
  const heir = testManager({}, { openStore, processes: testProcesses(2) });
  const resumed = await heir.manager.resume(session.sessionId);
  expect(resumed.getTask("a")?.status).toBe("pending");
  await resumed.getTask("a")?.start();
  expect(resumed.getTask("a")?.attempts).toBe(2);
  await expect(
    first.manager.get(session.sessionId).then((one) => one.completeTask("a", "success", { attempt: 1 })),
  ).rejects.toMatchObject({ code: "conflict" });
});

test("the metrics have the names of the spec, and no session's id", async () => {
  const { manager } = testManager({ h1RouterEnabled: true });
  const session = await manager.startSession();
  await manager.routeTaskH1("a");
  await session.completeTask("a", "success", { durationMs: 1_000 });
  const text = await manager.metrics();
  for (const line of [
    "holodeck_session_active_total 1",
    "# TYPE holodeck_session_completed_total counter",
    "holodeck_session_duration_seconds_count 0",
    "holodeck_task_started_total 1",
    'holodeck_task_completed_total{outcome="success"} 1',
    'holodeck_task_duration_seconds_sum{outcome="success"} 1',
    'holodeck_h1_routing_decisions_total{agent_id="oracle1"} 1',
    "holodeck_emergence_alerts_total 0",
    'holodeck_h1_before_routing{agent_id="oracle1"} 3',
    'holodeck_h1_after_routing{agent_id="oracle1"} 4',
  ]) {
    expect(text).toContain(line);
  }
  await session.endSession();
  expect(await manager.metrics()).toContain('holodeck_session_completed_total{outcome="success"} 1');
  expect(await manager.metrics()).toContain("holodeck_session_active_total 0");
  expect(text).not.toContain(session.sessionId);
});

test("a closed manager says so", async () => {
  const { manager } = testManager();
  await manager.startSession();
  await manager.close();
  await expect(manager.list()).rejects.toMatchObject({ code: "store_closed" });
});

test("a store that does not open is told as such, also by a manager that is left by await using", async () => {
  const refused = new HolodeckError("store_io", { what: "No folder.", todo: "Make one." });
  const work = async (): Promise<void> => {
    await using manager = testManager({}, { openStore: async () => await Promise.reject(refused) }).manager;
    await manager.startSession();
  };
  await expect(work()).rejects.toBe(refused);
});

test("a callback may close the manager, which does not wait for that call", async () => {
  const closed: string[] = [];
  const { manager, reported } = testManager({
    onTaskComplete: async () => {
      await Promise.resolve();
      await manager.close();
      closed.push("from inside");
    },
  });
  await (await (await manager.startSession()).addTask("a")).complete();
  await settled();
  expect([closed, reported]).toEqual([["from inside"], []]);
});

test("closing from outside waits for the callback that is under way", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const order: string[] = [];
  const { manager } = testManager({
    onTaskComplete: async () => {
      await promise;
      order.push("called");
    },
  });
  await (await (await manager.startSession()).addTask("a")).complete();
  const closing = manager.close().then(() => order.push("closed"));
  await settled();
  resolve(undefined);
  await closing;
  expect(order).toEqual(["called", "closed"]);
});
