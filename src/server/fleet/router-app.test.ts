// spec/wire.md §2, row by row, good and refused.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";

test("/status, /h1-snapshot and /agents tell what the wire has, in its order", async () => {
  const router = new RouterCaller();
  await router.post("/register/agent", { agent_id: "b", capabilities: ["y", "x"] });
  await router.agents("a");
  await router.post("/route", { task_id: "t", required_capabilities: ["x"] });
  expect((await router.get("/status")).text).toBe(
    JSON.stringify({
      n_agents: 2,
      n_tasks: 1,
      n_edges: 1,
      n_vertices: 3,
      h1_dimension: 0,
      n_components: 2,
      description: "under-constrained",
      emergence_detected: false,
      margin: -1,
    }),
  );
  expect((await router.get("/h1-snapshot")).text).toBe(
    JSON.stringify({
      n_vertices: 3,
      n_edges: 1,
      n_components: 2,
      h1_dimension: 0,
      threshold: 1,
      emergence: false,
      laman_rigid: false,
      laman_margin: -1,
      n_agents: 2,
      n_tasks: 1,
      description: "under-constrained",
    }),
  );
  expect((await router.get("/agents")).text).toBe(
    JSON.stringify([
      { agent_id: "b", capabilities: ["x", "y"], n_tasks: 1 },
      { agent_id: "a", capabilities: [], n_tasks: 0 },
    ]),
  );
  expect((await new RouterCaller().get("/agents")).text).toBe("[]");
});

test("/agents lists however many there are", async () => {
  const router = new RouterCaller();
  const ids = Array.from({ length: 2_500 }, (_, number) => `a${number}`);
  await Promise.all(ids.map((agent_id) => router.post("/register/agent", { agent_id })));
  const { body } = await router.get("/agents");
  expect(body.map(({ agent_id }: { agent_id: string }) => agent_id)).toEqual(ids);
});

test("a route is answered with the eight members of the wire", async () => {
  const router = new RouterCaller();
  await router.post("/register/agent", { agent_id: "oracle1", capabilities: ["plato", "research"] });
  const { status, body } = await router.post("/route", {
    task_id: "plato-sync",
    required_capabilities: ["plato"],
    prefer_agents: ["oracle1"],
  });
  expect(status).toBe(200);
  expect(Object.keys(body)).toEqual([
    "agent_id",
    "task_id",
    "h1_before",
    "h1_after",
    "confidence",
    "emergence_risk",
    "capability_match_score",
    "reasoning",
  ]);
  expect(body).toMatchObject({
    agent_id: "oracle1",
    task_id: "plato-sync",
    h1_before: 0,
    h1_after: 0,
    confidence: 1,
    emergence_risk: 0,
    capability_match_score: 1,
  });
});

test("without agents nobody is chosen, with confidence 0; without a capable one somebody, and it says fallback", async () => {
  const router = new RouterCaller();
  const asked = { task_id: "t", required_capabilities: ["x", "y", "z"] };
  expect((await router.post("/route", asked)).body).toMatchObject({ agent_id: "", confidence: 0 });
  await router.post("/register/agent", { agent_id: "a", capabilities: ["x"] });
  const { body } = await router.post("/route", { ...asked, task_id: "u" });
  expect(body).toMatchObject({ agent_id: "a", capability_match_score: 1 / 3, confidence: 0.5 });
  expect(body.reasoning).toMatch(/fallback/i);
});

test("risk is 0, 0.3, 0.6, then 0.9 above the line, and confidence follows", async () => {
  const router = new RouterCaller();
  const ids = ["a", "b", "c", "d", "e", "f"];
  await router.agents(...ids);
  const risks: number[] = [];
  const confidences: number[] = [];
  // Tasks that all agents share: β₁ = 5(n − 1), V = 6 + n, so the margin is 4n − 9.
  for (const n of [1, 2, 3, 4]) {
    const { body } = await router.post("/route", { task_id: `t${n}`, agents_needed: 6 });
    risks.push(body.emergence_risk);
    confidences.push(body.confidence);
  }
  expect(risks).toEqual([0, 0, 0.9, 0.9]);
  expect(confidences).toEqual([1, 1, 0.5, 0.5]);
  const line = new RouterCaller();
  await line.agents("a", "b", "c", "d");
  await line.ties("a b", "a c", "a d", "b c", "b d", "c d");
  // K₄ stands one above; a task tied in twice adds one loop and one vertex.
  await line.post("/route", { task_id: "one", agents_needed: 2 });
  const { body } = await line.post("/route", { task_id: "two", agents_needed: 3 });
  expect([body.h1_before, body.h1_after, body.emergence_risk, body.confidence]).toEqual([4, 6, 0.6, 0.5]);
  expect((await line.post("/route", { task_id: "three", agents_needed: 2 })).body).toMatchObject({
    emergence_risk: 0.6,
  });
});

test("an agent that registers again has other capabilities and the same load", async () => {
  const router = new RouterCaller();
  expect((await router.post("/register/agent", { agent_id: "a", capabilities: ["x"] })).text).toBe(
    JSON.stringify({ status: "registered" }),
  );
  await router.post("/route", { task_id: "t" });
  await router.post("/register/agent", { agent_id: "a", capabilities: ["y"] });
  expect((await router.get("/agents")).body).toEqual([{ agent_id: "a", capabilities: ["y"], n_tasks: 1 }]);
});

test("an agent that registers again keeps what is left out, on either path, and null takes a limit away", async () => {
  const router = new RouterCaller();
  const limits = { capacity: 2, heartbeat_seconds: 60 };
  await router.post("/register/agent", { agent_id: "o1", capabilities: ["x"], ...limits });
  const listed = async () => (await router.get("/v1/fleet/agents")).body.agents;
  for (const path of ["/register/agent", "/v1/fleet/agents"]) {
    expect((await router.post(path, { agent_id: "o1" })).status).toBe(200);
    expect(await listed()).toMatchObject([{ agent_id: "o1", capabilities: ["x"], ...limits }]);
  }
  await router.post("/register/agent", { agent_id: "o1", capacity: null });
  expect(await listed()).toMatchObject([{ capabilities: ["x"], capacity: null, heartbeat_seconds: 60 }]);
  await router.post("/register/agent", { agent_id: "o1", capabilities: [], heartbeat_seconds: null });
  expect(await listed()).toMatchObject([{ capabilities: [], heartbeat_seconds: null }]);
});

test("an id is taken by what is of another kind, and by that alone", async () => {
  const router = new RouterCaller();
  await router.post("/register/task", { task_id: "t" });
  expect((await router.post("/register/agent", { agent_id: "t" })).status).toBe(409);
  await router.agents("a");
  expect((await router.post("/register/agent", { agent_id: "a" })).status).toBe(200);
  expect((await router.post("/register/task", { task_id: "t" })).status).toBe(200);
  expect((await router.get("/status")).body).toMatchObject({ n_agents: 1, n_tasks: 1 });
});

test("a task is routed by what it was registered with; completing or unregistering takes the vertex and its edges", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  await router.post("/register/agent", { agent_id: "b", capabilities: ["x"] });
  expect((await router.post("/register/task", { task_id: "t", required_capabilities: ["x"] })).body).toEqual({
    status: "registered",
  });
  expect((await router.post("/route", { task_id: "t" })).body.agent_id).toBe("b");
  await router.post("/route", { task_id: "u" });
  expect((await router.get("/status")).body).toMatchObject({ n_tasks: 2, n_edges: 2 });
  expect((await router.post("/complete", { task_id: "t" })).body).toEqual({ status: "completed" });
  expect((await router.get("/status")).body).toMatchObject({ n_tasks: 1, n_edges: 1, n_agents: 2 });
  expect((await router.post("/unregister/agent", { agent_id: "a" })).body).toEqual({
    status: "unregistered",
  });
  expect((await router.get("/status")).body).toMatchObject({ n_tasks: 1, n_edges: 0, n_agents: 1 });
});

test("/reset clears edges and loads, and keeps who is there", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  await router.post("/route", { task_id: "t" });
  for (const body of ["", "{}"]) {
    expect((await router.post("/reset", body)).body).toEqual({ status: "reset" });
    expect((await router.get("/status")).body).toMatchObject({ n_agents: 1, n_tasks: 1, n_edges: 0 });
  }
  expect((await router.get("/agents")).body).toMatchObject([{ n_tasks: 0 }]);
});

const NEEDS: readonly (readonly [path: string, name: string])[] = [
  ["/route", "task_id"],
  ["/register/agent", "agent_id"],
  ["/register/task", "task_id"],
  ["/unregister/agent", "agent_id"],
  ["/complete", "task_id"],
];

test.for(NEEDS)(
  "%s without %s, or with what is no JSON, is 400 and changes nothing",
  async ([path, name]) => {
    const router = new RouterCaller();
    await router.agents("a");
    const before = await router.store.head({ stream: "fleet:default" as never });
    const long = "x".repeat(257);
    const bodies = [
      "",
      "{",
      "[]",
      "null",
      '"t"',
      {},
      { [name]: "" },
      { [name]: 5 },
      { [name]: null },
      { [name]: [] },
    ];
    for (const body of [
      ...bodies,
      { [name]: long },
      { [name]: "a\u0000b" },
      '{"task_id":"t","task_id":"u"}',
    ]) {
      const { status, body: answer } = await router.post(path, body);
      expect([status, typeof answer.error], JSON.stringify(body)).toEqual([400, "string"]);
    }
    expect(await router.store.head({ stream: "fleet:default" as never })).toEqual(before);
  },
);

test("members of a wrong kind or out of their limits are 400", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  for (const wrong of [
    { required_capabilities: "x" },
    { required_capabilities: [1] },
    { required_capabilities: [""] },
    { required_capabilities: Array.from({ length: 65 }, (_, n) => `c${n}`) },
    { prefer_agents: {} },
    { agents_needed: "2" },
    { agents_needed: 0 },
    { agents_needed: 1.5 },
    { agents_needed: 17 },
    { policy: "fate" },
    { session_id: "" },
    { session_id: 7 },
  ])
    expect((await router.post("/route", { task_id: "t", ...wrong })).status, JSON.stringify(wrong)).toBe(400);
  for (const wrong of [{ capabilities: 1 }, { capacity: -1 }, { capacity: "1" }, { heartbeat_seconds: 0 }])
    expect((await router.post("/register/agent", { agent_id: "b", ...wrong })).status).toBe(400);
  expect((await router.get("/status?fleet=a/b")).status).toBe(400);
  expect((await router.get("/status")).body).toMatchObject({ n_agents: 1, n_tasks: 0 });
});

test("what is unknown is 404, what is taken or full 409, each with a sentence", async () => {
  const router = new RouterCaller();
  await router.post("/register/agent", { agent_id: "a", capacity: 1 });
  expect((await router.post("/complete", { task_id: "t" })).status).toBe(404);
  expect((await router.post("/unregister/agent", { agent_id: "t" })).status).toBe(404);
  expect((await router.post("/register/task", { task_id: "a" })).status).toBe(409);
  expect((await router.post("/route", { task_id: "t" })).status).toBe(200);
  const full = await router.post("/route", { task_id: "u" });
  expect([full.status, full.body.error]).toEqual([409, expect.stringMatching(/room/) as string]);
  expect((await router.get("/nowhere")).status).toBe(404);
  expect((await router.get("/route")).status).toBe(404);
});

test("a request that is repeated under its key is answered like the first time, and done once", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b");
  const key = { "idempotency-key": "k1" };
  const first = await router.post("/route", { task_id: "t" }, key);
  const again = await router.post("/route", { task_id: "t" }, key);
  expect(again.body).toEqual(first.body);
  expect((await router.get("/status")).body).toMatchObject({ n_edges: 1 });
  await router.post("/complete", { task_id: "t" }, key);
  expect((await router.post("/complete", { task_id: "t" }, key)).status).toBe(200);
  expect((await router.post("/complete", { task_id: "t" })).status).toBe(404);
  expect(
    (await router.post("/complete", { task_id: "t" }, { "idempotency-key": "k".repeat(256) })).status,
  ).toBe(400);
});

test("fleets live side by side, and a command that is refused starts none", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  await router.post("/register/agent?fleet=other", { agent_id: "b" });
  expect((await router.get("/agents?fleet=other")).body).toMatchObject([{ agent_id: "b" }]);
  expect((await router.get("/status?fleet=third")).body).toMatchObject({ n_agents: 0, description: "empty" });
  expect((await router.post("/complete?fleet=third", { task_id: "t" })).status).toBe(404);
  const { body } = await router.get("/v1/fleet/fleets");
  expect(body.fleets.map(({ fleet }: { fleet: string }) => fleet).toSorted()).toEqual(["default", "other"]);
  // More fleets than are kept in memory.
  const names = Array.from({ length: 70 }, (_, number) => `f${number}`);
  for (const name of names) await router.post(`/register/agent?fleet=${name}`, { agent_id: name });
  for (const name of names)
    expect((await router.get(`/agents?fleet=${name}`)).body).toMatchObject([{ agent_id: name }]);
});

test("whatever comes is no fault of the server", async () => {
  const router = new RouterCaller();
  await router.agents("a");
  const wire = ["/route", "/register/agent", "/register/task", "/unregister/agent", "/complete", "/reset"];
  const own = ["edges", "agents", "heartbeat", "resources", "tasks", "route", "confirm", "what-if"];
  const path = fc.constantFrom(...wire, ...own.map((name) => `/v1/fleet/${name}`));
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: "binary" }), fc.constant("a"));
  const members = ["task_id", "agent_id", "a", "b", "kind", "tasks", "capabilities", "session_id", "policy"];
  const body = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.dictionary(fc.constantFrom(...members), value).map((one) => JSON.stringify(one)),
  );
  await fc.assert(
    fc.asyncProperty(path, fc.constantFrom("POST", "DELETE"), body, async (where, method, what) => {
      expect((await router.send(method, where, what)).status).toBeLessThan(500);
    }),
    { numRuns: 600 },
  );
  const read = [
    "",
    "/fleets",
    "/graph",
    "/agents",
    "/components",
    "/cycles",
    "/waits",
    "/rigidity",
    "/history",
  ];
  const query = fc.webQueryParameters();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...read), query, fc.string(), async (where, rest, after) => {
      const target = `/v1/fleet${where}?after=${encodeURIComponent(after)}&${rest}`;
      expect((await router.get(target)).status).toBeLessThan(500);
    }),
    { numRuns: 200 },
  );
  expect(router.reported).toEqual([]);
});
