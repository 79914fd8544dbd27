import { afterEach, beforeEach, expect, test } from "vitest";
import { V1Caller } from "../../testing/v1-caller.ts";
import type { Principal } from "../principal.ts";

let v1 = new V1Caller();
let mine = "";
let other = "";
beforeEach(async () => {
  v1 = new V1Caller();
  mine = await v1.start({ scout_room: "mine", tags: ["t"] });
  await v1.clock.advance(1_000);
  other = await v1.start({ scout_room: "other", tags: ["t"] });
  for (const id of [mine, other]) {
    await v1.post(`/v1/sessions/${id}/tasks`, { task_id: "a" });
    await v1.post(`/v1/sessions/${id}/agents`, { agent_id: "bot" });
  }
});
afterEach(async () => await v1.close());

function as(
  role: Principal["role"],
  sessions: readonly string[] | null,
  rooms: readonly string[] | null = null,
): void {
  v1.principal = { name: "someone", role, sessions, rooms, expiresAt: null };
}

const READS = [
  "",
  "/persist",
  "/states/1",
  "/tasks",
  "/tasks/a",
  "/tasks/a/result",
  "/events",
  "/tiles",
  "/blobs",
  "/agents",
  "/decisions",
  "/objects",
];
const TASK_WRITES = [
  "/tasks/a/start",
  "/tasks/a/heartbeat",
  "/tasks/a/complete",
  "/tasks/a/fail",
  "/tasks/a/cancel",
  "/agents/bot/heartbeat",
];

/** Who takes part is said by keys that see every session. */
const TRUST_WRITES: readonly (readonly [string, object])[] = [
  ["/agents", { agent_id: "new" }],
  ["/agents/bot/detach", {}],
  ["/roles/reader/revoke", {}],
  ["/decisions/replay", { statements: [] }],
];

test("another's session is answered just as one that does not exist, read or written", async () => {
  as("agent", [mine, "sess_none"]);
  for (const path of READS) {
    const theirs = await v1.get(`/v1/sessions/${other}${path}`);
    const none = await v1.get(`/v1/sessions/sess_none${path}`);
    expect(theirs.status, path).toBe(404);
    expect(theirs.text.replaceAll(other, "ID")).toBe(none.text.replaceAll("sess_none", "ID"));
  }
  for (const path of TASK_WRITES) {
    const theirs = await v1.post(`/v1/sessions/${other}${path}`, {}, { "idempotency-key": path });
    expect([theirs.status, theirs.body.code], path).toEqual([404, "not_found"]);
    // A key that was spent on a session would tell that it is there.
    const again = await v1.post(`/v1/sessions/${other}${path}`, { attempt: 1 }, { "idempotency-key": path });
    expect(again.status).not.toBe(422);
  }
  const question = { agent_id: "bot", action: "read", resource: "x" };
  for (const id of [other, "sess_none"]) {
    expect((await v1.post(`/v1/sessions/${id}/tasks`, { task_id: "x" })).status).toBe(404);
    expect((await v1.post(`/v1/sessions/${id}/decide`, question)).status).toBe(404);
  }
});

test("an agent works on the tasks of the sessions it sees, and starts, ends and forks none when it sees certain ones", async () => {
  as("agent", [mine]);
  for (const path of READS) expect((await v1.get(`/v1/sessions/${mine}${path}`)).status, path).toBe(200);
  expect((await v1.post(`/v1/sessions/${mine}/tasks`, { task_id: "x" })).status).toBe(201);
  expect((await v1.post(`/v1/sessions/${mine}/tasks/x/complete`)).status).toBe(200);
  for (const [path, body] of [
    ["/v1/sessions", { session_name: "n", agent_id: "a" }],
    [`/v1/sessions/${mine}/end`, {}],
    [`/v1/sessions/${mine}/fork`, { seq: 1 }],
    [`/v1/sessions/${other}/end`, {}],
    ...TRUST_WRITES.map(([below, sent]) => [`/v1/sessions/${mine}${below}`, sent] as const),
  ] as const) {
    const { status, body: problem } = await v1.post(path, body);
    expect([status, problem.code], path).toEqual([403, "denied"]);
  }
  const question = { agent_id: "bot", action: "read", resource: "x" };
  expect((await v1.post(`/v1/sessions/${mine}/decide`, question)).body).toMatchObject({ allow: false });
  as("agent", null);
  for (const [path, body] of TRUST_WRITES)
    expect((await v1.post(`/v1/sessions/${mine}${path}`, body)).status, path).toBeLessThan(300);
  expect((await v1.post(`/v1/sessions/${mine}/end`)).status).toBe(200);
  expect((await v1.post("/v1/sessions", { session_name: "n", agent_id: "a" })).status).toBe(201);
});

test("an observer reads, and is refused before what it writes is looked at", async () => {
  as("observer", null);
  for (const path of READS) expect((await v1.get(`/v1/sessions/${mine}${path}`)).status, path).toBe(200);
  const trust = TRUST_WRITES.map(([path]) => path);
  for (const path of [...TASK_WRITES, ...trust, "/tasks", "/end", "/fork", "/decide"]) {
    for (const id of [mine, "sess_none"]) {
      const { status, body } = await v1.post(`/v1/sessions/${id}${path}`, "{not even json");
      expect([status, body.code], path).toEqual([403, "denied"]);
    }
  }
});

test("lists show what a key may see, filtered and paged alike", async () => {
  as("observer", [mine, "sess_none"], ["mine"]);
  const { sessions, next_page_token } = (await v1.get("/v1/sessions?tag=t&limit=1")).body;
  expect([sessions.map(({ session_id }) => session_id), next_page_token]).toEqual([[mine], null]);
  expect((await v1.get("/v1/rooms")).body["rooms"]).toMatchObject([{ room: "mine" }]);
  expect((await v1.get("/v1/rooms/mine/tiles")).status).toBe(200);
  const theirs = await v1.get("/v1/rooms/other/tiles");
  const none = await v1.get("/v1/rooms/none/tiles");
  expect(theirs.text.replace("other", "X")).toBe(none.text.replace("none", "X"));
  as("observer", []);
  expect((await v1.get("/v1/sessions")).body.sessions).toEqual([]);
});

test("a page token of one key is none of another", async () => {
  as("observer", null);
  const { next_page_token } = (await v1.get("/v1/sessions?limit=1")).body;
  as("observer", [mine]);
  expect((await v1.get(`/v1/sessions?limit=1&page_token=${next_page_token}`)).status).toBe(400);
});

test("counts over all sessions are for keys that see them all", async () => {
  as("operator", [mine]);
  for (const path of ["/metrics", "/v1/metrics"]) expect((await v1.get(path)).status).toBe(403);
  as("observer", null);
  const metrics = await v1.get("/v1/metrics");
  expect(metrics.headers.get("content-type")).toContain("text/plain");
  expect(metrics.text).toContain("holodeck_session_active_total 2");
  expect(metrics.text).not.toContain(mine);
});
