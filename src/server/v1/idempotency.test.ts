import { afterEach, expect, test } from "vitest";
import { HolodeckError } from "../../event/error.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { countingIds, testProcesses } from "../../testing/test-manager.ts";
import { V1Caller, type V1CallerOptions } from "../../testing/v1-caller.ts";
import { MemoryStore } from "../../store/memory.ts";
import type { Principal } from "../principal.ts";
import { requestStream } from "./request-aggregate.ts";

const callers: V1Caller[] = [];
afterEach(async () => {
  for (const one of callers.splice(0)) await one.close();
});

function caller(options: V1CallerOptions = {}): V1Caller {
  const made = new V1Caller(options);
  callers.push(made);
  return made;
}

const START = { session_name: "research", agent_id: "oracle1" };
const keyed = (key: string) => ({ "idempotency-key": key });

test("the same key and body are answered alike by every POST, and have one effect", async () => {
  const v1 = caller();
  const session = `/v1/sessions/${await v1.start()}`;
  await v1.post(`${session}/tasks`, { task_id: "t" });
  await v1.post(`${session}/tasks`, { task_id: "u" });
  const posts: readonly (readonly [string, object])[] = [
    ["/v1/sessions", START],
    [`${session}/tasks`, { task_id: "a", data: "x".repeat(30_000) }],
    [`${session}/tasks/t/start`, {}],
    [`${session}/tasks/t/heartbeat`, { note: "on" }],
    [`${session}/tasks/t/complete`, { result: 1 }],
    [`${session}/tasks/u/fail`, { error: "no" }],
    [`${session}/tasks/a/cancel`, {}],
    [`${session}/fork`, { seq: 2 }],
    [`${session}/end`, { outcome: "failed" }],
  ];
  for (const [index, [path, body]] of posts.entries()) {
    const first = await v1.post(path, body, keyed(`k${index}`));
    expect(first.status, path).toBeLessThan(300);
    const events = await v1.store.end();
    for (let repeat = 0; repeat < 2; repeat++) {
      const again = await v1.post(path, body, keyed(`k${index}`));
      expect([again.status, again.text, again.headers.get("location")], path).toEqual([
        first.status,
        first.text,
        first.headers.get("location"),
      ]);
      expect(again.headers.get("idempotency-replayed")).toBe("true");
    }
    expect(await v1.store.end(), path).toEqual(events);
  }
});

test("a refusal is repeated too, though what it was refused for has changed", async () => {
  const v1 = caller();
  const session = `/v1/sessions/${await v1.start()}`;
  const first = await v1.post(`${session}/tasks/a/start`, {}, keyed("k"));
  expect(first.status).toBe(404);
  await v1.post(`${session}/tasks`, { task_id: "a" });
  const again = await v1.post(`${session}/tasks/a/start`, {}, keyed("k"));
  expect([again.status, again.text]).toEqual([404, first.text]);
  expect((await v1.post(`${session}/tasks/a/start`, {}, keyed("other"))).status).toBe(200);
});

test("the same key with another body, method or path is refused; the order of members does not matter", async () => {
  const v1 = caller();
  const session = `/v1/sessions/${await v1.start()}`;
  await v1.post(`${session}/tasks`, { task_id: "a", data: { x: 1, y: 2 } }, keyed("k"));
  for (const [path, body] of [
    [`${session}/tasks`, { task_id: "b", data: { x: 1, y: 2 } }],
    [`${session}/tasks/a/start`, {}],
    ["/v1/sessions", START],
  ] as const) {
    const { status, body: problem } = await v1.post(path, body, keyed("k"));
    expect([status, problem.code]).toEqual([422, "idempotency_key_reused"]);
  }
  const turned = await v1.post(`${session}/tasks`, '{"data":{"y":2,"x":1},"task_id":"a"}', keyed("k"));
  expect(turned.headers.get("idempotency-replayed")).toBe("true");
});

test("what was not valid or not allowed leaves its key free", async () => {
  const v1 = caller();
  expect((await v1.post("/v1/sessions", {}, keyed("k"))).status).toBe(400);
  expect((await v1.post("/v1/sessions", START, keyed("k"))).status).toBe(201);
  for (const key of ["", "x".repeat(256), "ü"])
    expect((await v1.post("/v1/sessions", START, keyed(key))).status, key).toBe(400);
});

test("keys of others do not matter", async () => {
  const v1 = caller();
  const one: Principal = { name: "one", role: "agent", sessions: null, rooms: null, expiresAt: null };
  v1.principal = one;
  const first = await v1.post("/v1/sessions", START, keyed("k"));
  v1.principal = { ...one, name: "two" };
  const other = await v1.post("/v1/sessions", { ...START, session_name: "another" }, keyed("k"));
  expect(other.status).toBe(201);
  expect(other.body.session_id).not.toBe(first.body.session_id);
});

test("of requests with one key at the same time one is worked on, and the others are told to wait or how it went", async () => {
  const v1 = caller();
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => await v1.post("/v1/sessions", START, keyed("k"))),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(201);
  expect(new Set(statuses)).toEqual(new Set([201, 409]));
  for (const { status, body, headers } of answers) {
    if (status === 409) expect([body.code, body["retryable"]]).toEqual(["request_in_flight", true]);
    if (status === 409) expect(headers.get("retry-after")).toBe("1");
  }
  expect((await v1.get("/v1/sessions")).body.sessions).toHaveLength(1);
});

/** A store that loses power once, right before an append whose events are of a type. */
class FailingStore extends MemoryStore {
  failBefore: string | null = null;

  override async append(items: Parameters<MemoryStore["append"]>[0]) {
    const type = this.failBefore;
    if (type !== null && items.some(({ events }) => events.some(({ event }) => event.type === type))) {
      this.failBefore = null;
      throw new HolodeckError("store_io", { what: "The power went.", todo: "Switch it on." });
    }
    return await super.append(items);
  }
}

test.each(["request_taken", "session_started", "request_answered"])(
  "power lost before %s leaves one session, once the request is repeated",
  async (failBefore) => {
    const store = new FailingStore();
    const clock = new TestClock();
    const random = countingIds();
    const before = caller({ store, clock, random, processes: testProcesses(1) });
    store.failBefore = failBefore;
    const lost = await before.post("/v1/sessions", START, keyed("k"));
    expect([lost.status, lost.body["retryable"]]).toEqual([503, true]);
    expect(before.reported.splice(0)).toHaveLength(1);

    const after = caller({ store, clock, random, processes: testProcesses(2) });
    const made = await after.post("/v1/sessions", START, keyed("k"));
    expect(made.status).toBe(201);
    const again = await after.post("/v1/sessions", START, keyed("k"));
    expect([again.status, again.text]).toEqual([201, made.text]);
    const { sessions } = (await after.get("/v1/sessions")).body;
    expect(sessions.map(({ session_id }) => session_id)).toEqual([made.body.session_id]);
    // The key stays with what it came with first, also when that was not answered.
    expect((await after.post("/v1/sessions", { ...START, tags: ["x"] }, keyed("k"))).status).toBe(422);
  },
);

test("what another living process took in is left to it for a while", async () => {
  const store = new FailingStore();
  const clock = new TestClock();
  const one = caller({ store, clock, processes: testProcesses(1) });
  store.failBefore = "session_started";
  await one.post("/v1/sessions", START, keyed("k"));
  one.reported.length = 0;
  const other = caller({ store, clock, processes: testProcesses(2, [1]) });
  expect((await other.post("/v1/sessions", START, keyed("k"))).body.code).toBe("request_in_flight");
  await clock.advance(30_000);
  expect((await other.post("/v1/sessions", START, keyed("k"))).status).toBe(201);
});

test("what is kept of requests stands in no room and is spread over a few streams", async () => {
  const v1 = caller();
  for (let count = 0; count < 40; count++) await v1.post("/v1/sessions", START, keyed(`k${count}`));
  const { items } = await v1.store.heads({ filter: { kind: "requests" }, page: { limit: 1_000 } });
  expect(items.length).toBeGreaterThan(5);
  expect(items.length).toBeLessThanOrEqual(16);
  const [event] = await v1.store.read({ stream: requestStream(items[0]!.hash), limit: 1 });
  expect(event?.event.room ?? null).toBeNull();
});
