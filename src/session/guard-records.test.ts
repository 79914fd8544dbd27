import { expect, test } from "vitest";
import { HolodeckError } from "../event/error.ts";
import { MemoryStore } from "../store/memory.ts";
import { decisionsOf, READ_ALL, refusalOf, testTrust } from "../testing/test-trust.ts";
import { taskResource } from "../trust/owner-policy.ts";
import { loadCedarPolicy } from "../trust/cedar-policy.ts";
import { compilePolicy } from "../trust/policy.ts";

class FaultyStore extends MemoryStore {
  fault: "fails" | "hangs" | null = null;
  /** How often somebody asked where the log ends. */
  looks = 0;

  override async end() {
    this.looks++;
    if (this.fault === "fails") {
      throw new HolodeckError("store_io", { what: "The disk is gone.", todo: "Look for it." });
    }
    if (this.fault === "hangs") return await new Promise<never>(() => undefined);
    return await super.end();
  }
}

test("a store that fails or hangs denies, and what is allowed then is allowed again when it is back", async () => {
  const store = new FaultyStore();
  const { session, clock } = await testTrust([READ_ALL], {}, { openStore: async () => store });
  const may = async () => await session.can("bot", "read", "axis.a");
  expect((await may()).allow).toBe(true);
  store.fault = "fails";
  expect(await may()).toMatchObject({ allow: false, errors: [{ what: "The disk is gone." }] });
  store.fault = "hangs";
  const asked = may();
  await clock.advance(60_000);
  expect(await asked).toMatchObject({
    allow: false,
    errors: [{ statementId: null, what: "The store did not answer for 5 s." }],
  });
  store.fault = null;
  expect((await may()).allow).toBe(true);
});

test("decisions that wait in one turn share one look at the log, begun after they were asked", async () => {
  const store = new FaultyStore();
  const { session } = await testTrust([READ_ALL], { recordAllows: "none" }, { openStore: async () => store });
  await session.can("bot", "read", "axis.a");
  const before = store.looks;
  await Promise.all(Array.from({ length: 50 }, async () => await session.can("bot", "read", "axis.a")));
  expect(store.looks - before).toBe(1);
  await session.can("bot", "read", "axis.a");
  expect(store.looks - before).toBe(2);
});

test("each deny is recorded, without what was asked for; allows as configured", async () => {
  for (const [recordAllows, count] of [
    ["none", 0],
    ["sampled", 2],
    ["all", 101],
  ] as const) {
    const { session, bot } = await testTrust([READ_ALL], { recordAllows });
    await session.addTask("t", { card: "4111-1111" }, { agentId: "bot" });
    for (let n = 0; n < 101; n++) await session.can("bot", "read", "axis.a");
    await refusalOf(bot.completeTask("t", "success", { result: "4111-1111" }));
    const records = await decisionsOf(session);
    expect(records.filter(({ allow }) => allow)).toHaveLength(count);
    expect(records.filter(({ allow }) => !allow)).toMatchObject([
      {
        agent_id: "bot",
        action: "complete",
        resource: taskResource(session.sessionId, "t"),
        identity_key: "identity:ada",
        policy_key: "policy:house",
        policy_version: 1,
        asked: { roles: ["attached", "reader"], identity_version: 1 },
      },
    ]);
    expect(JSON.stringify(records)).not.toContain("4111");
  }
});

test("the name of the decision stands in the refusal and in the record", async () => {
  const { session, bot } = await testTrust([READ_ALL]);
  const { message } = await refusalOf(bot.endSession());
  const record = (await decisionsOf(session)).find(({ allow }) => !allow);
  expect(message).toContain(record?.decision_id);
});

test("an allow that cannot be recorded, where all are, is none", async () => {
  const store = new FaultyStore();
  const { session } = await testTrust([READ_ALL], { recordAllows: "all" }, { openStore: async () => store });
  store.append = async () => await Promise.reject(new Error("full"));
  expect(await session.can("bot", "read", "axis.a")).toMatchObject({ allow: false });
});

test("replaying lists what another policy would have decided otherwise", async () => {
  const { session, bot } = await testTrust([READ_ALL], { recordAllows: "all" });
  await session.can("bot", "read", "axis.a");
  await session.can("bot", "write", "axis.a");
  await session.can("nobody", "read", "axis.a");
  await refusalOf(bot.endSession());
  const policy = compilePolicy([{ ...READ_ALL, id: "w", actions: ["write"], resources: ["axis.*"] }], {
    version: 9,
  });
  const replay = await session.replayDecisions({ policy });
  expect(replay).toMatchObject({ total: 4, same: 2, unasked: 1, lost: 0 });
  expect(replay.differences).toMatchObject([
    { kind: "now_denied", recorded: { request: { action: "read" }, principal: { id: "bot" } } },
    { kind: "now_allowed", recorded: { request: { action: "write" } }, replayed: { reasons: ["w"] } },
  ]);
  expect(await session.replayDecisions({ policy: "house" })).toMatchObject({ total: 4, same: 4 });
});

test("Cedar policies can be asked what they would have decided", async () => {
  const { session } = await testTrust([READ_ALL], { recordAllows: "all" });
  await session.can("bot", "read", "axis.a");
  await session.can("bot", "read", "axis.b");
  const policies = 'permit (principal == Principal::"bot", action, resource == Resource::"axis.b");';
  const policy = await loadCedarPolicy({ policies, version: 2 });
  const { total, differences } = await session.replayDecisions({ policy });
  expect(total).toBe(2);
  expect(differences).toMatchObject([
    { kind: "now_denied", recorded: { request: { resource: { id: "axis.a" } } } },
    { kind: "other_reasons", replayed: { allow: true, reasons: ["policy0"] } },
  ]);
  for (const nothing of [7, null, {}]) {
    await expect(session.replayDecisions({ policy: nothing as never })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  }
});

test("a capability that is asked for and missing denies, also when replayed", async () => {
  const { session } = await testTrust([{ ...READ_ALL, capabilities: ["gpu"] }]);
  await session.attachAgent({ identity: "strong", capabilities: ["gpu"] });
  expect(await session.can("bot", "read", "axis.a")).toMatchObject({
    allow: false,
    errors: [{ what: 'The agent is not capable of "gpu", which is asked for.' }],
  });
  expect((await session.can("strong", "read", "axis.a")).allow).toBe(true);
  expect(await session.replayDecisions({ policy: "house" })).toMatchObject({ total: 2, same: 2 });
});

test("terms that a handle cannot keep are refused there, and told to who guards work of its own", async () => {
  const { session, bot } = await testTrust([{ ...READ_ALL, delivery: { max_items: 1 } }]);
  await expect(bot.state()).rejects.toMatchObject({ code: "denied", message: /terms \(max_items\)/ });
  const told = await session.guard("bot", "read", "axis.a", ({ obligations }) => obligations);
  expect(told).toEqual([{ kind: "max_items", value: 1 }]);
});

test("guarded work that is denied is not begun", async () => {
  const { session } = await testTrust([READ_ALL]);
  let begun = 0;
  await refusalOf(session.guard("bot", "write", "axis.a", () => begun++));
  expect(begun).toBe(0);
});

test("what was decided is asked again as of whom it was asked then", async () => {
  const team = { ...READ_ALL, condition: { "identity.metadata.team": "blue" } };
  const { manager, session } = await testTrust([team], { recordAllows: "all" });
  const attach = async (color: string) =>
    await session.attachAgent({ identity: { id: "painter", metadata: { team: color } } });
  await manager.identities.put({ id: "ada", metadata: { team: "blue" }, roles: ["reader"] });
  for (const color of ["blue", "red"]) {
    await attach(color);
    await session.can("painter", "read", "axis.a");
    await session.detachAgent("painter");
  }
  await session.can("ada", "read", "axis.a");
  await manager.identities.put({ id: "ada", metadata: { team: "red" }, roles: ["reader"] });
  await session.can("ada", "read", "axis.a", { note: "x".repeat(4_000), more: "x".repeat(200) });
  const records = await decisionsOf(session);
  expect(records.map(({ allow }) => allow)).toEqual([true, false, true, false]);
  expect(await session.replayDecisions({ policy: "house" })).toMatchObject({ total: 3, same: 3, lost: 1 });
  const red = compilePolicy([{ ...READ_ALL, condition: { "identity.metadata.team": "red" } }], {
    version: 1,
  });
  const { differences } = await session.replayDecisions({ policy: red });
  expect(differences.map(({ kind, recorded }) => [recorded.principal.id, kind])).toEqual([
    ["painter", "now_denied"],
    ["painter", "now_allowed"],
    ["ada", "now_denied"],
  ]);
});

test("a decision waits for what is under way: what is not durable yet grants nothing", async () => {
  const store = new FaultyStore();
  const { session } = await testTrust([{ ...READ_ALL, roles: ["*"] }], {}, { openStore: async () => store });
  const append = store.append.bind(store);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.append = async (items) => {
    if (items.some(({ events }) => events.some(({ event }) => event.type === "agent_attached"))) {
      await promise;
      throw new HolodeckError("store_io", { what: "The disk is gone.", todo: "Look for it." });
    }
    return await append(items);
  };
  const attaching = session.attachAgent({ identity: "late" });
  attaching.catch(() => undefined);
  const asked = session.can("late", "read", "axis.a");
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  resolve();
  await expect(attaching).rejects.toMatchObject({ code: "store_io" });
  expect(await asked).toMatchObject({ allow: false });
});
