import { expect, test } from "vitest";
import type { HolodeckError } from "../event/error.ts";
import { MemoryStore } from "../store/memory.ts";
import { countingIds, fixedRouter, testManager, testProcesses } from "../testing/test-manager.ts";
import { all } from "../testing/test-trust.ts";
import type { AgentSession } from "./agent-session.ts";
import type { Session } from "./session.ts";

function noSocket(): never {
  throw new Error("no socket");
}

const never = async (): Promise<never> => await new Promise<never>(() => undefined);

async function started(
  config: Parameters<typeof testManager>[0] = {},
  ports: Parameters<typeof testManager>[1] = {},
) {
  const made = testManager(config, ports);
  return { ...made, session: await made.manager.startSession() };
}

const typesOf = async (session: Session): Promise<readonly string[]> =>
  (await all(session.events())).map(({ type }) => type).slice(1);

test("an agent is set up before it is attached, and given the session as it may use it", async () => {
  const { session } = await started();
  const steps: string[] = [];
  let given: AgentSession | null = null;
  const bot = await session.attachAgent({
    identity: { id: "bot", nickname: "Bot", metadata: { team: "blue" } },
    capabilities: ["gpu"],
    setup: async (context) => {
      steps.push((await session.introspect()).agents.length === 0 ? "set up" : "too late");
      given = context.session;
    },
  });
  steps.push("attached");
  expect(steps).toEqual(["set up", "attached"]);
  expect([bot.agentId, bot.sessionId]).toEqual(["bot", session.sessionId]);
  expect(given).toBe(bot);
  await session.addTask("t", null, { agentId: "bot" });
  expect((await session.introspect()).agents).toMatchObject([
    {
      agentId: "bot",
      nickname: "Bot",
      kind: "agent",
      capabilities: ["gpu"],
      roles: [],
      tasks: ["t"],
      dueAt: null,
    },
  ]);
});

test("an agent whose setup throws is not attached, and leaves no trace in the log", async () => {
  const { session } = await started();
  await expect(session.attachAgent({ identity: "bot", setup: noSocket })).rejects.toMatchObject({
    code: "callback_failed",
    message: /no socket/,
  });
  expect(await typesOf(session)).toEqual([]);
});

test("an agent whose setup hangs is not attached, and is torn down when it is set up after all", async () => {
  const { session, clock } = await started();
  const steps: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const attaching = session.attachAgent({
    identity: "bot",
    setup: async () => await promise,
    teardown: () => steps.push("torn down"),
  });
  attaching.catch(() => undefined);
  await clock.advance(10_000);
  await expect(attaching).rejects.toMatchObject({ code: "callback_failed", message: /longer than 10 s/ });
  expect(await typesOf(session)).toEqual([]);
  resolve();
  await expect.poll(() => steps).toEqual(["torn down"]);
});

test("an agent that cannot be made durable is torn down, and is not attached", async () => {
  const store = new MemoryStore();
  const { session } = await started({}, { openStore: async () => store });
  const steps: string[] = [];
  const append = store.append.bind(store);
  const setup = () => {
    store.append = async () => await Promise.reject(new Error("full"));
  };
  const teardown = () => steps.push("torn down");
  await expect(session.attachAgent({ identity: "bot", setup, teardown })).rejects.toThrow("full");
  store.append = append;
  expect(steps).toEqual(["torn down"]);
  expect((await session.introspect()).agents).toEqual([]);
});

test.each<[string, object, RegExp]>([
  ["the name is taken", { identity: "first" }, /attached already/],
  ["it is the session's own identity", { identity: "oracle1" }, /own identity/],
  ["it drifts without a gyre", { identity: "d", kind: "drift" }, /gyre is undefined/],
  ["its gyre is no gyre", { identity: "d", kind: "drift", gyre: "first" }, /no gyre/],
  ["a gyre is named by who is no drift", { identity: "d", gyre: "first" }, /for no other/],
  ["its name is none", { identity: "a*b" }, /identity\.id/],
  ["an option is misspelt", { identity: "a", role: [] }, /not an option/],
])("an agent is not attached, and not set up, when %s", async (_, options, what) => {
  const { session } = await started();
  await session.attachAgent({ identity: "first" });
  let isSetUp = false;
  const setup = () => void (isSetUp = true);
  await expect(session.attachAgent({ ...options, setup } as never)).rejects.toMatchObject({
    message: expect.stringMatching(what),
  });
  expect(isSetUp).toBe(false);
});

test("one teardown that throws and one that hangs stop no other: all are called, in reverse order", async () => {
  const { session, clock, reported } = await started();
  const steps: string[] = [];
  const teardowns: readonly (() => unknown)[] = [
    () => steps.push("first"),
    async () => await never(),
    () => {
      throw new Error("cannot let go");
    },
    () => steps.push("fourth"),
  ];
  for (const [index, teardown] of teardowns.entries()) {
    await session.attachAgent({ identity: `bot${index}`, teardown });
  }
  const ending = session.endSession();
  await clock.advance(10_000);
  expect(await ending).toBe("success");
  expect(steps).toEqual(["fourth", "first"]);
  expect(reported.map(({ code, message }) => [code, /bot2|did not return/.exec(message)?.[0]])).toEqual([
    ["callback_failed", "bot2"],
    ["callback_failed", "did not return"],
  ]);
  expect((await session.introspect()).agents).toEqual([]);
});

test("leaving the session's scope tears its agents down", async () => {
  const { manager } = testManager();
  const steps: string[] = [];
  {
    await using session = await manager.startSession();
    await session.attachAgent({ identity: "bot", teardown: () => steps.push("torn down") });
  }
  expect(steps).toEqual(["torn down"]);
});

test("a session that runs out of time tears its agents down", async () => {
  const { session, clock } = await started({ sessionTimeoutSeconds: 60 });
  const steps: string[] = [];
  await session.attachAgent({ identity: "bot", teardown: () => steps.push("torn down") });
  await clock.advance(61_000);
  expect(session.outcome).toBe("timeout");
  await expect.poll(() => steps).toEqual(["torn down"]);
});

test("an agent that was detached is torn down once, may do nothing more, and may come again", async () => {
  const { session } = await started();
  const steps: string[] = [];
  const options = { identity: "bot", teardown: () => steps.push("torn down") };
  const bot = await session.attachAgent(options);
  await session.addTask("t", null, { agentId: "bot" });
  await bot.startTask("t");
  await session.detachAgent("bot", { reason: "done" });
  expect(steps).toEqual(["torn down"]);
  await expect(bot.completeTask("t", "success")).rejects.toMatchObject({ code: "denied" });
  await expect(session.detachAgent("bot")).rejects.toMatchObject({ code: "not_found" });
  await session.attachAgent(options);
  await bot.completeTask("t", "success");
  await session.endSession();
  expect(steps).toEqual(["torn down", "torn down"]);
});

test("an agent detached by another process is torn down by the one that attached it", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const { session, clock } = await started({}, { openStore: async () => store, random });
  const steps: string[] = [];
  await session.attachAgent({ identity: "bot", teardown: () => steps.push("torn down") });
  const other = testManager({}, { openStore: async () => store, random, clock });
  await (await other.manager.get(session.sessionId)).detachAgent("bot");
  await session.attachAgent({ identity: "bot" });
  await expect.poll(() => steps).toEqual(["torn down"]);
  expect((await session.introspect()).agents).toHaveLength(1);
});

test("closing the manager lets its agents go, and leaves the session open", async () => {
  const store = new MemoryStore();
  store.close = async () => await Promise.resolve();
  const random = countingIds();
  const { manager, session, clock } = await started({}, { openStore: async () => store, random });
  const steps: string[] = [];
  for (const identity of ["one", "two"]) {
    await session.attachAgent({ identity, teardown: () => steps.push(identity) });
  }
  await manager.close();
  expect(steps).toEqual(["two", "one"]);
  const other = testManager({}, { openStore: async () => store, random, clock });
  const again = await other.manager.get(session.sessionId);
  expect(again.status).toBe("open");
  expect((await again.introspect()).agents).toEqual([]);
});

test("who takes over from a process that died lets go of the agents that died with it", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const { session, clock } = await started({}, { openStore: async () => store, random });
  await session.attachAgent({ identity: "bot" });
  const processes = testProcesses(2);
  const other = testManager({}, { openStore: async () => store, random, clock, processes });
  const again = await other.manager.resume(session.sessionId);
  expect((await again.introspect()).agents).toEqual([]);
  expect(await typesOf(again)).toEqual(["agent_attached", "session_resumed", "agent_detached"]);
});

test("an agent of no process stays when processes close, die and take over, until it is detached", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const first = await started({}, { openStore: async () => store, random, leavesStoreOpen: true });
  await first.session.attachAgent({ identity: "bot", process: null });
  await first.manager.close();
  const processes = testProcesses(2);
  const { clock } = first;
  const other = testManager({}, { openStore: async () => store, random, clock, processes });
  const again = await other.manager.resume(first.session.sessionId);
  expect((await again.introspect()).agents).toMatchObject([{ agentId: "bot", dueAt: null }]);
  await again.detachAgent("bot");
  expect(await typesOf(again)).toEqual(["agent_attached", "session_resumed", "agent_detached"]);
});

test("an agent of no process leaves when it is silent for too long", async () => {
  const { session, clock } = await started();
  await session.attachAgent({ identity: "bot", process: null, heartbeatSeconds: 10 });
  await clock.advance(15_001);
  expect((await session.introspect()).agents).toEqual([]);
});

test("an agent of no process has nothing that would run here", async () => {
  const { session } = await started();
  const refused = { code: "invalid_argument" };
  for (const wrong of [
    { process: null, teardown: noSocket },
    { process: null, setup: noSocket },
    { process: {} as never },
    { idempotencyKey: "k" },
  ]) {
    await expect(session.attachAgent({ identity: "bot", ...wrong })).rejects.toMatchObject(refused);
  }
});

test("who leaves and comes under a key does so once, however often it is repeated", async () => {
  const { session } = await started();
  const attach = { identity: "bot", process: null, idempotencyKey: "in" } as const;
  for (let times = 0; times < 2; times++) await session.attachAgent(attach);
  for (let times = 0; times < 2; times++) await session.detachAgent("bot", { idempotencyKey: "out" });
  expect(await typesOf(session)).toEqual(["agent_attached", "agent_detached"]);
});

test("an agent that is not heard of leaves as disconnected, and is torn down", async () => {
  const { session, clock } = await started();
  const steps: string[] = [];
  const teardown = () => steps.push("torn down");
  const bot = await session.attachAgent({ identity: "bot", heartbeatSeconds: 10, teardown });
  for (let beats = 0; beats < 20; beats++) {
    await clock.advance(10_000);
    await bot.heartbeatAgent();
  }
  expect(session.totals.total).toBe(0);
  await clock.advance(9_999);
  expect((await session.introspect()).agents).toHaveLength(1);
  await clock.advance(5_001);
  expect((await session.introspect()).agents).toEqual([]);
  expect(steps).toEqual(["torn down"]);
  expect((await typesOf(session)).at(-1)).toBe("agent_disconnected");
  await expect(session.heartbeatAgent("bot")).rejects.toMatchObject({ code: "not_found" });
  await expect(bot.heartbeatAgent()).rejects.toMatchObject({ code: "denied" });
});

test("many heartbeats are few events: one is written when the deadline moves by half an interval", async () => {
  const { session, clock } = await started();
  const bot = await session.attachAgent({ identity: "bot", heartbeatSeconds: 10 });
  for (let beats = 0; beats < 100; beats++) {
    await clock.advance(1_000);
    await bot.heartbeatAgent();
  }
  expect((await typesOf(session)).filter((type) => type === "agent_heartbeat")).toHaveLength(20);
  expect((await session.introspect()).agents).toHaveLength(1);
});

test("a clock that is set moves no heartbeat's deadline", async () => {
  const { session, clock } = await started();
  await session.attachAgent({ identity: "bot", heartbeatSeconds: 10 });
  clock.set(365 * 86_400_000);
  await clock.advance(5_000);
  expect((await session.introspect()).agents).toHaveLength(1);
  await clock.advance(10_001);
  expect((await session.introspect()).agents).toEqual([]);
});

test("an agent that leaves frees the fleet of the tasks routed to it", async () => {
  const freed: string[] = [];
  const { manager, session } = await started(
    {},
    { router: { ...fixedRouter("bot"), complete: async ({ taskId }) => void freed.push(taskId) } },
  );
  await session.attachAgent({ identity: "bot" });
  await manager.routeTaskH1("t1", [], session);
  await session.addTask("t2", null, { agentId: "bot" });
  await session.detachAgent("bot");
  await expect.poll(() => freed).toEqual(["t1"]);
});

test("agents of a session that has ended are refused", async () => {
  const { session } = await started();
  await session.endSession();
  const refused: Promise<HolodeckError> = session.attachAgent({ identity: "bot" }).then(
    () => expect.unreachable(),
    (error: HolodeckError) => error,
  );
  expect((await refused).code).toBe("session_ended");
});

test("agents stand in snapshots of the session's state", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const { session, clock } = await started({ maxTasks: 2_000 }, { openStore: async () => store, random });
  await session.attachAgent({ identity: "bot", heartbeatSeconds: 100_000, capabilities: ["gpu"] });
  for (let n = 0; n < 1_000; n++) await session.addTask(`t${n}`);
  expect((await store.snapshot({ stream: `session:${session.sessionId}` as never }))?.seq).toBe(1_000);
  const other = testManager({}, { openStore: async () => store, random, clock });
  const again = await other.manager.get(session.sessionId);
  expect(await again.introspect()).toEqual(await session.introspect());
});
