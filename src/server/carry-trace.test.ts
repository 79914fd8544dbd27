// What a request causes says on behalf of which trace it came, in whatever stream it happens.
import { afterEach, beforeEach, expect, test } from "vitest";
import { streamId, type StreamId } from "../event/event.ts";
import { PlatoCaller } from "../testing/plato-caller.ts";
import { RouterCaller } from "../testing/router-caller.ts";
import { V1Caller } from "../testing/v1-caller.ts";

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACED = { traceparent: TRACE };

let v1 = new V1Caller();
beforeEach(() => {
  v1 = new V1Caller();
});
afterEach(async () => await v1.close());

async function tracesOf(stream: StreamId): Promise<readonly (readonly [string, unknown])[]> {
  const stored = await v1.store.read({ stream, afterSeq: 0, limit: 100 });
  return stored.map(({ event }) => [event.type, event.data["trace"]]);
}

const STATEMENT = { id: "all", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["axis.*"] };

test("what a request does to policies, identities and roles carries its trace, and no answer tells it", async () => {
  await v1.post("/v1/roles", { role_id: "one" }, TRACED);
  await v1.post("/v1/identities", { identity_id: "one", roles: [] }, TRACED);
  await v1.post("/v1/identities/one/grant", { role_id: "one" }, TRACED);
  await v1.post("/v1/policies", { policy_id: "one", statements: [STATEMENT] }, TRACED);
  const paths = ["roles", "identities", "policies"].flatMap((kind) => [
    kind,
    `${kind}/one`,
    `${kind}/one/audit`,
  ]);
  const told = await Promise.all(paths.map(async (path) => (await v1.get(`/v1/${path}`)).text));
  expect(await tracesOf(streamId("role", "one"))).toEqual([["role_put", TRACE]]);
  expect(await tracesOf(streamId("identity", "one"))).toEqual([
    ["identity_put", TRACE],
    ["role_granted", TRACE],
  ]);
  expect(await tracesOf(streamId("policy", "one"))).toEqual([["policy_changed", TRACE]]);
  expect(told.join("\n")).not.toContain(TRACE);
});

test("what a request decides in a session, and in the fleet it asks, carries its trace", async () => {
  await v1.post("/v1/policies", { policy_id: "house", statements: [STATEMENT] });
  const id = await v1.start({ policy: "house" });
  await v1.post(`/v1/sessions/${id}/agents`, { agent_id: "bot" }, TRACED);
  await v1.post(
    `/v1/sessions/${id}/decide`,
    { agent_id: "bot", action: "write", resource: "axis.x" },
    TRACED,
  );
  expect(await tracesOf(streamId("decisions", id))).toEqual([["decision_made", TRACE]]);
  expect(await tracesOf(streamId("session", id))).toContainEqual(["agent_attached", TRACE]);
});

test("what a request does to a fleet carries its trace, on either port, and no answer tells it", async () => {
  const router = new RouterCaller();
  const stream = streamId("fleet", "default");
  const texts = [
    await v1.post("/v1/fleet/agents", { agent_id: "a" }, TRACED),
    await v1.post("/v1/fleet/route", { task_id: "t" }, TRACED),
    await v1.get("/v1/fleet"),
  ].map(({ text }) => text);
  expect(texts.join("\n")).not.toContain(TRACE);
  const traces = await tracesOf(stream);
  expect(traces.map(([type]) => type)).toEqual(["fleet_configured", "agent_registered", "task_routed"]);
  expect(traces.slice(1).map(([, trace]) => trace)).toEqual([TRACE, TRACE]);
  await router.post("/register/agent", { agent_id: "a" }, TRACED);
  const [registered] = (await router.store.read({ stream, afterSeq: 0, limit: 9 })).slice(-1);
  expect([registered?.event.type, registered?.event.data["trace"]]).toEqual(["agent_registered", TRACE]);
});

test("what a request brings into a room, or ends there, carries its trace, and no tile shows it", async () => {
  const plato = new PlatoCaller();
  const { body } = await plato.submit({}, TRACED);
  const ended = { room: "hall", tile_hash: body["tile_hash"], reason: "wrong" };
  await plato.post("/retract", ended, TRACED);
  const stored = await plato.store.read({ stream: streamId("room", "hall") });
  expect(stored.map(({ event }) => [event.type, event.data["trace"]])).toEqual([
    ["tile_submitted", TRACE],
    ["tile_retracted", TRACE],
  ]);
  expect(JSON.stringify((await plato.get("/room/hall")).body)).not.toContain(TRACE);
});

test("a fleet that was begun by a request with a trace is as it was configured, and is not configured again", async () => {
  await v1.post("/v1/fleet/agents", { agent_id: "a" }, TRACED);
  const again = new V1Caller({ store: v1.store, clock: v1.clock });
  await again.post("/v1/fleet/agents", { agent_id: "b" });
  const types = (await tracesOf(streamId("fleet", "default"))).map(([type]) => type);
  expect(types).toEqual(["fleet_configured", "agent_registered", "agent_registered"]);
  await again.close();
});

test("a trace that cannot be read is passed over", async () => {
  await v1.post("/v1/roles", { role_id: "r" }, { traceparent: "00-nonsense" });
  expect(await tracesOf(streamId("role", "r"))).toEqual([["role_put", undefined]]);
});
