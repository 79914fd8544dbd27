// What callers in JavaScript, or with a spelling of their own, are told about their options before anything happens.
import { describe, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import { testManager } from "../testing/test-manager.ts";
import type { SessionManager as Manager } from "./manager.ts";
import type { Session } from "./session.ts";

type Call = (session: Session, manager: Manager) => unknown;

/** As one who has no compiler passes it. */
const wild = (value: unknown): never => value as never;

const NO_OPTIONS: readonly [name: string, call: Call][] = [
  ["addTask", (session) => session.addTask("b", null, wild(null))],
  ["startTask", (session) => session.startTask("a", wild(null))],
  ["completeTask", (session) => session.completeTask("a", "success", wild(null))],
  ["routeTaskH1", (session, manager) => manager.routeTaskH1("b", [], session, wild(null))],
  ["task.complete", (session) => session.getTask("a")?.complete(wild(null))],
  ["endSession", (session) => session.endSession("success", wild(null))],
  ["fork", (session) => session.fork(1, wild(null))],
  ["list", (_, manager) => manager.list(wild(null))],
  ["startSession", (_, manager) => manager.startSession(wild(null))],
  ["resume", (session, manager) => manager.resume(session.sessionId, wild(null))],
  ["the constructor", () => new SessionManager({ sessionName: "s", agentId: "a" }, wild(null))],
];

const REFUSED: readonly [name: string, names: string, call: Call][] = [
  [
    "snake_case in completeTask",
    "options.duration_ms",
    (s) => s.completeTask("a", "success", wild({ duration_ms: 5 })),
  ],
  [
    "snake_case in addTask",
    "options.required_capabilities",
    (s) => s.addTask("b", null, wild({ required_capabilities: ["x"] })),
  ],
  ["a capability that is no text", "requiredCapabilities[0]", (_, m) => m.routeTaskH1("b", [wild(5)])],
  [
    "snake_case in routeTaskH1",
    "options.prefer_agents",
    (s, m) => m.routeTaskH1("b", [], s, wild({ prefer_agents: [] })),
  ],
  ["an agent without a name", "agentId", (_, m) => m.registerAgent("")],
  ["unknown retries", "retries.times", (s) => s.addTask("b", null, { retries: wild({ max: 1, times: 2 }) })],
  ["retries of null", "retries is null", (s) => s.addTask("b", null, { retries: wild(null) })],
  ["a record of text", "record", (s) => s.completeTask("a", "success", { record: wild("boo") })],
  ["an attempt of text", "attempt", (s) => s.completeTask("a", "success", { attempt: wild("1") })],
  ["success of text", "success", (s) => s.getTask("a")?.complete({ success: wild("no") })],
  ["data that is no JSON", "data.x", (s) => s.addTask("b", { x: Number.NaN })],
  ["a status there is not", "status", (_, m) => m.list({ status: wild("bogus") })],
  ["a filter there is not", "filter.bogus", (_, m) => m.list(wild({ bogus: 1 }))],
  ["an event there is not", "type", (s) => s.on(wild("nonsense"), () => undefined)],
  ["a listener that is a number", "listener", (s) => s.on("change", wild(5))],
  ["a store that is a number", "store", () => open({ store: wild(5) })],
  ["an option there is not", "options.sotre", () => open(wild({ sotre: "memory:" }))],
];

function open(options: ConstructorParameters<typeof SessionManager>[1]): unknown {
  return new SessionManager({ sessionName: "s", agentId: "a" }, options);
}

describe("options are checked before anything happens", () => {
  test.each(NO_OPTIONS)("%s refuses null for its options", async (_, call) => {
    expect(await refusalOf(call)).toMatchObject({ code: "invalid_argument" });
  });

  test.each(REFUSED)("%s is refused by name", async (_, names, call) => {
    const what = expect.stringContaining(names) as string;
    expect(await refusalOf(call)).toMatchObject({ code: "invalid_argument", what });
  });

  test("run without a function starts nothing", async () => {
    const { manager } = testManager();
    const session = await manager.startSession();
    const task = await session.addTask("a");
    await expect(session.run("a", wild(undefined))).rejects.toMatchObject({ code: "invalid_argument" });
    expect([task.status, task.attempts]).toEqual(["pending", 0]);
  });

  test("metadata that is no JSON is an argument's fault", () => {
    expect(() => testManager({ metadata: { now: wild(new Date(0)) } })).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  });

  test("an idempotency key that added another task is refused, and adds none", async () => {
    const { manager } = testManager();
    const session = await manager.startSession();
    const first = await session.addTask("a", null, { idempotencyKey: "once" });
    expect((await session.addTask("a", null, { idempotencyKey: "once" })).taskId).toBe(first.taskId);
    await expect(session.addTask("b", null, { idempotencyKey: "once" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(session.tasks.map((task) => task.taskId)).toEqual(["a"]);
  });
});

/** What a call on a session with a task `a` throws, and that it left the session as it was. */
async function refusalOf(call: Call): Promise<unknown> {
  const { manager } = testManager();
  const session = await manager.startSession();
  await session.addTask("a");
  const refusal = await Promise.resolve()
    .then(async () => await call(session, manager))
    .then(
      () => null,
      (error: unknown) => error,
    );
  expect([session.status, session.tasks.map((task) => task.status)]).toEqual(["open", ["pending"]]);
  return refusal;
}
