import { afterEach, beforeEach, expect, test } from "vitest";
import { HolodeckError } from "../../event/error.ts";
import { fixedRouter, testProcesses } from "../../testing/test-manager.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => await v1.close());

test("a session is taken over from a process that died, and what it ran may start again", async () => {
  const dead = new V1Caller({ store: v1.store, clock: v1.clock, processes: testProcesses(7) });
  const session = `/v1/sessions/${await dead.start()}`;
  for (const task_id of ["lost", "kept"]) {
    await dead.post(`${session}/tasks`, { task_id });
    await dead.post(`${session}/tasks/${task_id}/start`);
  }
  await dead.close();
  const kept = await v1.post(`${session}/resume`, { keep_attempts: true });
  expect(kept.body).toMatchObject({ status: "open", process: { pid: 1 } });
  expect((await v1.get(`${session}/tasks?status=running`)).body["tasks"]).toHaveLength(2);
  await v1.post(`${session}/resume`);
  expect((await v1.get(`${session}/tasks?status=pending`)).body["tasks"]).toHaveLength(2);
  await v1.post(`${session}/end`);
  expect((await v1.post(`${session}/resume`)).body.code).toBe("session_ended");
});

test("a session whose process lives is not taken over", async () => {
  const session = `/v1/sessions/${await v1.start()}`;
  const other = new V1Caller({ store: v1.store, clock: v1.clock, processes: testProcesses(2, [1]) });
  expect((await other.post(`${session}/resume`)).body.code).toBe("conflict");
  await other.close();
});

test("a task is routed and registered once per request, and says by whom", async () => {
  const session = `/v1/sessions/${await v1.start({ h1_router_enabled: true })}`;
  const asked = { task_id: "compile", required_capabilities: ["compilation"] };
  const key = { "idempotency-key": "once" };
  const first = await v1.post(`${session}/route`, asked, key);
  expect(first.body).toMatchObject({ task_id: "compile", agent_id: "oracle1", h1_before: 3, alert: null });
  expect((await v1.post(`${session}/route`, asked, key)).body).toEqual(first.body);
  expect((await v1.get(`${session}/tasks/compile`)).body).toMatchObject({
    agent_id: "oracle1",
    router: "fixed",
    required_capabilities: ["compilation"],
  });
  const { body } = await v1.get(`${session}/events`);
  const types = (body["events"] as readonly { readonly type: string }[]).map(({ type }) => type);
  expect(types.filter((type) => type === "task_routed")).toHaveLength(1);
});

test("a fleet without room is one that may have some later: the same request under the same key is then answered anew", async () => {
  let isFull = true;
  const route: ReturnType<typeof fixedRouter>["route"] = async (request) => {
    if (isFull) throw new HolodeckError("fleet_full", { what: "Nobody has room.", todo: "Wait." });
    return await fixedRouter().route(request);
  };
  const busy = new V1Caller({ router: { ...fixedRouter(), route } });
  const path = `/v1/sessions/${await busy.start({ h1_router_enabled: true })}/route`;
  const key = { "idempotency-key": "once" };
  const full = await busy.post(path, { task_id: "compile" }, key);
  expect([full.status, full.body.code, full.body["retryable"]]).toEqual([409, "fleet_full", true]);
  expect(full.headers.get("retry-after")).toBe("1");
  isFull = false;
  expect(await busy.post(path, { task_id: "compile" }, key)).toMatchObject({
    status: 200,
    body: { agent_id: "oracle1" },
  });
  await busy.close();
});
