import { expect, test } from "vitest";
import { testItem, testStream } from "../../testing/events.ts";
import { RouterCaller } from "../../testing/router-caller.ts";
import { HolodeckError } from "../../event/error.ts";
import { PROBLEM_KINDS } from "../v1/problems.ts";
import { CONFIRM_MS } from "../../fleet/router.ts";

test("edges come and go by kind and direction, and answer what the fleet has come to", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c");
  const edge = { a: "a", b: "b", kind: "dependency", directed: true };
  expect((await router.post("/v1/fleet/edges", edge)).body).toMatchObject({
    status: "added",
    n_edges: 1,
    n_components: 2,
    h1_dimension: 0,
    emergence: false,
  });
  await router.post("/v1/fleet/edges", { a: "b", b: "a", kind: "delegation" });
  const graph = (await router.get("/v1/fleet/graph")).body;
  // In no promised order.
  expect(new Set(graph["vertices"] as object[])).toEqual(
    new Set(["a", "b", "c"].map((id) => ({ id, kind: "agent" }))),
  );
  expect(graph).toMatchObject({
    edges: [{ a: "a", b: "b", assignment: 0, delegation: 1, dependency: 1 }],
    next: null,
  });
  const wrong = await router.send("DELETE", "/v1/fleet/edges", { ...edge, directed: false });
  expect(wrong.status).toBe(404);
  expect((await router.send("DELETE", "/v1/fleet/edges", edge)).body).toMatchObject({ n_edges: 1 });
  const last = { a: "a", b: "b", kind: "delegation" };
  expect((await router.send("DELETE", "/v1/fleet/edges", last)).body).toMatchObject({ n_edges: 0 });
});

test("a store in trouble is a problem that passes, and told of", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  const trouble = new HolodeckError("store_io", { what: "The disk is away.", todo: "Look at it." });
  router.store.head = async () => await Promise.reject(trouble);
  const { status, body, text } = await router.get("/v1/fleet?fleet=other");
  expect([status, body.code, body.retryable]).toEqual([503, "store_io", true]);
  expect(text).not.toContain("disk");
  expect(router.reported).toEqual([trouble]);
});

test("a problem says what happened and what to do, as all of /v1 says it", async () => {
  const router = new RouterCaller();
  await router.post("/register/agent", { agent_id: "a", capacity: 0 });
  const full = await router.post("/v1/fleet/route", { task_id: "t" });
  expect(full.type).toBe("application/problem+json");
  expect(full.body).toEqual({
    type: "urn:holodeck:problem:fleet_full",
    title: PROBLEM_KINDS.fleet_full.title,
    status: 409,
    detail: expect.stringMatching(/room/) as string,
    code: "fleet_full",
    todo: expect.any(String) as string,
    retryable: true,
  });
  for (const [status, code, answer] of [
    [400, "invalid_argument", router.post("/v1/fleet/edges", "{")],
    [400, "invalid_argument", router.post("/v1/fleet/edges", { a: "a", b: "b", kind: "love" })],
    [400, "invalid_argument", router.post("/v1/fleet/edges", { a: "a", b: "a", kind: "delegation" })],
    [404, "not_found", router.post("/v1/fleet/edges", { a: "a", b: "b", kind: "delegation" })],
    [404, "not_found", router.post("/v1/fleet/heartbeat", { agent_id: "b" })],
    [404, "task_not_found", router.post("/v1/fleet/confirm", { task_id: "t", session_id: "s" })],
    [404, "task_not_found", router.post("/v1/fleet/complete", { task_id: "t" })],
    [409, "conflict", router.post("/v1/fleet/resources", { resource_id: "a" })],
    [404, "not_found", router.send("DELETE", "/v1/fleet/agents/b", "")],
    [400, "invalid_argument", router.send("DELETE", "/v1/fleet/agents/%ff", "")],
    [404, "not_found", router.get("/v1/fleet/nowhere")],
    [405, "method_not_allowed", router.send("PUT", "/v1/fleet/graph", "")],
    [400, "invalid_argument", router.get("/v1/fleet/graph?limit=0")],
    [400, "invalid_argument", router.get("/v1/fleet/graph?after=x")],
    [400, "invalid_argument", router.get("/v1/fleet/fleets?after=x")],
    [400, "invalid_argument", router.get("/v1/fleet?fleet=%20")],
  ] as const) {
    const { status: told, body } = await answer;
    expect([told, body.code, body.retryable]).toEqual([status, code, false]);
  }
  expect(router.reported).toEqual([]);
});

test("what-if tells what a route or an edge would bring, and changes nothing", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "b c", "c d", "d a", "a c");
  const { seq } = (await router.get("/v1/fleet")).body;
  const route = await router.post("/v1/fleet/what-if", { task_id: "t", agents_needed: 4 });
  expect(route.body).toMatchObject({ seq, h1_before: 2, h1_after: 5, agent_ids: ["a", "b", "c", "d"] });
  expect(route.body.alert).toMatchObject({ crossing: 1, h1_dimension: 5, v_threshold: 3 });
  expect(route.body.candidates).toHaveLength(4);
  const edge = await router.post("/v1/fleet/what-if", { a: "b", b: "d", kind: "delegation" });
  expect(edge.body).toMatchObject({ h1_before: 2, h1_after: 3, alert: { crossing: 1 } });
  const parallel = await router.post("/v1/fleet/what-if", { a: "a", b: "b", kind: "dependency" });
  expect(parallel.body).toMatchObject({ h1_before: 2, h1_after: 2, alert: null });
  expect((await router.post("/v1/fleet/what-if", { a: "a", b: "x", kind: "delegation" })).status).toBe(404);
  expect((await router.post("/v1/fleet/what-if", { tasks: [{}] })).status).toBe(400);
  expect((await router.post("/v1/fleet/what-if", { tasks: "t" })).status).toBe(400);
  expect((await router.get("/v1/fleet")).body).toMatchObject({ seq, n_tasks: 0, crossings: 0 });
});

test("the whole decision explains itself, and tells the alert that came with it", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "b c", "c d", "d a", "a c");
  const { body } = await router.post("/v1/fleet/route", { task_id: "t", session_id: "s", agents_needed: 4 });
  expect(body).toMatchObject({
    agent_ids: ["a", "b", "c", "d"],
    session_id: "s",
    policy: "h1",
    fallback: false,
    decided_by: null,
    confirm_by: router.clock.now() + CONFIRM_MS,
    alert: { direction: "up", routing_decision: { task_id: "t" } },
  });
});

test("a repeated route tells the alert that came with it, and no other's", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "b c", "c d", "d a", "a c");
  const ask = async (task_id: string, agents_needed: number) =>
    await router.post("/v1/fleet/route", { task_id, agents_needed }, { "idempotency-key": task_id });
  const first = await ask("t", 1);
  const second = await ask("u", 4);
  expect([first.body.alert, second.body.alert]).toMatchObject([null, { crossing: 1 }]);
  expect((await ask("t", 1)).body).toEqual(first.body);
  expect((await ask("u", 4)).body).toEqual(second.body);
  expect((await router.get("/v1/fleet")).body.crossings).toBe(1);
});

test("graph, components and history come in pages", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "b c", "c a");
  const seen: string[] = [];
  for (let next: string | null = ""; next !== null;) {
    const { body } = await router.get(`/v1/fleet/graph?limit=2&after=${next}`);
    for (const { id } of body.vertices) seen.push(id);
    for (const { a, b } of body.edges) seen.push(a < b ? a + b : b + a);
    next = body.next;
  }
  expect(seen.toSorted()).toEqual(["a", "ab", "ac", "b", "bc", "c", "d"]);
  expect((await router.get("/v1/fleet/components?limit=1")).body).toMatchObject({
    n_components: 2,
    components: [{ n_vertices: 3, n_edges: 3, h1_dimension: 1, margin: 0, emergence: false }],
    next: "1",
  });
  const { body } = await router.get("/v1/fleet/history?limit=1");
  expect(body.changes).toMatchObject([
    { h1_dimension: 1, n_vertices: 4, n_edges: 3, n_components: 2, at: "2026-05-19T22:45:00.000Z" },
  ]);
  expect((await router.get(`/v1/fleet/history?after=${body.next}`)).body).toMatchObject({
    changes: [{ h1_dimension: 0 }],
    next: null,
  });
});

test("loops, single points of failure, deadlocks and ping-pong name who is in them", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b", "c", "d");
  for (const [a, b] of ["ab", "bc", "ca"])
    await router.post("/v1/fleet/edges", { a, b, kind: "dependency", directed: true });
  await router.ties("c d");
  for (const [a, b] of ["cd", "dc"])
    await router.post("/v1/fleet/edges", { a, b, kind: "delegation", directed: true });
  const { cycles } = (await router.get("/v1/fleet/cycles")).body;
  expect(cycles).toHaveLength(1);
  expect([cycles[0].length, cycles[0].members.toSorted()]).toEqual([3, ["a", "b", "c"]]);
  expect((await router.get("/v1/fleet/articulation")).body).toMatchObject({
    n_points: 1,
    points: [{ id: "c", kind: "agent" }],
    n_bridges: 1,
    bridges: [{ a: "c", b: "d" }],
  });
  expect((await router.get("/v1/fleet/waits")).body).toMatchObject({
    deadlocks: [{ length: 3, members: ["a", "b", "c"], cycle: ["a", "b", "c"] }],
    ping_pong: [{ a: "c", b: "d", there: 1, back: 1 }],
  });
  expect((await router.get("/v1/fleet/rigidity")).body).toMatchObject({
    whole: { description: "under-constrained", freedoms: 1 },
    components: [{ member: "a", vertices: 4 }],
    redundant_edges: [],
  });
});

test("agents and resources are added and taken away, capacity and heartbeat beside them", async () => {
  const router = new RouterCaller();
  await router.post("/v1/fleet/agents", {
    agent_id: "a/b",
    capabilities: ["x"],
    capacity: 3,
    heartbeat_seconds: 4,
  });
  await router.post("/v1/fleet/resources", { resource_id: "gpu" });
  const { body } = await router.get("/v1/fleet/agents");
  expect(body.agents).toEqual([
    {
      agent_id: "a/b",
      capabilities: ["x"],
      n_tasks: 0,
      capacity: 3,
      heartbeat_seconds: 4,
      due_at: "2026-05-19T22:45:05.000Z",
    },
  ]);
  expect((await router.get("/status")).body).toMatchObject({ n_vertices: 2, n_agents: 1 });
  await router.send("DELETE", "/v1/fleet/resources/gpu", "");
  await router.send("DELETE", "/v1/fleet/agents/a%2Fb", "");
  expect((await router.get("/status")).body).toMatchObject({ n_vertices: 0 });
});

test("an agent that falls silent is freed with its tasks, one that is heard stays", async () => {
  const router = new RouterCaller();
  await router.router.fleets.start();
  for (const agent_id of ["a", "b"])
    await router.post("/v1/fleet/agents", { agent_id, heartbeat_seconds: 10 });
  await router.post("/route", { task_id: "t" });
  for (let turn = 0; turn < 3; turn++) {
    await router.clock.advance(5_000);
    expect((await router.post("/v1/fleet/heartbeat", { agent_id: "b" })).body.status).toBe("heard");
  }
  // Read from the store, not asked of the router: nobody had to ask for it to happen.
  const head = await router.store.head({ stream: "fleet:default" as never });
  expect(head?.summary).toMatchObject({ n_agents: 1, n_tasks: 1, n_edges: 0 });
  expect((await router.get("/agents")).body).toMatchObject([{ agent_id: "b" }]);
  await router.router.fleets.stop();
});

test("an assignment its session does not confirm within 60 s is freed; a confirmed one and one without a session stay", async () => {
  const router = new RouterCaller();
  await router.router.fleets.start();
  await router.agents("a");
  await router.post("/route", { task_id: "t", session_id: "one" });
  await router.post("/route", { task_id: "t", session_id: "two" });
  await router.post("/route", { task_id: "t" });
  const confirm = { task_id: "t", session_id: "two" };
  expect((await router.post("/v1/fleet/confirm", confirm)).body.status).toBe("confirmed");
  await router.clock.advance(CONFIRM_MS - 1);
  const edges = async () => {
    const head = await router.store.head({ stream: "fleet:default" as never });
    return head?.summary["n_edges"];
  };
  expect(await edges()).toBe(3);
  await router.clock.advance(1);
  expect(await edges()).toBe(2);
  expect((await router.post("/v1/fleet/confirm", { task_id: "t", session_id: "one" })).status).toBe(404);
  expect((await router.post("/complete", { task_id: "t", session_id: "two" })).status).toBe(200);
  await router.router.fleets.stop();
});

test("a router that starts anew has the fleet, and gives it the threshold it was started with", async () => {
  const first = new RouterCaller();
  await first.agents("a", "b", "c");
  await first.ties("a b", "b c", "c a");
  const { body } = await first.get("/v1/fleet");
  expect(body.settings).toEqual({
    offset: -2,
    room: "gc/research/h1-routing-experiment",
    plato_url: null,
    min_confidence: 0.5,
  });
  const again = new RouterCaller({ beside: first });
  expect((await again.get("/v1/fleet")).body).toEqual(body);
  const stricter = new RouterCaller({ beside: first, settings: { offset: -3 } });
  await stricter.router.fleets.start();
  expect((await first.get("/v1/fleet")).body).toMatchObject({
    emergence_detected: true,
    crossings: 1,
    settings: { offset: -3, room: "gc/research/h1-routing-experiment" },
  });
  await stricter.router.fleets.stop();
});

test("fleets that nobody asks about, more than are kept in memory, are looked after too", async () => {
  const router = new RouterCaller();
  const names = Array.from({ length: 70 }, (_, number) => `f${number}`);
  for (const name of names)
    await router.post(`/v1/fleet/agents?fleet=${name}`, { agent_id: "a", heartbeat_seconds: 4 });
  const again = new RouterCaller({ beside: router });
  await again.router.fleets.start();
  await again.clock.advance(10_000);
  const { items } = await again.store.heads({ filter: { kind: "fleet" }, page: { limit: 100 } });
  expect(items.map(({ summary }) => summary["n_agents"])).toEqual(names.map(() => 0));
  await again.router.fleets.stop();
  expect(again.reported).toEqual([]);
});

test("a fleet is looked after behind any number of streams that nobody lets go of", async () => {
  const router = new RouterCaller();
  await router.post("/v1/fleet/agents", { agent_id: "a", heartbeat_seconds: 4 });
  const heads = Array.from({ length: 1_100 }, (_, number) => testStream(`s${number}`));
  await router.store.append(heads.map((stream) => testItem({ stream, head: { dueAt: 1 } })));
  await router.router.fleets.start();
  await router.clock.advance(10_000);
  const head = await router.store.head({ stream: "fleet:default" as never });
  expect(head?.summary["n_agents"]).toBe(0);
  await router.router.fleets.stop();
});

test("two routers on one store decide each request once, and tell each crossing once", async () => {
  const one = new RouterCaller();
  const other = new RouterCaller({ beside: one });
  const routers = [one, other];
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      return await routers[number % 2]?.post("/register/agent", { agent_id: `a${number}`, capacity: 5 });
    }),
  );
  const routes = await Promise.all(
    Array.from({ length: 110 }, async (_, number) => {
      return await routers[number % 2]?.post("/route", { task_id: `t${number}` });
    }),
  );
  const agents = routes.flatMap((answer) => (answer?.status === 200 ? [answer.body.agent_id] : []));
  expect(agents).toHaveLength(100);
  for (let number = 0; number < 20; number++)
    expect(agents.filter((agent) => agent === `a${number}`)).toHaveLength(5);
  expect(routes.filter((answer) => answer?.status === 409)).toHaveLength(10);
  const [here, there] = [await one.get("/status"), await other.get("/status")];
  expect(here.body).toEqual(there.body);
  expect(here.body).toMatchObject({ n_agents: 20, n_edges: 100, n_tasks: 100 });
});
