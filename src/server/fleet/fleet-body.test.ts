import { expect, test } from "vitest";
import { RouterCaller } from "../../testing/router-caller.ts";

test("what nobody knows is refused below /v1, and passed over where the field's clients send it", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b");
  const before = (await router.get("/v1/fleet")).body.seq;
  const edge = { a: "a", b: "b", kind: "delegation" };
  for (const [path, body] of [
    ["agents", { agent_id: "c", role: "operator" }],
    ["heartbeat", { agent_id: "a", at: 1 }],
    ["resources", { resource_id: "r", size: 1 }],
    ["edges", { ...edge, weight: 2 }],
    ["tasks", { task_id: "t", priority: 1 }],
    ["route", { task_id: "t", capabilities: ["x"] }],
    ["confirm", { task_id: "t", agent_id: "a" }],
    ["complete", { task_id: "t", outcome: "success" }],
    ["what-if", { task_id: "t", capabilities: ["x"] }],
    ["what-if", { ...edge, task_id: "t" }],
    ["what-if", { tasks: [{ task_id: "t", capabilities: ["x"] }] }],
  ] as const) {
    const { status, body: problem } = await router.post(`/v1/fleet/${path}`, body);
    expect([path, status, problem.code]).toEqual([path, 400, "invalid_argument"]);
    expect(problem.detail).toMatch(/is not known here/);
  }
  const length = { "content-length": "17" };
  expect((await router.post("/v1/fleet/reset", { fleet: "other" }, length)).status).toBe(400);
  expect((await router.send("DELETE", "/v1/fleet/edges", { ...edge, all: true })).status).toBe(400);
  for (const query of ["?limit=1", "/graph?limits=1", "/graph?limit=1&limit=2", "/components?emergent=1"])
    expect([query, (await router.get(`/v1/fleet${query}`)).status]).toEqual([query, 400]);
  expect((await router.post("/v1/fleet/route?fleets=x", { task_id: "t" })).status).toBe(400);
  expect((await router.get("/v1/fleet")).body.seq).toBe(before);
  expect((await router.post("/register/agent", { agent_id: "c", role: "operator" })).status).toBe(200);
  expect((await router.post("/route", { task_id: "t", priority: 1 })).status).toBe(200);
});

test("a body that comes in chunks is read where none is needed, too", async () => {
  const router = new RouterCaller();
  const chunked = { "transfer-encoding": "chunked" };
  expect((await router.post("/v1/fleet/reset", "{", chunked)).status).toBe(400);
  expect((await router.post("/reset", "{", chunked)).status).toBe(400);
  await router.agents("a");
  expect((await router.post("/v1/fleet/reset", {}, chunked)).status).toBe(200);
});

test("a key that comes with another request is refused, and the request has no effect", async () => {
  const router = new RouterCaller();
  await router.agents("a", "b");
  const key = { "idempotency-key": "k" };
  const first = await router.post("/v1/fleet/route", { task_id: "t" }, key);
  const { seq } = (await router.get("/v1/fleet")).body;
  const other = { task_id: "u" };
  const refused = await router.post("/v1/fleet/route", other, key);
  expect([refused.status, refused.body.code]).toEqual([422, "idempotency_key_reused"]);
  expect((await router.post("/route", other, key)).body).toEqual({ error: expect.any(String) as string });
  expect((await router.post("/route", other, key)).status).toBe(422);
  // Of those that race under one key the first counts.
  const racing = ["v", "w", "v", "w"].map(
    async (task_id) => await router.post("/v1/fleet/tasks", { task_id }, key),
  );
  expect((await Promise.all(racing)).map(({ status }) => status)).toEqual([200, 422, 200, 422]);
  expect((await router.get("/v1/fleet")).body.seq).toBe(seq + 1);
  expect((await router.post("/v1/fleet/route", { task_id: "t" }, key)).body).toEqual(first.body);
  // Going on to the next step under the same key is another thing.
  expect((await router.post("/v1/fleet/complete", { task_id: "t" }, key)).status).toBe(200);
  expect((await router.post("/complete", { task_id: "t" }, key)).status).toBe(200);
});
