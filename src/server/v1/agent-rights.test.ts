// A key that acts as an agent: every endpoint about a session is judged by the session's own guard.
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { watch } from "../../omni/field.ts";
import { OmniKind } from "../../omni/omni-kind.ts";
import { V1Caller } from "../../testing/v1-caller.ts";
import type { Session } from "../../session/session.ts";
import { all } from "../../testing/test-trust.ts";
import { ENDPOINTS } from "./app.ts";
import { isJudgedAsAgent } from "./agent-rights.ts";

const SECRET = "4111-1111";
const ALLOW_ALL = [{ id: "all", roles: ["*"], effect: "allow", actions: ["*"], resources: ["*"] }];

const Note = new OmniKind("note", { token: watch(z.string(), { default: "", sensitive: true }) });

let v1 = new V1Caller();
let session: Session;
let blob = "";
beforeEach(async () => {
  v1 = new V1Caller();
  await v1.manager.policies.put("house", []);
  session = await v1.manager.startSession({ policy: "house" });
  await session.attachAgent({ identity: { id: "bot", metadata: { card: SECRET } } });
  await session.manage(Note).create("plan", { token: SECRET });
  for (const id of ["t", "running", "done"]) await session.addTask(id, { card: SECRET }, { agentId: "bot" });
  await session.startTask("running");
  await session.completeTask("done", "success", { result: { card: SECRET, long: "x".repeat(100_000) } });
  const page = await v1.get(`/v1/sessions/${session.sessionId}/blobs`);
  blob = /"hash":"([0-9a-f]{64})"/.exec(page.text)?.[1] ?? "";
  act("bot");
});
afterEach(async () => await v1.close());

function act(name: string, sessions: readonly string[] | null = null): void {
  v1.principal = {
    name: "key",
    role: "agent",
    sessions: [],
    rooms: [],
    expiresAt: null,
    agent: { name, sessions },
  };
}

const ABOUT_SESSIONS = ENDPOINTS.filter(({ path }) => path.includes("{session_id}"));

async function call({ method, path, example }: (typeof ENDPOINTS)[number], sessionId = session.sessionId) {
  const task = path.endsWith("/result") ? "done" : path.endsWith("/heartbeat") ? "running" : "t";
  const filled = path
    .replace("{session_id}", sessionId)
    .replace("{task_id}", task)
    .replace("{seq}", "3")
    .replace("{hash}", blob)
    .replace("{key}", "note%3Aplan")
    .replace("{agent_id}", "bot")
    .replace("{role_id}", "reader");
  // The example's agent is there already.
  const body = path.endsWith("/agents") ? { agent_id: "helper" } : (example.body ?? {});
  return await (method === "get" ? v1.get(filled) : v1.post(filled, body));
}

test("every endpoint about a session is judged", () => {
  expect(ABOUT_SESSIONS.length).toBeGreaterThan(15);
  expect(ABOUT_SESSIONS.filter((endpoint) => !isJudgedAsAgent(endpoint))).toEqual([]);
});

test.each(ABOUT_SESSIONS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  "%s without a grant is denied, and with one it is not",
  async (_, endpoint) => {
    const before = (await all(session.events())).length;
    const { status, text, body } = await call(endpoint);
    expect([status, body.code]).toEqual([403, "denied"]);
    expect(text).not.toContain(SECRET);
    expect((await all(session.events())).length).toBe(before);
    await v1.manager.policies.put("house", ALLOW_ALL);
    expect((await call(endpoint)).status).toBeLessThan(300);
  },
);

test("a session it is not attached to, or not let to by its key, is answered just as one that does not exist", async () => {
  await v1.manager.policies.put("house", ALLOW_ALL);
  const other = await v1.manager.startSession({ policy: "house" });
  for (const endpoint of ABOUT_SESSIONS) {
    act("bot");
    const none = await call(endpoint, "sess_none");
    const theirs = await call(endpoint, other.sessionId);
    expect([theirs.status, theirs.text.replaceAll(other.sessionId, "sess_none")]).toEqual([404, none.text]);
    act("bot", [other.sessionId]);
    const outside = await call(endpoint);
    expect([outside.status, outside.text.replaceAll(session.sessionId, "sess_none")]).toEqual([
      404,
      none.text,
    ]);
  }
});

test("it hands on no role that it has not itself, and asks about others only where it may", async () => {
  const attaching = { id: "a", roles: ["*"], effect: "allow", actions: ["attach"], resources: ["*"] };
  const asking = {
    ...attaching,
    id: "d",
    actions: ["decide"],
    condition: { "resource.attributes.is_asker": true },
  };
  await v1.manager.policies.put("house", [attaching, asking]);
  for (const id of ["reader", "writer"]) await v1.manager.roles.put({ id });
  await v1.manager.identities.put({ id: "ada", roles: ["reader", "writer"] });
  const shared = await v1.manager.startSession({ policy: "house", identity: "ada" });
  await shared.attachAgent({ identity: "bot", roles: ["reader"] });
  const path = `/v1/sessions/${shared.sessionId}`;
  for (const [agent_id, body] of [
    ["all", {}],
    ["both", { roles: ["reader", "writer"] }],
    ["none", { roles: ["writer"] }],
  ] as const)
    expect((await v1.post(`${path}/agents`, { agent_id, ...body })).status).toBe(201);
  const { agents } = await shared.introspect();
  expect(agents.map(({ agentId, roles }) => [agentId, roles.join()])).toEqual([
    ["bot", "reader"],
    ["all", "reader"],
    ["both", "reader"],
    ["none", ""],
  ]);
  const asked = { action: "attach", resource: "anything" };
  expect((await v1.post(`${path}/decide`, { agent_id: "bot", ...asked })).body).toMatchObject({
    allow: true,
  });
  expect((await v1.post(`${path}/decide`, { agent_id: "all", ...asked })).status).toBe(403);
});

test("under the built-in policy it works on what is given to it, under its own name", async () => {
  const plain = await v1.manager.startSession();
  await plain.attachAgent({ identity: "bot" });
  await plain.addTask("mine", null, { agentId: "bot" });
  await plain.addTask("theirs", { card: SECRET }, { agentId: "other" });
  const tasks = `/v1/sessions/${plain.sessionId}/tasks`;
  expect((await v1.post(`${tasks}/mine/start`, { agent_id: "other" })).status).toBe(403);
  expect((await v1.post(`${tasks}/mine/start`)).body).toMatchObject({ status: "running", agent_id: "bot" });
  expect((await v1.post(`${tasks}/mine/complete`, { result: 5 })).status).toBe(200);
  expect((await v1.get(`${tasks}/mine/result`)).body).toMatchObject({ result: 5 });
  for (const answer of [await v1.get(`${tasks}/theirs`), await v1.post(`${tasks}/theirs/start`)])
    expect([answer.status, answer.text.includes(SECRET)]).toEqual([403, false]);
});

test("it is shown nothing else: no session in a list, no room, no count, and it starts no session", async () => {
  await v1.manager.policies.put("house", ALLOW_ALL);
  expect((await v1.get("/v1/sessions")).body.sessions).toEqual([]);
  expect((await v1.get("/v1/rooms")).body["rooms"]).toEqual([]);
  expect((await v1.get("/v1/metrics")).status).toBe(403);
  expect((await v1.post("/v1/sessions", { session_name: "n", agent_id: "bot" })).status).toBe(403);
});

test("what is repeated with its key is judged again", async () => {
  await v1.manager.policies.put("house", ALLOW_ALL);
  const path = `/v1/sessions/${session.sessionId}/tasks/t/start`;
  expect((await v1.post(path, {}, { "idempotency-key": "k" })).status).toBe(200);
  await v1.manager.policies.put("house", []);
  expect((await v1.post(path, {}, { "idempotency-key": "k" })).status).toBe(403);
});

test("terms that nobody here could keep are a deny", async () => {
  const [statement] = ALLOW_ALL;
  await v1.manager.policies.put("house", [{ ...statement, cost: 5 }]);
  expect((await v1.get(`/v1/sessions/${session.sessionId}`)).status).toBe(403);
});
