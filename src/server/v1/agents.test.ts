import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryStore } from "../../store/memory.ts";
import { countingIds, testProcesses } from "../../testing/test-manager.ts";
import { V1Caller } from "../../testing/v1-caller.ts";

const READ_ALL = { id: "r", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["*"] };

let v1 = new V1Caller();
let path = "";
beforeEach(async () => {
  v1 = new V1Caller();
  await v1.post("/v1/policies", { policy_id: "house", statements: [READ_ALL] });
  for (const role_id of ["reader", "writer"]) await v1.post("/v1/roles", { role_id });
  await v1.post("/v1/identities", { identity_id: "ada", roles: ["reader", "writer"] });
  path = `/v1/sessions/${await v1.start({ policy: "house", identity: "ada" })}`;
});
afterEach(async () => await v1.close());

interface Told {
  readonly roles: readonly string[];
  readonly agents: readonly { readonly agent_id: string; readonly roles: readonly string[] }[];
}

async function present(): Promise<Told> {
  return (await v1.get(`${path}/agents`)).body as unknown as Told;
}

async function typesOf(): Promise<readonly string[]> {
  const { events } = (await v1.get(`${path}/events`)).body as unknown as {
    readonly events: readonly { readonly type: string }[];
  };
  return events.map(({ type }) => type).filter((type) => type.startsWith("agent_"));
}

test("an agent is attached with all there is to say of it, seen, heard of, and let go", async () => {
  const attached = await v1.post(`${path}/agents`, {
    agent_id: "bot",
    nickname: "Bot",
    metadata: { team: "blue" },
    roles: ["reader"],
    kind: "gyre",
    capabilities: ["gpu"],
    heartbeat_seconds: 10,
  });
  expect(attached.status).toBe(201);
  expect(attached.body).toMatchObject({ agent_id: "bot", attached: true, roles: ["reader"] });
  await v1.post(`${path}/agents`, { agent_id: "arm", kind: "drift", gyre: "bot" });
  await v1.post(`${path}/tasks`, { task_id: "t", agent_id: "bot" });
  expect(await present()).toMatchObject({
    status: "open",
    identity: "ada",
    policy_key: "policy:house",
    roles: ["reader", "writer"],
    agents: [
      {
        agent_id: "bot",
        nickname: "Bot",
        metadata: { team: "blue" },
        kind: "gyre",
        capabilities: ["gpu"],
        tasks: ["t"],
      },
      { agent_id: "arm", kind: "drift", gyre: "bot", roles: ["reader"], due_at: null },
    ],
  });
  await v1.clock.advance(9_000);
  const beat = await v1.post(`${path}/agents/bot/heartbeat`);
  expect(beat.body["due_at"]).toBe(new Date(v1.clock.now() + 15_000).toISOString().replace(".000", ""));
  const left = await v1.post(`${path}/agents/bot/detach`, { reason: "done" });
  expect(left.body).toMatchObject({ attached: false, roles: [], due_at: null });
  expect((await present()).agents).toEqual([]);
  for (const verb of ["heartbeat", "detach"])
    expect((await v1.post(`${path}/agents/bot/${verb}`)).status).toBe(404);
});

test("who cannot be attached is refused, and nothing is there of it", async () => {
  await v1.post(`${path}/agents`, { agent_id: "bot" });
  for (const [body, status] of [
    [{ agent_id: "bot" }, 409],
    [{ agent_id: "ada" }, 409],
    [{ agent_id: "arm", kind: "drift", gyre: "bot" }, 409],
    [{ agent_id: "arm", kind: "drift" }, 400],
    [{ agent_id: "arm", gyre: "bot" }, 400],
    [{ agent_id: "a*" }, 400],
    [{ agent_id: "arm", setup: "echo" }, 400],
    [{ agent_id: "arm", process: null }, 400],
  ] as const)
    expect((await v1.post(`${path}/agents`, body)).status, JSON.stringify(body)).toBe(status);
  expect((await present()).agents).toHaveLength(1);
  await v1.post(`${path}/end`);
  expect((await v1.post(`${path}/agents`, { agent_id: "late" })).body.code).toBe("session_ended");
});

test("an agent stays when the server that attached it closes, dies, or another takes the session over", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const first = new V1Caller({ store, random });
  const session = `/v1/sessions/${await first.start()}`;
  await first.post(`${session}/agents`, { agent_id: "bot" });
  await first.close();
  const second = new V1Caller({ store, random, clock: first.clock, processes: testProcesses(2) });
  expect((await second.post(`${session}/resume`)).status).toBe(200);
  expect((await second.get(`${session}/agents`)).body["agents"]).toMatchObject([{ agent_id: "bot" }]);
  expect((await second.post(`${session}/agents/bot/heartbeat`)).status).toBe(200);
  await second.close();
});

test("an agent that is silent for too long leaves, and reading who is there makes nothing happen", async () => {
  await v1.post(`${path}/agents`, { agent_id: "bot", heartbeat_seconds: 10 });
  v1.clock.suspend(60_000); // No timer fires.
  const before = await v1.store.end();
  expect((await present()).agents).toHaveLength(1);
  expect(await v1.store.end()).toEqual(before);
  expect((await v1.post(`${path}/agents/bot/heartbeat`)).status).toBe(404);
  expect((await present()).agents).toEqual([]);
});

test("a role that is revoked is gone from the session and its agents with the next decision", async () => {
  await v1.post(`${path}/agents`, { agent_id: "bot" });
  const question = { agent_id: "bot", action: "read", resource: "axis.a" };
  expect((await v1.post(`${path}/decide`, question)).body).toMatchObject({ allow: true });
  const revoked = await v1.post(`${path}/roles/reader/revoke`);
  expect(revoked.body).toMatchObject({ role_id: "reader", revoked: true });
  expect((await v1.post(`${path}/decide`, question)).body).toMatchObject({ allow: false });
  expect(await present()).toMatchObject({ roles: ["writer"], agents: [{ roles: ["writer"] }] });
  expect((await v1.post(`${path}/roles/*/revoke`)).status).toBe(400);
});

test("attaching and detaching under a key happen once", async () => {
  const key = { "idempotency-key": "k" };
  const first = await v1.post(`${path}/agents`, { agent_id: "bot" }, key);
  const again = await v1.post(`${path}/agents`, { agent_id: "bot" }, key);
  expect([again.status, again.text]).toEqual([201, first.text]);
  for (let times = 0; times < 2; times++) {
    const left = await v1.post(`${path}/agents/bot/detach`, {}, { "idempotency-key": "out" });
    expect(left.body).toMatchObject({ attached: false });
  }
  expect(await typesOf()).toEqual(["agent_attached", "agent_detached"]);
});
