// A session whose tasks an H1 router over HTTP routes: what is said to it, and what happens while it is away.
import { afterEach, expect, test } from "vitest";
import type { EmergenceAlert, SessionConfig } from "../src/session/config.ts";
import { HttpRouter } from "../src/session/http-router.ts";
import { SessionManager } from "../src/session/manager.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { SessionMetrics } from "../src/telemetry/metrics.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { countingIds, testProcesses } from "../src/testing/test-manager.ts";
import type { TargetOptions } from "../src/tile/target.ts";
import { until } from "./outbox-world.ts";
import { WireRouter, type WireRequest, type WireRouterOptions } from "./wire-router.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

test("a session is routed where it was started to be, by whatever process takes it over, and so is its fork", async () => {
  const router = await server();
  const first = world(router.url);
  const session = await first.manager.startSession();
  const { store } = first;
  router.fleet.give({ type: "register_agent", agent_id: "oracle1", now: 1 });
  const heir = world(null, {}, {}, store);
  const resumed = await heir.manager.resume(session.sessionId);
  expect(await heir.manager.routeTaskH1("t")).toMatchObject({ agentId: "oracle1", unreachable: null });
  expect(router.to("/route")).toMatchObject([{ task_id: "t", session_id: session.sessionId }]);
  const fork = await resumed.fork(1);
  await heir.manager.routeTaskH1("u", [], fork);
  expect(router.to("/route")).toMatchObject([{}, { task_id: "u", session_id: fork.sessionId }]);
});

test("our own router tells crossings and full fleets itself, and nothing is guessed", async () => {
  const router = await server();
  const alerts: EmergenceAlert[] = [];
  const { manager } = world(router.url, { onEmergenceAlert: (alert) => void alerts.push(alert) });
  await manager.startSession();
  const crossed = { h1_dimension: 3, v_threshold: 2, n_vertices: 4, n_edges: 6, recommendation: "Look." };
  const above = { ...DECISION, emergence_risk: 0.3 };
  const answers = [
    { status: 200, body: JSON.stringify({ ...above, alert: null }) },
    { status: 200, body: JSON.stringify({ ...above, alert: crossed }) },
    { status: 409, body: JSON.stringify({ code: "fleet_full", detail: "Nobody has room." }) },
  ];
  router.script = ({ path }) => (path === "/v1/fleet/route" ? (answers.shift() ?? "answer") : "answer");
  expect((await manager.routeTaskH1("t")).alert).toBeNull();
  await manager.routeTaskH1("t");
  await settled();
  expect(alerts).toMatchObject([{ h1: 3, threshold: 2, vertices: 4, edges: 6, recommendation: "Look." }]);
  await expect(manager.routeTaskH1("t")).rejects.toMatchObject({
    code: "fleet_full",
    what: "Nobody has room.",
  });
  expect(router.to("/route")).toEqual([]);
});

async function server(options?: WireRouterOptions): Promise<WireRouter> {
  const router = await new WireRouter(options).start();
  closing.push(async () => await router.stop());
  return router;
}

/** Those of several processes differ. */
const ids = countingIds();

class KeptOpen extends MemoryStore {
  override async close(): Promise<void> {
    await Promise.resolve();
  }
}

function world(
  h1RouterUrl: string | null,
  config: Partial<SessionConfig> = {},
  target: TargetOptions = {},
  store = new KeptOpen(),
) {
  const clock = new TestClock();
  const manager = new SessionManager(
    {
      sessionName: "s",
      agentId: "oracle1",
      h1RouterEnabled: true,
      ...(h1RouterUrl !== null && { h1RouterUrl }),
      ...config,
    },
    {
      openStore: async () => await Promise.resolve(store),
      clock,
      random: ids,
      processes: testProcesses(),
      metrics: new SessionMetrics(),
      routerFor: (url) => new HttpRouter({ url, clock, random: () => 1, ...target }),
      report: (problem) => expect.unreachable(problem.message),
    },
  );
  closing.push(async () => {
    let isClosed = false;
    void manager.close().then(() => (isClosed = true));
    await until(() => isClosed, clock);
  });
  return { manager, clock, store };
}

async function eventsOf(
  manager: SessionManager,
  sessionId: string,
  type: string,
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const event of (await manager.get(sessionId)).events())
    if (event.type === type) found.push(event.data);
  return found;
}

test("a router that knows confirmations is told who is asked for, what was taken, and what has ended", async () => {
  const router = await server({ confirms: true });
  const { manager } = world(router.url);
  const session = await manager.startSession();
  await manager.registerAgent("writer", ["writing"]);
  const decision = await manager.routeTaskH1("t", ["writing"]);
  expect(decision).toMatchObject({
    agentId: "writer",
    fallback: false,
    unreachable: null,
    capabilityMatchScore: 1,
  });
  const name = { task_id: "t", session_id: session.sessionId };
  expect(router.to("/register/agent")).toEqual([{ agent_id: "writer", capabilities: ["writing"] }]);
  expect(router.to("/route")).toEqual([{ ...name, required_capabilities: ["writing"] }]);
  await until(() => router.to("/v1/fleet/confirm").length > 0);
  expect(router.to("/v1/fleet/confirm")).toEqual([name]);
  expect(await manager.getH1Status()).toMatchObject({
    h1: 0,
    vertices: 2,
    edges: 1,
    components: 1,
    emergence: false,
  });
  await session.completeTask("t", "success");
  await until(() => router.tasks === 0);
  expect(router.to("/complete")).toEqual([name]);
  expect(await eventsOf(manager, session.sessionId, "routing_fell_back")).toEqual([]);
});

test("a plain router, which answers 404 to a confirmation, routes just so, and its fleet gets the session's agent", async () => {
  const router = await server();
  const { manager } = world(router.url);
  const session = await manager.startSession();
  expect(await manager.routeTaskH1("t")).toMatchObject({ agentId: "oracle1", fallback: false });
  expect(router.to("/register/agent")).toEqual([{ agent_id: "oracle1", capabilities: [] }]);
  await session.endSession();
  await until(() => router.tasks === 0);
  expect(router.to("/v1/fleet/confirm")).toHaveLength(1);
});

const BAD: Readonly<
  Record<string, readonly [script: (one: WireRequest) => ReturnType<WireRouter["script"]>, why: RegExp]>
> = {
  slow: [() => "hang", /gives no answer within 1 s/],
  "broken (5xx)": [() => ({ status: 503 }), /answers HTTP 503/],
  "one that redirects": [
    () => ({ status: 302, location: "http://127.0.0.1:9/" }),
    /redirects are not followed/,
  ],
  "talking no JSON": [() => ({ status: 200, body: "<html>" }), /nonsense/],
  "answering another task": [
    ({ path, body }) =>
      path === "/route"
        ? { status: 200, body: JSON.stringify({ ...DECISION, task_id: `not ${String(body["task_id"])}` }) }
        : "answer",
    /nonsense/,
  ],
  "naming no agent but a number": [
    ({ path }) =>
      path === "/route" ? { status: 200, body: JSON.stringify({ ...DECISION, agent_id: 7 }) } : "answer",
    /nonsense/,
  ],
  "of a negative β₁": [
    ({ path }) =>
      path === "/route" ? { status: 200, body: JSON.stringify({ ...DECISION, h1_after: -2 }) } : "answer",
    /nonsense/,
  ],
  "one that refuses": [
    ({ path }) => (path === "/route" ? { status: 401, body: '{"error":"no key"}' } : "answer"),
    /refuses \/route with HTTP 401 \(no key\)/,
  ],
};

const DECISION = {
  agent_id: "writer",
  task_id: "t",
  h1_before: 0,
  h1_after: 0,
  confidence: 1,
  emergence_risk: 0,
  capability_match_score: 1,
  reasoning: "",
};

test.each(Object.keys(BAD))("with a router %s, capability and load decide, and it is told", async (name) => {
  const router = await server();
  const { manager, clock } = world(router.url);
  const session = await manager.startSession();
  await manager.registerAgent("reader", ["reading"]);
  await manager.registerAgent("writer", ["writing"]);
  const [script, why] = BAD[name] ?? expect.unreachable();
  router.script = script;
  const routing = manager.routeTaskH1("t", ["writing"]);
  let isDone = false;
  void routing.finally(() => (isDone = true));
  await until(() => isDone, clock);
  const decision = await routing;
  expect(decision).toMatchObject({ agentId: "writer", fallback: true, alert: null });
  expect(decision.unreachable).toMatch(why);
  expect(decision.reasoning).toContain("Capability and load decided instead");
  expect(session.getTask("t")).toMatchObject({ agentId: "writer", routing: { fallback: true } });
  expect(router.to("/v1/fleet/confirm")).toEqual([]);
  const [told] = await eventsOf(manager, session.sessionId, "routing_fell_back");
  expect(told).toMatchObject({ task_id: "t", router: router.url, reason: decision.unreachable });
});

test("with a router that is gone work goes on, spread by load, and it is asked again after a while", async () => {
  const router = await server();
  const { manager, clock } = world(router.url);
  const session = await manager.startSession();
  for (const agent of ["a", "b"]) await manager.registerAgent(agent);
  expect((await manager.routeTaskH1("first")).agentId).toBe("a");
  await router.stop();
  const decisions = [await manager.routeTaskH1("second"), await manager.routeTaskH1("third")];
  expect(decisions.map(({ agentId, fallback }) => [agentId, fallback])).toEqual([
    ["b", true],
    ["a", true],
  ]);
  await router.start();
  const asked = router.to("/route").length;
  expect((await manager.routeTaskH1("fourth")).unreachable).toMatch(/rests until its next try/);
  expect(router.to("/route")).toHaveLength(asked);
  await session.completeTask("first", "success");
  // The follower and the next route take turns; what ended meanwhile is told as well.
  await until(() => router.tasks === 0, clock);
  expect(await manager.routeTaskH1("fifth")).toMatchObject({ fallback: false, unreachable: null });
});

test("a router on a private network is not asked, unless that is allowed", async () => {
  const asked: string[] = [];
  const lookup = async (host: string) => {
    asked.push(host);
    return await Promise.resolve([{ address: "10.1.2.3", family: 4 }]);
  };
  const { manager } = world("http://router.example:8902", {}, { lookup });
  await manager.startSession();
  const decision = await manager.routeTaskH1("t");
  expect(decision).toMatchObject({ agentId: "oracle1", fallback: true });
  expect(decision.unreachable).toMatch(/may not be asked: router\.example:8902 leads to 10\.1\.2\.3/);
  expect(asked).toEqual(["router.example"]);
});

test("the router's address is pinned: a name is looked up once while it answers", async () => {
  const router = await server();
  const asked: string[] = [];
  const lookup = async (host: string) => {
    asked.push(host);
    return await Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  };
  const { manager } = world(router.url.replace("127.0.0.1", "router.example"), {}, { lookup });
  await manager.startSession();
  for (const task of ["a", "b", "c"]) expect((await manager.routeTaskH1(task)).unreachable).toBeNull();
  expect(asked).toEqual(["router.example"]);
});

test("an upward crossing at the router is told once, by a router that knows no alerts", async () => {
  const router = await server();
  const alerts: EmergenceAlert[] = [];
  const { manager } = world(router.url, { onEmergenceAlert: (alert) => void alerts.push(alert) });
  await manager.startSession();
  for (const agent_id of ["a", "b", "c"]) router.fleet.give({ type: "register_agent", agent_id, now: 1 });
  for (const [a, b] of [
    ["a", "b"],
    ["b", "c"],
    ["c", "a"],
  ] as const)
    router.fleet.give({ type: "add_edge", kind: "delegation", a, b, now: 1 });
  for (let turn = 0; turn < 3; turn++) await manager.routeTaskH1("t");
  await settled();
  expect(alerts).toMatchObject([{ h1: 3, threshold: 2, vertices: 4, edges: 6 }]);
  router.fleet.give({ type: "register_agent", agent_id: "d", now: 1 });
  router.fleet.give({ type: "add_edge", kind: "delegation", a: "d", b: "a", now: 1 });
  router.fleet.give({ type: "add_edge", kind: "delegation", a: "d", b: "b", now: 1 });
  // It is above the line again by others' doing: no task of this session brought it there.
  await manager.routeTaskH1("t");
  await settled();
  expect(alerts).toHaveLength(1);
});

test("getH1Status says when the router cannot be asked", async () => {
  const router = await server();
  const { manager } = world(router.url);
  await manager.startSession();
  await router.stop();
  await expect(manager.getH1Status()).rejects.toMatchObject({ code: "server_unreachable" });
});
