import { afterEach, beforeEach, expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";

let v1 = new V1Caller();
let session = "";
beforeEach(async () => {
  v1 = new V1Caller();
  session = `/v1/sessions/${await v1.start({ task_timeout_seconds: 10 })}`;
});
afterEach(async () => await v1.close());

test("a task is added with all there is to say of it", async () => {
  const body = {
    task_id: "dig/deep ü",
    data: { query: [1, null, "x"] },
    priority: "high",
    required_capabilities: ["llvm"],
    agent_id: "scout",
    timeout_seconds: 7,
    retries: { max: 2, on: ["failed"], backoff_seconds: 0 },
  };
  const added = await v1.post(`${session}/tasks`, body);
  expect([added.status, added.headers.get("location")]).toEqual([
    201,
    `${session}/tasks/dig%2Fdeep%20%C3%BC`,
  ]);
  expect(added.body).toMatchObject({
    task_id: "dig/deep ü",
    status: "pending",
    data: { query: [1, null, "x"] },
    priority: "high",
    required_capabilities: ["llvm"],
    agent_id: "scout",
    attempts_max: 3,
  });
  expect((await v1.get(`${session}/tasks/dig%2Fdeep%20%C3%BC`)).body).toEqual(added.body);
  const again = await v1.post(`${session}/tasks`, body);
  expect([again.status, again.body.code]).toEqual([409, "task_exists"]);
});

test("tasks that cannot be are refused and leave nothing", async () => {
  for (const wrong of [
    {},
    { task_id: "" },
    { task_id: "a", priority: "urgent" },
    { task_id: "a", timeout_seconds: -1 },
    { task_id: "a", retries: { max: 1, often: true } },
    { task_id: "a", retries: { max: 1, backoff_seconds: -1 } },
    { task_id: "a", idempotency_key: "k" },
    '{"task_id":"a","data":{"__proto__":1}}',
    '{"task_id":"a","task_id":"b"}',
    '{"task_id":"a","data":1e400}',
    '{"task_id":"\\ud800"}',
    "[]",
    "null",
    "{",
    "",
  ]) {
    const { status, body } = await v1.post(`${session}/tasks`, wrong);
    expect(status, JSON.stringify(wrong)).toBe(400);
    expect(body.code).toMatch(/^invalid_/);
  }
  expect((await v1.get(`${session}/tasks`)).body).toEqual({ tasks: [], next_page_token: null });
});

test("a task is started, goes on, and is completed once", async () => {
  await v1.post(`${session}/tasks`, { task_id: "a" });
  const started = await v1.post(`${session}/tasks/a/start`, { agent_id: "scout" });
  expect(started.body).toMatchObject({ status: "running", attempts: 1, agent_id: "scout" });
  expect((await v1.post(`${session}/tasks/a/start`)).body.code).toBe("conflict");
  await v1.clock.advance(1_500);
  const alive = await v1.post(`${session}/tasks/a/heartbeat`, { attempt: 1, note: "half way" });
  expect(alive.body).toMatchObject({
    heartbeat_at: "2026-05-19T22:45:01.500Z",
    due_at: started.body["due_at"],
  });
  const done = await v1.post(`${session}/tasks/a/complete`, {
    duration_ms: 12.5,
    result: { found: 5 },
    attempt: 1,
    exit_code: 0,
  });
  expect(done.body).toMatchObject({
    status: "ended",
    outcome: "success",
    duration_ms: 12.5,
    result: { found: 5 },
    exit_code: 0,
    heartbeat_at: null,
  });
  for (const verb of ["start", "heartbeat", "complete", "fail", "cancel"]) {
    const { status, body } = await v1.post(`${session}/tasks/a/${verb}`);
    expect([status, body.code], verb).toEqual([409, "task_ended"]);
  }
});

test("a task fails, is tried again while retries are left, and is cancelled with a reason", async () => {
  await v1.post(`${session}/tasks`, { task_id: "a", retries: { max: 1 } });
  await v1.post(`${session}/tasks/a/start`);
  expect((await v1.post(`${session}/tasks/a/fail`, { error: "no" })).body).toMatchObject({
    status: "pending",
    error: "no",
  });
  await v1.post(`${session}/tasks/a/start`);
  expect((await v1.post(`${session}/tasks/a/complete`, { outcome: "failed" })).body).toMatchObject({
    outcome: "failed",
    attempts: 2,
  });
  await v1.post(`${session}/tasks`, { task_id: "b" });
  expect((await v1.post(`${session}/tasks/b/cancel`, { reason: "enough" })).body).toMatchObject({
    outcome: "cancelled",
    error: "enough",
  });
});

test("a start names the process whose death ends the attempt, or none", async () => {
  const process = { host: "h", boot_id: "b", pid: 7, start_time: "1" };
  for (const task_id of ["a", "b"]) await v1.post(`${session}/tasks`, { task_id });
  await v1.post(`${session}/tasks/a/start`, { process });
  await v1.post(`${session}/tasks/b/start`);
  const events = (await v1.get(`${session}/events`)).body["events"] as { type: string; data: object }[];
  const named = events.filter(({ type }) => type === "task_started").map(({ data }) => "process" in data);
  expect(named).toEqual([true, false]);
  expect((await v1.post(`${session}/tasks/a/start`, { process: { pid: 1 } })).status).toBe(400);
});

test("what is told of an attempt that cannot be is refused", async () => {
  await v1.post(`${session}/tasks`, { task_id: "a" });
  await v1.post(`${session}/tasks/a/start`);
  for (const [verb, body] of [
    ["complete", { duration_ms: -1 }],
    ["complete", '{"duration_ms":1e999}'],
    ["complete", { outcome: "great" }],
    ["complete", { attempt: 0 }],
    ["complete", { record: { output: { hash: "0".repeat(64), bytes: 1 } } }],
    ["fail", { error: 5 }],
    ["cancel", { because: "x" }],
    ["heartbeat", { attempt: "1" }],
    ["start", { agent_id: "" }],
  ] as const) {
    const { status } = await v1.post(`${session}/tasks/a/${verb}`, body);
    expect(status, JSON.stringify(body)).toBe(400);
  }
  expect((await v1.post(`${session}/tasks/a/complete`, { attempt: 2 })).body.code).toBe("conflict");
  expect((await v1.post(`${session}/tasks/none/complete`)).body.code).toBe("task_not_found");
  expect((await v1.get(`${session}/tasks/none`)).body.code).toBe("task_not_found");
  expect((await v1.get(`${session}/tasks/none/result`)).body.code).toBe("task_not_found");
});

test("tasks are listed in the order they came, by status, page by page", async () => {
  for (const task_id of ["a", "b", "c", "d"]) await v1.post(`${session}/tasks`, { task_id });
  await v1.post(`${session}/tasks/b/complete`);
  const listed = async (query: string) => {
    const { body } = await v1.get(`${session}/tasks?${query}`);
    const ids = (body["tasks"] as readonly { readonly task_id: string }[]).map(({ task_id }) => task_id);
    return { ids, token: body.next_page_token };
  };
  expect((await listed("")).ids).toEqual(["a", "b", "c", "d"]);
  expect((await listed("status=ended")).ids).toEqual(["b"]);
  const first = await listed("status=pending&limit=2");
  expect(first.ids).toEqual(["a", "c"]);
  // What ends meanwhile moves no place.
  await v1.post(`${session}/tasks/a/complete`);
  const second = await listed(`status=pending&limit=2&page_token=${first.token}`);
  expect([second.ids, second.token]).toEqual([["d"], null]);
  expect((await v1.get(`${session}/tasks?page_token=${first.token}`)).status).toBe(400);
});

test("a result of any size can be read", async () => {
  await v1.post(`${session}/tasks`, { task_id: "a" });
  await v1.post(`${session}/tasks`, { task_id: "b" });
  const result = { text: "x".repeat(100_000) };
  const done = await v1.post(`${session}/tasks/a/complete`, { result });
  expect(done.body).toMatchObject({ result: null, result_blob: { bytes: 100_011 } });
  expect((await v1.get(`${session}/tasks/a/result`)).body).toEqual({ task_id: "a", result });
  expect((await v1.get(`${session}/tasks/b/result`)).body).toEqual({ task_id: "b", result: null });
});

test("a full session and one that has ended take no tasks", async () => {
  const small = `/v1/sessions/${await v1.start({ max_tasks: 1 })}`;
  await v1.post(`${small}/tasks`, { task_id: "a" });
  expect((await v1.post(`${small}/tasks`, { task_id: "b" })).body.code).toBe("task_limit");
  await v1.post(`${small}/end`);
  const late = await v1.post(`${small}/tasks`, { task_id: "c" });
  expect([late.status, late.body.code]).toEqual([409, "session_ended"]);
});
