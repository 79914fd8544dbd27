// How a session behaves, whoever serves it: run on the local manager, and on every other that claims to be one.
import { describe, expect, test } from "vitest";
import { TaskOutcome, TaskPriority } from "../src/session/outcome.ts";
import type { SessionConfig } from "../src/session/config.ts";
import type { SessionManager } from "../src/session/manager.ts";
import type { RoutingDecision } from "../src/session/router.ts";
import type { WorkingSession } from "../src/session/working-session.ts";
import type { TestClock } from "../src/testing/test-clock.ts";

/** What claims to run sessions, and the clock its deadlines go by. */
export interface BehavingManager {
  readonly manager: Pick<SessionManager, "list"> & {
    startSession(): Promise<WorkingSession>;
    get(sessionId: string): Promise<WorkingSession>;
    resume(): Promise<WorkingSession>;
    routeTaskH1(taskId: string, requiredCapabilities: readonly string[]): Promise<RoutingDecision>;
  };
  readonly clock: Pick<TestClock, "advance" | "suspend">;
}

export function sessionBehaviours(
  name: string,
  make: (config?: Partial<SessionConfig>) => BehavingManager,
): void {
  describe(name, () => {
    test("task max_tasks + 1 is refused and totals stay", async () => {
      const { manager } = make({ maxTasks: 2 });
      const session = await manager.startSession();
      await session.addTask("a");
      await session.addTask("b");
      await expect(session.addTask("c")).rejects.toMatchObject({ code: "task_limit" });
      expect(session.tasks.map((task) => task.taskId)).toEqual(["a", "b"]);
      await session.completeTask("a", "success");
      expect(session.totals).toEqual({ total: 1, succeeded: 1, failed: 0, cancelled: 0, timed_out: 0 });
    });

    test("a second completion is refused and names the first outcome", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      const task = await session.addTask("a");
      await task.complete({ durationMs: 2_340, result: { found: 5 } });
      await expect(session.completeTask("a", TaskOutcome.FAILED)).rejects.toMatchObject({
        code: "task_ended",
        what: expect.stringContaining("success") as string,
      });
      expect(task.outcome).toBe("success");
      expect(task.durationMs).toBe(2_340);
      expect(task.result).toEqual({ found: 5 });
    });

    test("a task past its timeout becomes timeout once, and its late completion is refused", async () => {
      const ended: string[] = [];
      const { manager, clock } = make({
        taskTimeoutSeconds: 10,
        onTaskComplete: (task) => ended.push(`${task.taskId} ${task.outcome}`),
      });
      const session = await manager.startSession();
      const task = await (await session.addTask("slow")).start();
      await clock.advance(10_000);
      expect(task.outcome).toBe("timeout");
      expect(task.durationMs).toBe(10_000);
      await expect(task.complete()).rejects.toMatchObject({
        code: "task_ended",
        what: expect.stringContaining("timeout") as string,
      });
      await clock.advance(60_000);
      expect(ended).toEqual(["slow timeout"]);
    });

    test("a late completion is refused also when it arrives before the timer does", async () => {
      const { manager, clock } = make({ taskTimeoutSeconds: 10 });
      const session = await manager.startSession();
      const task = await (await session.addTask("slow")).start();
      clock.suspend(11_000); // Nobody wakes, and no timer fires.
      await expect(task.complete()).rejects.toMatchObject({
        code: "task_ended",
        what: expect.stringContaining("timeout") as string,
      });
      expect(task.outcome).toBe("timeout");
    });

    test("the session's timeout ends it as timeout and closes open tasks", async () => {
      let ends = 0;
      const { manager, clock } = make({ sessionTimeoutSeconds: 60, onSessionEnd: () => ends++ });
      const session = await manager.startSession();
      const running = await (await session.addTask("running")).start();
      const pending = await session.addTask("pending");
      await clock.advance(60_000);
      expect(session.outcome).toBe("timeout");
      expect(session.durationSeconds).toBe(60);
      expect([running.outcome, pending.outcome]).toEqual(["cancelled", "cancelled"]);
      expect(session.totals).toMatchObject({ total: 2, cancelled: 2 });
      await clock.advance(600_000);
      expect(ends).toBe(1);
    });

    test("a task whose own time is up with the session's ends as timeout, once", async () => {
      const { manager, clock } = make({ sessionTimeoutSeconds: 60, taskTimeoutSeconds: 60 });
      const session = await manager.startSession();
      await (await session.addTask("a")).start();
      await clock.advance(60_000);
      expect(session.totals).toEqual({ total: 1, succeeded: 0, failed: 0, cancelled: 0, timed_out: 1 });
      expect(session.outcome).toBe("timeout");
    });

    test("ending with open tasks cancels them", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      const running = await (await session.addTask("running")).start();
      await session.addTask("pending");
      await session.endSession("success");
      expect(running.outcome).toBe("cancelled");
      expect(session.getActiveTasks()).toEqual([]);
      expect(session.totals).toMatchObject({ total: 2, cancelled: 2 });
    });

    test("a second endSession changes nothing and calls nothing", async () => {
      let calls = 0;
      const { manager } = make({ onSessionEnd: () => calls++ });
      const session = await manager.startSession();
      expect(await session.endSession("success")).toBe("success");
      expect(await session.endSession("failed", { error: "late" })).toBe("success");
      expect([session.outcome, session.error, calls]).toEqual(["success", null, 1]);
      const types: string[] = [];
      for await (const event of session.events()) types.push(event.type);
      expect(types).toEqual(["session_started", "session_ended"]);
    });

    test("completing a task that was routed but never added works and counts", async () => {
      const { manager } = make({ h1RouterEnabled: true });
      const session = await manager.startSession();
      const decision = await manager.routeTaskH1("routed", ["compilation"]);
      expect(decision.agentId).not.toBe("");
      await session.completeTask("routed", TaskOutcome.SUCCESS, { durationMs: 234 });
      expect(session.totals).toMatchObject({ total: 1, succeeded: 1 });
      const tiles = await session.tiles();
      expect(tiles.map((tile) => tile.tags[1] + " " + tile.tags[2])).toEqual([
        "session start",
        "task start",
        "task end",
      ]);
      expect(tiles[1]?.answer).toMatchObject({ routing: { agent_id: decision.agentId, emergence_risk: 0 } });
    });

    test("active tasks are those that have not ended, the most urgent first", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      await session.addTask("normal");
      await session.addTask("low", null, { priority: TaskPriority.LOW });
      await session.addTask("critical", null, { priority: TaskPriority.CRITICAL });
      await session.addTask("done");
      await session.completeTask("done", "success");
      expect(session.getActiveTasks().map((task) => task.taskId)).toEqual(["critical", "normal", "low"]);
      expect(session.getTask("critical")?.priority).toBe("critical");
      expect(session.getTask("nobody")).toBeUndefined();
    });

    test.each([
      [
        "an unknown task",
        "task_not_found",
        async (one: BehavingManager) => (await one.manager.startSession()).completeTask("no", "success"),
      ],
      ["an unknown session", "not_found", async (one: BehavingManager) => one.manager.get("sess_nobody")],
      [
        "a bad outcome",
        "invalid_argument",
        async (one: BehavingManager) =>
          (await one.manager.startSession()).completeTask("a", "done" as "success"),
      ],
      [
        "a bad session outcome",
        "invalid_argument",
        async (one: BehavingManager) => (await one.manager.startSession()).endSession("over" as "success"),
      ],
      [
        "a negative duration",
        "invalid_argument",
        async (one: BehavingManager) =>
          (await one.manager.startSession()).completeTask("a", "success", { durationMs: -1 }),
      ],
      [
        "a duration that is not a number",
        "invalid_argument",
        async (one: BehavingManager) =>
          (await one.manager.startSession()).completeTask("a", "success", { durationMs: Number.NaN }),
      ],
      [
        "an empty task id",
        "invalid_argument",
        async (one: BehavingManager) => (await one.manager.startSession()).addTask(""),
      ],
      [
        "data that is not JSON",
        "invalid_argument",
        async (one: BehavingManager) => (await one.manager.startSession()).addTask("a", { at: Number.NaN }),
      ],
      [
        "data with a prototype key",
        "invalid_argument",
        async (one: BehavingManager) =>
          (await one.manager.startSession()).addTask("a", JSON.parse('{"__proto__":{"x":1}}') as null),
      ],
      [
        "a task added twice",
        "task_exists",
        async (one: BehavingManager) => {
          const session = await one.manager.startSession();
          await session.addTask("a");
          await session.addTask("a");
        },
      ],
      [
        "a task after the end",
        "session_ended",
        async (one: BehavingManager) => {
          const session = await one.manager.startSession();
          await session.endSession();
          await session.addTask("a");
        },
      ],
    ] as const)("%s is an error that says what to do", async (_, code, act) => {
      const one = make();
      await expect(act(one)).rejects.toMatchObject({
        name: "HolodeckError",
        code,
        todo: expect.stringMatching(/\S+ .*\./) as string,
      });
    });

    test.each([
      ["an empty name", { sessionName: "" }],
      ["a blank agent", { agentId: "  " }],
      ["a tag that is not text", { tags: [7] as unknown as string[] }],
      ["no tasks at all", { maxTasks: 0 }],
      ["a timeout of zero", { taskTimeoutSeconds: 0 }],
      ["a timeout that is not a number", { sessionTimeoutSeconds: Number.NaN }],
      ["an address that is none", { platoUrl: "localhost" }],
      ["a room outside", { scoutRoom: "a/../b" }],
      ["an unknown setting", { sessionNam: "x", maxTasks: 5 }],
      ["a callback that is none", { onTaskComplete: "call me" as unknown as () => void }],
    ] as const)("a configuration with %s is refused", (_, config) => {
      expect(() => make(config)).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
    });

    test("a repeated idempotency key answers like the first time and changes nothing", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      await session.addTask("a", null, { idempotencyKey: "k1" });
      await session.addTask("a", null, { idempotencyKey: "k1" });
      await session.completeTask("a", "success", { idempotencyKey: "k2" });
      await session.completeTask("a", "success", { idempotencyKey: "k2" });
      expect(session.totals.succeeded).toBe(1);
    });

    test("leaving the scope of an open session ends it as cancelled", async () => {
      const { manager } = make();
      let left;
      {
        await using session = await manager.startSession();
        await session.addTask("a");
        left = session;
      }
      expect(left.outcome).toBe("cancelled");
    });

    test("an error given at the end is told in a tile of its own", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      await session.endSession("failed", { error: "the disk is on fire" });
      const tiles = await session.tiles();
      expect(tiles.map((tile) => tile.question)).toEqual([
        "[SESSION_START] oracle1:constraint-theory-research",
        "[SESSION_ERROR] oracle1:constraint-theory-research",
        "[SESSION_END] oracle1:constraint-theory-research — FAILED",
      ]);
    });

    test("emitTiles: false sends nothing, and events are stored", async () => {
      const { manager } = make({ emitTiles: false });
      const session = await manager.startSession();
      await session.addTask("a");
      await session.endSession();
      expect(await session.tiles()).toEqual([]);
      const types: string[] = [];
      for await (const event of session.events()) types.push(event.type);
      expect(types).toEqual(["session_started", "task_added", "task_ended", "session_ended"]);
    });

    test("sessions are found by status, agent and tag, newest first, and newest open by resume", async () => {
      const { manager, clock } = make({ tags: ["research"] });
      const first = await manager.startSession();
      await clock.advance(1_000);
      const second = await manager.startSession();
      await clock.advance(1_000);
      const third = await manager.startSession();
      await third.endSession();
      const ids = async (filter: Parameters<typeof manager.list>[0]): Promise<string[]> =>
        (await manager.list(filter)).sessions.map((one) => one.sessionId);
      expect(await ids({})).toEqual([third.sessionId, second.sessionId, first.sessionId]);
      expect(await ids({ status: "open", tag: "research" })).toEqual([second.sessionId, first.sessionId]);
      expect(await ids({ agentId: "nobody" })).toEqual([]);
      expect((await manager.resume()).sessionId).toBe(second.sessionId);
    });

    test("a result too large for an event is kept as a blob and read back", async () => {
      const { manager } = make();
      const session = await manager.startSession();
      const task = await session.addTask("big");
      const result = { text: "x".repeat(200_000) };
      await task.complete({ result });
      expect(task.result).toBeUndefined();
      expect(await task.readResult()).toEqual(result);
    });
  });
}
