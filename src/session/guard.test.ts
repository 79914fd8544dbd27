import { expect, test } from "vitest";
import { trustBehaviours } from "../../test/trust-behaviours.ts";
import { MemoryStore } from "../store/memory.ts";
import { countingIds, testManager } from "../testing/test-manager.ts";
import { decisionsOf, READ_ALL, refusalOf, testTrust } from "../testing/test-trust.ts";
import { sessionResource, taskResource } from "../trust/owner-policy.ts";
import { compilePolicy } from "../trust/policy.ts";

trustBehaviours("the trust of a session", (config) => testManager(config));

test("an empty policy denies all, to the session's own identity too", async () => {
  const { session, bot } = await testTrust([]);
  for (const action of ["read", "end", "anything"]) {
    for (const who of ["bot", "ada"]) {
      expect(await session.can(who, action, sessionResource(session.sessionId))).toMatchObject({
        allow: false,
        reasons: [],
        errors: [],
        policyVersion: 1,
      });
    }
  }
  await expect(bot.state()).rejects.toMatchObject({ code: "denied", message: /no statement allows it/ });
});

test("a compiled policy without statements denies all as well", async () => {
  const { manager } = testManager();
  const session = await manager.startSession({ policy: compilePolicy([], { version: 1 }) });
  expect(await session.can("oracle1", "read", sessionResource(session.sessionId))).toMatchObject({
    allow: false,
  });
});

test("an allow names its statement, its version, and goes by a name", async () => {
  const { session } = await testTrust([READ_ALL]);
  expect(await session.can("bot", "read", sessionResource(session.sessionId))).toMatchObject({
    allow: true,
    reasons: ["readers-read"],
    policyVersion: 1,
    decisionId: /^dec_[0-9a-f]{32}$/,
  });
});

test("a deny outweighs an allow, and is named to who is refused", async () => {
  const part = { exists: true, in: ["session", "events"] };
  const condition = { "resource.attributes.part": part };
  const { session, bot } = await testTrust([
    READ_ALL,
    { ...READ_ALL, id: "not-all-of-it", effect: "deny", condition },
  ]);
  const resource = sessionResource(session.sessionId);
  expect(await session.can("bot", "read", resource)).toMatchObject({
    allow: false,
    reasons: ["not-all-of-it"],
  });
  await expect(bot.state()).rejects.toMatchObject({ code: "denied", message: /denied by not-all-of-it/ });
  await expect(bot.events().next()).rejects.toMatchObject({ code: "denied" });
  expect(await bot.tasks()).toEqual([]);
  expect((await session.can("bot", "read", "axis.a")).allow).toBe(true);
});

test("another session's resource looks like one that does not exist, whatever the policy grants", async () => {
  const { manager, session } = await testTrust([READ_ALL]);
  const other = await manager.startSession({ policy: "house", identity: "ada", roles: ["reader"] });
  await other.addTask("secret", { plan: 7 });
  const ask = async (sessionId: string, taskId: string) => {
    const resource = taskResource(sessionId, taskId);
    const { decisionId, ...decision } = await session.can("bot", "read", resource);
    expect(decisionId).toMatch(/^dec_/);
    return decision;
  };
  const [there, notThere, nowhere] = [
    await ask(other.sessionId, "secret"),
    await ask(other.sessionId, "none"),
    await ask("sess_none", "secret"),
  ];
  expect(there).toEqual({ allow: false, reasons: [], errors: [], obligations: [], policyVersion: 1 });
  expect(notThere).toEqual(there);
  expect(nowhere).toEqual(there);
});

test("revoked between two reads of a stream: the second is denied", async () => {
  const { session, bot } = await testTrust([READ_ALL]);
  const events = bot.events();
  expect((await events.next()).value).toMatchObject({ type: "session_started" });
  await session.revokeRole("reader");
  await expect(events.next()).rejects.toMatchObject({ code: "denied" });
});

test("a role revoked from the session's identity is gone from its agents with the next decision", async () => {
  const { manager, bot } = await testTrust([READ_ALL]);
  expect((await bot.state()).sessionName).toBe("constraint-theory-research");
  await manager.identities.revokeRole("ada", "reader");
  await expect(bot.state()).rejects.toMatchObject({ code: "denied" });
  await manager.identities.grantRole("ada", "reader");
  await bot.state();
  await manager.identities.remove("ada");
  await expect(bot.state()).rejects.toMatchObject({ message: /session's identity was removed/ });
});

test("an agent whose own identity was removed may do nothing more", async () => {
  const { manager, bot } = await testTrust([READ_ALL]);
  await manager.identities.put({ id: "bot" });
  await bot.state();
  await manager.identities.remove("bot");
  await expect(bot.state()).rejects.toMatchObject({ message: /identity was removed/ });
});

test("a revoked agent's listener stops at the next event, and hears nothing after", async () => {
  const { session, bot } = await testTrust([READ_ALL]);
  const heard: string[] = [];
  await bot.on("change", ({ type }) => heard.push(type));
  await session.addTask("one");
  await expect.poll(() => heard).toEqual(["task_added"]);
  await session.revokeRole("reader");
  await session.addTask("two");
  await session.addTask("three");
  await expect
    .poll(async () =>
      (await decisionsOf(session)).filter(({ action, allow }) => action === "listen" && !allow),
    )
    .toHaveLength(1);
  expect(heard).toEqual(["task_added"]);
});

test.each([
  ["an unknown action", "bot", "fly", "axis.room1"],
  ["an unknown resource", "bot", "read", "nothing.of.the.kind"],
  ["an unknown principal", "nobody", "read", "axis.room1"],
  ["a principal who looks alike", "bоt", "read", "axis.room1"],
])("%s is denied", async (_, agentId, action, resource) => {
  const { session } = await testTrust([{ ...READ_ALL, roles: ["*"], resources: ["axis.*"] }]);
  expect(await session.can("bot", "read", "axis.room1")).toMatchObject({ allow: true });
  expect(await session.can(agentId, action, resource)).toMatchObject({ allow: false, reasons: [] });
});

test("a deny whose condition misses its attribute denies", async () => {
  const deny = { ...READ_ALL, id: "not-at-night", effect: "deny", condition: { "context.shift": "night" } };
  const { session } = await testTrust([READ_ALL, deny]);
  expect(await session.can("bot", "read", "axis.room1")).toMatchObject({
    allow: false,
    reasons: ["not-at-night"],
  });
  expect(await session.can("bot", "read", "axis.room1", { shift: "day" })).toMatchObject({ allow: true });
});

test("the same request in another context comes to another decision", async () => {
  const { session } = await testTrust([
    { ...READ_ALL, condition: { "context.region": { in: ["eu", "us"] } } },
  ]);
  expect((await session.can("bot", "read", "axis.room1", { region: "eu" })).allow).toBe(true);
  expect((await session.can("bot", "read", "axis.room1", { region: "moon" })).allow).toBe(false);
});

test("nobody says what time it is, or whose task it is, but the session", async () => {
  const { session, clock } = await testTrust([
    { ...READ_ALL, condition: { "context.now": clockless() } },
    { ...READ_ALL, id: "own", actions: ["peek"], condition: { "resource.attributes.given_to_asker": true } },
  ]);
  const asked = { now: clock.now() + 1e9 };
  expect((await session.can("bot", "read", "axis.room1", asked)).allow).toBe(true);
  await session.addTask("theirs", null, { agentId: "other" });
  await session.addTask("its/own *.c", null, { agentId: "bot" });
  const peek = async (id: string): Promise<boolean> =>
    (await session.can("bot", "peek", { id, attributes: { given_to_asker: true } })).allow;
  expect(await peek(taskResource(session.sessionId, "theirs"))).toBe(false);
  expect(await peek(taskResource(session.sessionId, "none"))).toBe(false);
  expect(await peek(taskResource(session.sessionId, "its/own *.c"))).toBe(true);
});

/** A condition that holds now and not a day later. */
function clockless(): object {
  return { lt: Date.UTC(2026, 4, 20) };
}

const HOSTILE = [
  `bot"`,
  "bot'; DROP TABLE events;--",
  "*",
  "../bot",
  "bot\0",
  "__proto__",
  "constructor",
  "bоt",
  "ｂｏｔ",
  "bot\u200b",
  " bot",
  "",
  "\ud800",
  "x".repeat(1_000_000),
];

test.each(HOSTILE.map((id) => [JSON.stringify(id).slice(0, 40), id] as const))(
  "%s as a principal, an action or a resource is no allow and no crash",
  async (_, id) => {
    const allowAll = { ...READ_ALL, roles: ["*"], actions: ["read"], resources: ["axis.*"] };
    const { session } = await testTrust([allowAll]);
    for (const [agentId, action, resource] of [
      [id, "read", "axis.a"],
      ["bot", id, "axis.a"],
      ["bot", "read", id],
    ] as const) {
      expect(await session.can(agentId, action, resource)).toMatchObject({ allow: false });
      await expect(session.guard(agentId, action, resource, () => "done")).rejects.toMatchObject({
        code: "denied",
      });
    }
    await expect(session.as(id).state()).rejects.toMatchObject({ code: "denied" });
    const records = await decisionsOf(session);
    expect(records.filter(({ allow }) => !allow)).toHaveLength(7);
    expect(JSON.stringify(records).length).toBeLessThan(60_000);
  },
);

test.each([undefined, null, 5, {}, { id: 5 }, [], { id: "axis.a", attributes: 5 }])(
  "what is no resource at all (%j) is denied",
  async (resource) => {
    const { session } = await testTrust([{ ...READ_ALL, roles: ["*"] }]);
    expect(await session.can("bot", "read", resource as unknown as string)).toMatchObject({ allow: false });
    expect(await session.can(resource as unknown as string, "read", "axis.a")).toMatchObject({
      allow: false,
    });
  },
);

test("an edit takes effect with the next decision, and an unsound one leaves the version before", async () => {
  const { manager, session } = await testTrust([READ_ALL]);
  const may = async () => await session.can("bot", "write", "axis.a");
  expect(await may()).toMatchObject({ allow: false, policyVersion: 1 });
  await manager.policies.putStatement("house", { ...READ_ALL, id: "write", actions: ["write"] });
  expect(await may()).toMatchObject({ allow: true, reasons: ["write"], policyVersion: 2 });
  const unsound = [READ_ALL, { ...READ_ALL, id: "odd", effect: "maybe" }];
  await expect(manager.policies.put("house", unsound)).rejects.toMatchObject({
    code: "invalid_argument",
    message: /statements\[1\]\.effect/,
  });
  expect(await may()).toMatchObject({ allow: true, policyVersion: 2 });
  const policy = await manager.policies.get("house");
  expect(policy).toMatchObject({ key: "policy:house", version: 2 });
  expect((await policy.at(1)).statements.map(({ id }) => id)).toEqual(["readers-read"]);
  await expect(policy.at(3)).rejects.toMatchObject({ code: "not_found" });
});

test("a change made for another version is refused, and the built-in policy is nobody's to change", async () => {
  const { manager } = await testTrust([READ_ALL]);
  await expect(manager.policies.put("house", [], { expectedVersion: 7 })).rejects.toMatchObject({
    code: "conflict",
  });
  await expect(manager.policies.put("owner", [READ_ALL])).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(manager.policies.get("none")).rejects.toMatchObject({ code: "not_found" });
});

test("rehydrated decisions equal the originals", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const { manager, session, clock } = await testTrust(
    [READ_ALL],
    {},
    { openStore: async () => store, random },
  );
  await session.addTask("one", null, { agentId: "bot" });
  const asked = [
    ["bot", "read", taskResource(session.sessionId, "one")],
    ["bot", "end", sessionResource(session.sessionId)],
    ["ada", "read", sessionResource(session.sessionId)],
    ["nobody", "read", sessionResource(session.sessionId)],
  ] as const;
  const data = await session.persist();
  expect(data).toMatchObject({ policy_key: "policy:house", identity_key: "identity:ada" });
  expect(Object.keys(data)).toHaveLength(5);
  const other = testManager({}, { openStore: async () => store, random, clock });
  const again = await other.manager.rehydrate(JSON.parse(JSON.stringify(data)));
  for (const [agentId, action, resource] of asked) {
    expect(await again.can(agentId, action, resource)).toEqual(await session.can(agentId, action, resource));
  }
  expect(await again.introspect()).toEqual(await session.introspect());
  expect(manager).not.toBe(other.manager);
});

test("an edit through another manager on the store is known to the next decision", async () => {
  const store = new MemoryStore();
  const random = countingIds();
  const { session, clock } = await testTrust([READ_ALL], {}, { openStore: async () => store, random });
  const other = testManager({}, { openStore: async () => store, random, clock });
  expect((await session.can("bot", "read", "axis.a")).allow).toBe(true);
  await other.manager.policies.removeStatement("house", "readers-read");
  expect(await session.can("bot", "read", "axis.a")).toMatchObject({ allow: false, policyVersion: 2 });
  await other.manager.policies.put("house", [READ_ALL]);
  expect((await session.can("bot", "read", "axis.a")).allow).toBe(true);
  await (await other.manager.get(session.sessionId)).detachAgent("bot");
  expect((await session.can("bot", "read", "axis.a")).allow).toBe(false);
});

test("under the built-in policy the owner may do all, an attached agent its own tasks, nobody else anything", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const bot = await session.attachAgent({ identity: "bot" });
  await session.addTask("its", { n: 1 }, { agentId: "bot" });
  await session.addTask("other", { n: 2 });
  expect((await bot.tasks()).map(({ taskId }) => taskId)).toEqual(["its"]);
  expect(await bot.run("its", ({ task }) => task.data)).toEqual({ n: 1 });
  expect(await bot.task("its")).toMatchObject({ status: "ended", agentId: "bot", result: { n: 1 } });
  for (const taskId of ["other", "none"]) {
    const { message } = await refusalOf(bot.task(taskId));
    expect(message).toContain("no statement allows it");
  }
  await refusalOf(session.as("stranger").task("its"));
  const owner = session.as("oracle1");
  expect(await owner.tasks()).toHaveLength(2);
  expect(await owner.endSession()).toBe("success");
});

test("a session whose policy cannot be had denies all", async () => {
  const { manager } = testManager();
  await expect(manager.startSession({ policy: "none" })).rejects.toMatchObject({ code: "not_found" });
  await expect(manager.startSession({ identity: "none" })).rejects.toMatchObject({ code: "not_found" });
});
