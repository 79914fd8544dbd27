import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { testManager, testProcesses, type TestManager } from "../testing/test-manager.ts";
import type { Session } from "./session.ts";
import type { SessionView } from "./session-view.ts";

async function seqOf(session: Session): Promise<number> {
  let last = 0;
  for await (const { seq } of session.events()) last = seq;
  return last;
}

/** All that two sessions can be compared by. */
function seen(session: SessionView): object {
  const { status, outcome, totals, patterns, tasks, sessionName, agentId, metadata } = session;
  const told = tasks.map((task) => ({
    id: task.taskId,
    status: task.status,
    outcome: task.outcome,
    data: task.data,
    result: task.result,
    error: task.error,
    attempts: task.attempts,
    agent: task.agentId,
    routing: task.routing,
    record: task.record,
  }));
  return { status, outcome, totals, patterns, told, sessionName, agentId, metadata };
}

function counted(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("holodeck_task_"));
}

/** Three tasks: one done, one failed after a retry, one running. */
async function midway({ manager }: TestManager): Promise<Session> {
  const session = await manager.startSession();
  await session.addTask("late", { n: 1 }, { retries: { max: 1 }, timeoutSeconds: 5 });
  await session.addTask("early", null, { agentId: "scout", priority: "high" });
  await session.completeTask("early", "success", { result: { found: 5 }, durationMs: 10 });
  await session.completeTask("late", "failed", { error: "first" });
  await session.completeTask("late", "failed", { error: "second" });
  await session.addTask("running");
  await session.startTask("running");
  return session;
}

test("at(seq) is the session as it was after that event, at every one of them", async () => {
  const made = testManager();
  const session = await made.manager.startSession();
  const states = [seen(session)];
  session.on("change", () => states.push(seen(session)));
  await session.addTask("a", { n: 1 });
  await session.startTask("a");
  await made.clock.advance(1_000);
  await session.completeTask("a", "success", { result: 5 });
  await session.addTask("b");
  await session.completeTask("b", "cancelled");
  await session.endSession();
  expect(states).toHaveLength(await seqOf(session));
  for (const [index, state] of states.entries()) expect(seen(await session.at(index + 1))).toEqual(state);
});

test("an earlier state has the events, tiles and duration there were then", async () => {
  const { manager, clock } = testManager();
  const session = await manager.startSession();
  await session.addTask("a");
  await clock.advance(4_000);
  await session.completeTask("a", "success");
  await clock.advance(9_000);
  await session.endSession();
  const past = await session.at(4);
  const types: string[] = [];
  for await (const { type } of past.events()) types.push(type);
  expect(types).toEqual(["session_started", "task_added", "task_started", "task_ended"]);
  expect(await past.tiles()).toHaveLength(3);
  expect([past.status, past.durationSeconds, past.seq]).toEqual(["open", 4, 4]);
});

test.each([0, -1, 1.5, 3, Number.NaN, Number.POSITIVE_INFINITY])(
  "there is no state at %d of two events",
  async (seq) => {
    const { manager } = testManager();
    const session = await manager.startSession();
    await session.addTask("a");
    await expect(session.at(seq)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(session.fork(seq)).rejects.toMatchObject({ code: "invalid_argument" });
  },
);

test("nothing can be done with an earlier state", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  await session.addTask("a");
  // The types refuse most of it already.
  const past = (await session.at(2)) as unknown as Session;
  const task = past.getTask("a");
  const attempts = [
    past.addTask("b"),
    past.startTask("a"),
    past.completeTask("a", "success"),
    past.run("a", () => 1),
    past.endSession(),
    task?.complete(),
    task?.start(),
  ];
  for (const one of attempts) await expect(one).rejects.toMatchObject({ code: "read_only" });
  expect(await seqOf(session)).toBe(2);
});

test("a fork has the tasks and their ends, says where it is from, and leaves the other alone", async () => {
  const made = testManager({ metadata: { run: 7 } });
  const session = await midway(made);
  const seq = await seqOf(session);
  const fork = await session.fork(seq);
  expect(fork.sessionId).not.toBe(session.sessionId);
  const [hash] = (
    await (await made.manager.store()).read({ stream: `session:${session.sessionId}` as never })
  )
    .slice(-1)
    .map((stored) => stored.hash);
  expect(fork.forkedFrom).toEqual({ sessionId: session.sessionId, seq, hash });
  const past = seen(await session.at(seq)) as { told: { id: string }[] };
  const there = past.told.map((task) => (task.id === "running" ? { ...task, status: "pending" } : task));
  expect(seen(fork)).toEqual({ ...past, told: there });
  await fork.startTask("running");
  expect([fork.getTask("running")?.attempts, session.getTask("running")?.attempts]).toEqual([2, 1]);
  await fork.endSession();
  expect([session.status, await seqOf(session)]).toEqual(["open", seq]);
});

test("a fork's tiles are its own start and what happens in it, and nothing carried is counted again", async () => {
  const made = testManager();
  const session = await midway(made);
  const before = await made.manager.metrics();
  const fork = await session.fork(await seqOf(session));
  expect((await fork.tiles()).map(({ question }) => question)).toEqual([
    "[SESSION_START] oracle1:constraint-theory-research",
  ]);
  expect(counted(await made.manager.metrics())).toEqual(counted(before));
  await fork.completeTask("running", "success");
  await fork.endSession();
  const last = (await fork.tiles()).at(-1);
  expect(last?.answer).toMatchObject({ tasks: { total: 3, succeeded: 2, failed: 1 } });
});

test("a fork's time begins anew, and callbacks are called for what happens in it alone", async () => {
  const ended: string[] = [];
  const made = testManager({
    sessionTimeoutSeconds: 60,
    onTaskComplete: (task) => ended.push(task.taskId),
  });
  const session = await midway(made);
  const seq = await seqOf(session);
  await made.clock.advance(59_000);
  const fork = await session.fork(seq);
  ended.length = 0;
  await made.clock.advance(2_000);
  expect([session.outcome, fork.status]).toEqual(["timeout", "open"]);
  expect(ended).toEqual(["running"]);
  await made.clock.advance(58_000);
  expect(fork.outcome).toBe("timeout");
});

test("a fork with a key is made once, in whichever process it is asked for", async () => {
  const store = new MemoryStore();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const session = await midway(testManager({}, { openStore }));
  const two = testManager({}, { openStore, processes: testProcesses(2) });
  const other = await two.manager.get(session.sessionId);
  const options = { idempotencyKey: "what-if" };
  const [here, there] = await Promise.all([session.fork(3, options), other.fork(3, options)]);
  const again = await session.fork(5, options);
  expect([there.sessionId, again.sessionId]).toEqual([here.sessionId, here.sessionId]);
  expect((await session.fork(3)).sessionId).not.toBe(here.sessionId);
  expect((await two.manager.list()).sessions).toHaveLength(3);
});

test("a fork keeps the retries that were used up and the wait for the next", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const task = await session.addTask("a", null, { retries: { max: 1, backoffSeconds: 60 } });
  await task.fail("first");
  const fork = await session.fork(await seqOf(session));
  const carried = fork.getTask("a");
  expect([carried?.retryAt, carried?.error, carried?.attempts]).toEqual([task.retryAt, "first", 1]);
  await carried?.start();
  await carried?.fail("second");
  expect([carried?.outcome, task.status]).toEqual(["failed", "pending"]);
});

test("a session that has ended can be forked from where it was open", async () => {
  const session = await midway(testManager());
  const seq = await seqOf(session);
  await session.endSession("failed");
  const fork = await session.fork(seq);
  expect([fork.status, fork.getActiveTasks().map(({ taskId }) => taskId)]).toEqual(["open", ["running"]]);
});

test("a fork that goes on as its origin did comes to the same end, whenever it was forked", async () => {
  const outcome = fc.constantFrom("success", "failed", "cancelled" as const);
  await fc.assert(
    fc.asyncProperty(fc.array(outcome, { maxLength: 8 }), fc.nat(), async (outcomes, pick) => {
      type Step = (session: Session) => Promise<unknown>;
      const adds = outcomes.map((_, index): Step => {
        return async (session) => await session.addTask(`t${index}`, null, { retries: { max: index % 2 } });
      });
      const ends = outcomes.map((one, index): Step => {
        return async (session) => await session.completeTask(`t${index}`, one);
      });
      // The last added ends first: the order of ends is not that of tasks. A task with a retry ends by its second.
      const steps = [...adds, ...ends.toReversed()];
      const forkAfter = pick % (steps.length + 1);
      const { manager } = testManager();
      const session = await manager.startSession();
      let seq = 1;
      for (const [index, step] of steps.entries()) {
        await step(session);
        if (index < forkAfter) seq = await seqOf(session);
      }
      const fork = await session.fork(seq);
      for (const step of steps.slice(forkAfter)) await step(fork);
      await session.endSession();
      await fork.endSession();
      expect(seen(fork)).toEqual(seen(session));
    }),
    { numRuns: 60 },
  );
});
