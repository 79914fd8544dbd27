import { expect, test } from "vitest";
import { testManager } from "../testing/test-manager.ts";
import { all, READ_ALL, testTrust } from "../testing/test-trust.ts";

test("roles are negotiated once: asked for, offered and held; the outcome is an event", async () => {
  const { manager } = testManager();
  await manager.roles.put({ id: "reader" });
  await manager.roles.put({ id: "writer" });
  await manager.roles.put({ id: "gone" });
  await manager.roles.retire("gone");
  await manager.identities.put({ id: "ada", roles: ["gone", "reader", "secret"] });
  const session = await manager.startSession({
    identity: "ada",
    roles: ["gone", "reader", "secret", "writer"],
  });
  const events = await all(session.events());
  expect(events.map(({ type }) => type)).toEqual(["session_started", "roles_negotiated"]);
  expect(events[1]?.data).toEqual({
    requested: ["gone", "reader", "secret", "writer"],
    granted: ["reader"],
    refused: [
      { role_id: "gone", why: "not_offered" },
      { role_id: "secret", why: "not_offered" },
      { role_id: "writer", why: "not_allowed" },
    ],
  });
  await manager.identities.grantRole("ada", "writer");
  expect((await session.introspect()).roles).toEqual(["reader"]);
});

test("a fork has its origin's policy and roles, and nobody is attached to it", async () => {
  const { session } = await testTrust([READ_ALL]);
  const fork = await session.fork(2);
  expect(await fork.persist()).toMatchObject({ policy_key: "policy:house", identity_key: "identity:ada" });
  expect(await fork.introspect()).toMatchObject({ roles: ["reader"], agents: [] });
  expect((await fork.can("bot", "read", "axis.a")).allow).toBe(false);
  expect((await fork.can("ada", "read", "axis.a")).allow).toBe(true);
});

test("a drift has no role its gyre has not, works on what its gyre was given, and leaves with it", async () => {
  const { session } = await testTrust([READ_ALL], { roles: ["reader", "writer"] });
  const steps: string[] = [];
  await session.attachAgent({
    identity: "gyre",
    kind: "gyre",
    roles: ["writer"],
    teardown: () => steps.push("gyre"),
  });
  await session.attachAgent({
    identity: "drift",
    kind: "drift",
    gyre: "gyre",
    roles: ["reader", "writer"],
    teardown: () => steps.push("drift"),
  });
  const { agents } = await session.introspect();
  expect(agents.map(({ agentId, kind, gyre, roles }) => [agentId, kind, gyre, roles])).toEqual([
    ["bot", "agent", null, ["reader"]].with(3, ["reader", "writer"]),
    ["gyre", "gyre", null, ["writer"]],
    ["drift", "drift", "gyre", ["writer"]],
  ]);
  await session.detachAgent("gyre");
  expect(steps).toEqual(["drift", "gyre"]);
  expect((await session.introspect()).agents.map(({ agentId }) => agentId)).toEqual(["bot"]);
});

test("a drift may work on the tasks of its gyre", async () => {
  const { session } = { session: await testManager().manager.startSession() };
  await session.attachAgent({ identity: "gyre", kind: "gyre" });
  const drift = await session.attachAgent({ identity: "drift", kind: "drift", gyre: "gyre" });
  await session.addTask("t", 5, { agentId: "gyre" });
  expect(await drift.run("t", ({ task }) => task.data)).toBe(5);
  expect(session.getTask("t")).toMatchObject({ outcome: "success", agentId: "drift" });
});

test("an agent has the roles named for it, and never more than its session", async () => {
  const { session } = await testTrust([READ_ALL], { roles: ["reader"] });
  await session.attachAgent({ identity: "none", roles: [] });
  await session.attachAgent({ identity: "more", roles: ["reader", "writer", "root"] });
  await session.attachAgent({ identity: { id: "own", roles: ["root"] } });
  expect((await session.introspect()).agents.map(({ agentId, roles }) => [agentId, roles])).toEqual([
    ["bot", ["reader"]],
    ["none", []],
    ["more", ["reader"]],
    ["own", []],
  ]);
  expect((await session.can("none", "read", "axis.a")).allow).toBe(false);
});

test("an agent that attaches another gives it no role of which it has none itself", async () => {
  const attach = { ...READ_ALL, id: "attach", roles: ["writer"], actions: ["attach"] };
  const { session } = await testTrust([READ_ALL, attach], { roles: ["reader", "writer"] });
  const writer = await session.attachAgent({ identity: "writer", roles: ["writer"] });
  const child = await writer.attachAgent({ identity: "child", roles: ["reader", "writer"] });
  expect((await session.introspect()).agents.at(-1)).toMatchObject({ agentId: "child", roles: ["writer"] });
  await expect(child.state()).rejects.toMatchObject({ code: "denied" });
});
