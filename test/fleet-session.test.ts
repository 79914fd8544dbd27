// A session and the fleet in its store: what is routed, confirmed and freed, and what an upward crossing tells.
import { afterEach, expect, test } from "vitest";
import { streamId } from "../src/event/event.ts";
import { Runtime, type Untimed } from "../src/event/runtime.ts";
import type { FleetCommand } from "../src/fleet/fleet-facts.ts";
import { createFleet } from "../src/fleet/router.ts";
import type { EmergenceAlert, SessionConfig } from "../src/session/config.ts";
import { FleetRouter } from "../src/session/fleet-router.ts";
import { SessionManager } from "../src/session/manager.ts";
import type { Session } from "../src/session/session.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { SessionMetrics } from "../src/telemetry/metrics.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { countingIds, testManager, testProcesses } from "../src/testing/test-manager.ts";

const FLEET = streamId("fleet", "default");

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

class KeptOpen extends MemoryStore {
  override async close(): Promise<void> {
    await Promise.resolve();
  }
}

function world(config: Partial<SessionConfig> = {}, store = new KeptOpen(), clock = new TestClock()) {
  const metrics = new SessionMetrics();
  const manager = new SessionManager(
    { sessionName: "s", agentId: "oracle1", h1RouterEnabled: true, ...config },
    {
      openStore: async () => await Promise.resolve(store),
      clock,
      random: countingIds(),
      processes: testProcesses(),
      metrics,
      report: (problem) => expect.unreachable(problem.message),
    },
  );
  const close = async (): Promise<void> => await manager.close();
  closing.push(close);
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const fleet = new Runtime({ aggregate: createFleet(), log: store, moment });
  const give = async (...commands: Untimed<FleetCommand>[]): Promise<void> => {
    for (const command of commands) expect((await fleet.execute(FLEET, command)).refusal).toBeNull();
  };
  const router = new FleetRouter({ log: store, moment, fleet: "default", offset: -2 });
  return { manager, clock, store, metrics, give, router, close };
}

async function typesOf(store: MemoryStore, types: RegExp): Promise<readonly string[]> {
  return (await store.read({ stream: FLEET }))
    .map(({ event }) => event.type)
    .filter((type) => types.test(type));
}

const ENDS: Readonly<Record<string, (session: Session, clock: TestClock) => Promise<unknown>>> = {
  success: async (session) => await session.completeTask("t", "success"),
  failure: async (session) => await session.completeTask("t", "failed"),
  cancelling: async (session) => await session.completeTask("t", "cancelled"),
  timeout: async (session, clock) => {
    await session.startTask("t");
    await clock.advance(301_000);
  },
  "the session's end": async (session) => await session.endSession(),
  "the session's own timeout": async (_, clock) => await clock.advance(3_601_000),
};

test.each(Object.keys(ENDS))("a routed task's end by %s frees its edge", async (name) => {
  const { manager, clock, store } = world();
  const session = await manager.startSession();
  await manager.registerAgent("writer", ["writing"]);
  const decision = await manager.routeTaskH1("t", ["writing"]);
  expect(decision).toMatchObject({ agentId: "writer", fallback: false, unreachable: null });
  expect(session.getTask("t")?.agentId).toBe("writer");
  expect(await manager.getH1Status()).toMatchObject({ vertices: 2, edges: 1 });
  await ENDS[name]?.(session, clock);
  expect(await manager.getH1Status()).toMatchObject({ vertices: 1, edges: 0 });
  expect(await typesOf(store, /^task_/)).toEqual(["task_routed", "task_confirmed", "task_completed"]);
});

test("what a session has taken is confirmed, and outlives the minute in which it must be", async () => {
  const { manager, clock } = world();
  await manager.startSession();
  await manager.routeTaskH1("t");
  await settled();
  await clock.advance(61_000);
  expect(await manager.getH1Status()).toMatchObject({ edges: 1 });
});

test("an assignment that no session has taken is freed after a minute", async () => {
  const { manager, clock, router, store } = world();
  await manager.startSession();
  const request = { agentId: "oracle1", taskId: "t", requiredCapabilities: [], preferAgents: [] };
  await router.route({ ...request, sessionId: "sess_dead", key: "k" });
  await clock.advance(59_000);
  expect(await manager.getH1Status()).toMatchObject({ edges: 1 });
  await clock.advance(1_000);
  expect(await manager.getH1Status()).toMatchObject({ edges: 0 });
  expect(await typesOf(store, /expired/)).toEqual(["assignment_expired"]);
});

test("who asks again with the same key gets the same answer and no second edge, until it was freed", async () => {
  const { router, clock, give } = world();
  await give({ type: "register_agent", agent_id: "a" }, { type: "register_agent", agent_id: "b" });
  const request = {
    sessionId: "s",
    agentId: "o",
    taskId: "t",
    requiredCapabilities: [],
    preferAgents: [],
    key: "k",
  };
  const first = await router.route(request);
  expect(await router.route(request)).toEqual(first);
  expect(await router.status()).toMatchObject({ edges: 1 });
  await clock.advance(61_000);
  expect(await router.status()).toMatchObject({ edges: 0 });
  expect((await router.route(request)).agentId).toBe("a");
  expect(await router.status()).toMatchObject({ edges: 1 });
});

test("a crossing that was not told before a crash is told to who asks again, and stands once in the fleet", async () => {
  const here = world();
  await triangle(here);
  const ask = async (key: string) =>
    await here.router.route({
      sessionId: "s",
      agentId: "o",
      taskId: "t",
      requiredCapabilities: [],
      preferAgents: [],
      key,
    });
  expect([(await ask("0")).alert, (await ask("1")).alert]).toEqual([null, null]);
  const third = await ask("2");
  expect(third.alert).toMatchObject({ h1: 3, threshold: 2 });
  expect(await ask("2")).toEqual(third);
  expect(await ask("1")).toMatchObject({ agentId: "b", alert: null });
  expect(await typesOf(here.store, /emergence/)).toEqual(["emergence_crossed"]);
});

test("several processes follow one store, and what ends is freed once", async () => {
  const store = new KeptOpen();
  const clock = new TestClock();
  const [one, other] = [world({}, store, clock), world({}, store, clock)];
  const session = await one.manager.startSession();
  const same = await other.manager.get(session.sessionId);
  for (const task of ["a", "b", "c"]) {
    await one.manager.routeTaskH1(`${task}-one`, [], session);
    await other.manager.routeTaskH1(`${task}-other`, [], same);
  }
  expect(await one.manager.getH1Status()).toMatchObject({ edges: 6 });
  await same.endSession();
  await settled();
  for (const { manager } of [one, other]) expect(await manager.getH1Status()).toMatchObject({ edges: 0 });
  expect(await typesOf(store, /^task_completed/)).toHaveLength(6);
  expect(await typesOf(store, /^task_confirmed/)).toHaveLength(6);
});

test("a session that refuses a task leaves no edge behind", async () => {
  const { manager, router } = world({ maxTasks: 1 });
  await manager.startSession();
  await manager.routeTaskH1("first");
  await expect(manager.routeTaskH1("second")).rejects.toMatchObject({ code: "task_limit" });
  expect(await router.status()).toMatchObject({ edges: 1 });
});

test("a process that died before it told the fleet is made up for by the next one that routes", async () => {
  const store = new KeptOpen();
  const { manager, close } = world({}, store);
  const session = await manager.startSession();
  await manager.routeTaskH1("t");
  await close();
  // It ends where nobody speaks to the fleet, as if the process had died between the two.
  const elsewhere = testManager({}, { openStore: async () => await Promise.resolve(store) }).manager;
  await (await elsewhere.get(session.sessionId)).completeTask("t", "success");
  await elsewhere.close();
  expect(await typesOf(store, /completed/)).toEqual([]);
  const heir = world({}, store);
  expect(await heir.manager.getH1Status()).toMatchObject({ edges: 0 });
  expect(await typesOf(store, /completed/)).toEqual(["task_completed"]);
});

/** A triangle of agents: a task tied to all three is K4, which is one edge too many. */
async function triangle({ give }: ReturnType<typeof world>): Promise<void> {
  for (const agent_id of ["a", "b", "c"]) await give({ type: "register_agent", agent_id });
  const tie = { type: "add_edge", kind: "delegation" } as const;
  await give({ ...tie, a: "a", b: "b" }, { ...tie, a: "b", b: "c" }, { ...tie, a: "c", b: "a" });
}

test("an upward crossing is told once: a tile, a callback, an event, a count", async () => {
  const alerts: EmergenceAlert[] = [];
  const onEmergenceAlert = (alert: EmergenceAlert): void => void alerts.push(alert);
  const here = world({ onEmergenceAlert });
  const { manager, give } = here;
  await triangle(here);
  const session = await manager.startSession();
  for (const _ of ["a", "b"]) expect((await manager.routeTaskH1("t")).alert).toBeNull();
  expect((await manager.routeTaskH1("t")).alert).toMatchObject({
    h1: 3,
    threshold: 2,
    vertices: 4,
    edges: 6,
  });
  await settled();
  expect(alerts).toMatchObject([{ sessionId: session.sessionId, h1: 3, threshold: 2 }]);
  expect(await manager.metrics()).toContain("holodeck_emergence_alerts_total 1");
  expect(session.emergenceAlerts).toBe(1);
  // A fourth agent brings it below the line, the task's edge to it above it again.
  await give({ type: "register_agent", agent_id: "d" });
  await give({ type: "add_edge", kind: "delegation", a: "d", b: "a" });
  await manager.routeTaskH1("t");
  await settled();
  expect(alerts).toHaveLength(2);
  expect(await manager.metrics()).toContain("holodeck_emergence_alerts_total 2");
});

test("the alert's tile is the wire's, byte for byte", async () => {
  const here = world();
  await triangle(here);
  const { manager } = here;
  const session = await manager.startSession();
  for (let turn = 0; turn < 3; turn++) await manager.routeTaskH1("t");
  const tile = (await session.tiles()).find(({ question }) => question.startsWith("[EMERGENCE"));
  const expected = {
    domain: "scout-reports/holodeck-session",
    question: "[EMERGENCE ALERT] β₁=3 > V-2=2",
    answer: {
      timestamp: "2026-05-19T22:45:00Z",
      h1_dimension: 3,
      v_threshold: 2,
      n_vertices: 4,
      n_edges: 6,
      routing_decision: {
        task_id: "t",
        agent_id: "c",
        h1_before: 2,
        h1_after: 3,
        emergence_risk: 0.3,
        capability_match_score: 1,
        fallback: false,
      },
      recommendation:
        "Some ties are redundant: finish or free tasks that several agents share before adding more; the fleet's cycles name the loops.",
      session_id: session.sessionId,
    },
    tags: ["emergency", "h1", "emergence", "routing"],
    confidence: 0.95,
    source: "holodeck-session-manager",
  };
  expect(JSON.stringify(tile)).toBe(JSON.stringify(expected));
});

test("the end tile tells β₁ before the first routing and after the last", async () => {
  const here = world();
  await triangle(here);
  const session = await here.manager.startSession();
  await here.manager.routeTaskH1("t");
  await here.manager.routeTaskH1("t");
  await session.endSession();
  const tile = (await session.tiles()).at(-1);
  expect(tile?.answer).toMatchObject({ h1_delta: { start: 1, end: 2, change: 1 } });
});
