// Every way into a session that an agent has, found by looking at the class itself: a new one that is not called here
// fails, and so does one that is not refused without a grant.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { persist, watch } from "../omni/field.ts";
import { OmniKind } from "../omni/omni-kind.ts";
import { MemoryStore } from "../store/memory.ts";
import { all, decisionsOf, refusalOf, testTrust, type TestTrust } from "../testing/test-trust.ts";
import { AgentObject } from "./agent-object.ts";
import { AgentSession } from "./agent-session.ts";
import type { RecordAllows } from "./decisions.ts";
import { SessionTrust } from "./session-trust.ts";
import { SessionView } from "./session-view.ts";
import { Session } from "./session.ts";
import { streamOf } from "./stream.ts";
import { WorkingSession } from "./working-session.ts";

const SECRET = "4111-1111";

const Note = new OmniKind("note", {
  title: watch(z.string(), { default: SECRET }),
  seen: persist(z.number(), { default: 0 }),
});

/** What would have been seen or done had the call not been refused. */
type Note = (what: string) => void;

const CALLS: Readonly<Record<string, (agent: AgentSession, note: Note) => Promise<unknown>>> = {
  state: async (agent) => await agent.state(),
  tasks: async (agent) => await agent.tasks(),
  task: async (agent) => await agent.task("t"),
  addTask: async (agent) => await agent.addTask("new"),
  startTask: async (agent) => await agent.startTask("t"),
  completeTask: async (agent) => await agent.completeTask("t", "success", { result: 1 }),
  run: async (agent, note) => await agent.run("r", ({ task }) => note(JSON.stringify(task))),
  loseAttempt: async (agent) => await agent.loseAttempt("t", "gone"),
  readResult: async (agent) => await agent.readResult("done"),
  readArtifacts: async (agent) => await agent.readArtifacts("done"),
  events: async (agent) => await all(agent.events()),
  tiles: async (agent) => await agent.tiles(),
  on: async (agent, note) => await agent.on("change", (event) => note(event.type)),
  persist: async (agent) => await agent.persist(),
  at: async (agent) => await agent.at(2),
  fork: async (agent) => await agent.fork(1),
  attachAgent: async (agent, note) =>
    await agent.attachAgent({ identity: "friend", setup: () => note("set up") }),
  detachAgent: async (agent) => await agent.detachAgent("other"),
  heartbeat: async (agent) => await agent.heartbeat("running"),
  heartbeatAgent: async (agent) => await agent.heartbeatAgent(),
  introspect: async (agent) => await agent.introspect(),
  revokeRole: async (agent) => await agent.revokeRole("reader"),
  decisions: async (agent) => await all(agent.decisions()),
  replayDecisions: async (agent) => await agent.replayDecisions({ policy: "house" }),
  managed: async (agent) => await agent.managed(),
  "object.create": async (agent) => await agent.object(Note, "b").create({ title: "x" }),
  "object.read": async (agent) => await agent.object(Note, "a").read("title"),
  "object.write": async (agent) => await agent.object(Note, "a").write({ title: "x" }),
  "object.readAll": async (agent) => await agent.object(Note, "a").readAll(),
  "object.status": async (agent) => await agent.object(Note, "a").status(),
  "object.at": async (agent) => await agent.object(Note, "a").at(1),
  "object.audit": async (agent) => await agent.object(Note, "a").audit(),
  endSession: async (agent) => await agent.endSession(),
};

/** What the holder of the handle was given with it. */
const KNOWN_TO_HOLDER: ReadonlySet<string> = new Set(["agentId", "sessionId"]);

/** What is the owner's alone: an agent's handle has no such call, or another one says the same. */
const OWNERS_ALONE: Readonly<Record<string, string>> = {
  can: "asks about anyone",
  guard: "acts for anyone",
  as: "becomes anyone",
  manage: "gives objects that nobody judges; object() is an agent's",
  persistObjects: "is not public",
  managesKind: "asks about a kind, not about what is there",
  describe: "state() and tasks() show what it says",
  getTask: "task() and tasks() show copies",
  getActiveTasks: "tasks() shows copies",
  take: "is the manager's",
  keepRecord: "names blobs, which whoever runs the processes has stored",
  detachLocal: "is the manager's",
  detachLost: "is the manager's",
  closesWith: "is the manager's",
  taskOf: "is not public",
  store: "is not public",
  now: "is not public",
};

function methodsOf(...classes: readonly { readonly prototype: object }[]): readonly string[] {
  return classes.flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor"),
  );
}

function isMethod(name: string): boolean {
  return [Session, SessionTrust, WorkingSession, SessionView].some(
    ({ prototype }) => typeof Object.getOwnPropertyDescriptor(prototype, name)?.value === "function",
  );
}

test("every way in is called here", () => {
  const ways = methodsOf(AgentSession)
    .filter((name) => !KNOWN_TO_HOLDER.has(name))
    .flatMap((name) => (name === "object" ? methodsOf(AgentObject).map((one) => `object.${one}`) : [name]));
  expect(ways.toSorted()).toEqual(Object.keys(CALLS).toSorted());
});

test("every method of the owner's handle is guarded for agents, or the owner's alone for a reason", () => {
  const methods = new Set(methodsOf(Session, SessionTrust, WorkingSession, SessionView).filter(isMethod));
  const left = [...methods].filter((name) => !(name in CALLS) && !(name in OWNERS_ALONE));
  expect(left).toEqual([]);
  expect(Object.keys(OWNERS_ALONE).filter((name) => !methods.has(name))).toEqual([]);
});

test("every property of the owner's handle is shown in copies alone", async () => {
  const { bot } = await prepared(ALLOW_ALL);
  const shown = new Set([...Object.keys(await bot.state()), "tasks", "managed", "handle", "state"]);
  const properties = methodsOf(Session, SessionTrust, WorkingSession, SessionView).filter(
    (name) => !isMethod(name),
  );
  expect(properties.filter((name) => !shown.has(name))).toEqual([]);
});

const ALLOW_ALL = [{ id: "all", roles: ["*"], effect: "allow", actions: ["*"], resources: ["*"] }];

interface Prepared extends TestTrust {
  readonly store: MemoryStore;
}

async function prepared(
  statements: readonly object[],
  recordAllows: RecordAllows = "sampled",
): Promise<Prepared> {
  const store = new MemoryStore();
  const made = await testTrust(statements, { recordAllows }, { openStore: async () => store });
  const { session } = made;
  await session.attachAgent({ identity: "other" });
  for (const taskId of ["t", "r"]) await session.addTask(taskId, { card: SECRET }, { agentId: "bot" });
  await session.addTask("running", null, { agentId: "bot" });
  await session.startTask("running");
  await session.addTask("done");
  await session.completeTask("done", "success", { result: { card: SECRET } });
  await session.manage(Note).create("a");
  return { ...made, store };
}

test.each(Object.entries(CALLS))(
  "%s without a grant is denied: nothing changes, nothing is seen",
  async (_, call) => {
    const { session, bot, store } = await prepared([]);
    const before = await store.read({ stream: streamOf(session.sessionId) });
    const noted: string[] = [];
    for (const agent of [bot, session.as("stranger"), session.as("ada")]) {
      const { code, message } = await refusalOf(call(agent, (what) => noted.push(what)));
      expect(code).toBe("denied");
      expect(message).not.toContain(SECRET);
    }
    expect(noted).toEqual([]);
    expect(await store.read({ stream: streamOf(session.sessionId) })).toEqual(before);
    expect(await store.read({ stream: Note.keyOf("a") })).toHaveLength(1);
    expect(await store.read({ stream: Note.keyOf("b") })).toEqual([]);
    expect((await store.heads({ filter: { kind: "session" } })).items).toHaveLength(1);
    const records = await decisionsOf(session);
    expect(records.length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(records)).not.toContain(SECRET);
    await session.addTask("later");
    expect(noted).toEqual([]);
  },
);

test.each(Object.entries(CALLS))("%s with a grant is not refused", async (_, call) => {
  const { bot } = await prepared(ALLOW_ALL);
  await expect(call(bot, () => undefined)).resolves.not.toThrow();
});

test("docs/policy.md says which action on which resource each call asks for", async () => {
  const asked: string[] = [];
  for (const [name, call] of Object.entries(CALLS)) {
    const { session, bot } = await prepared(ALLOW_ALL, "all");
    await call(bot, () => undefined);
    const records = (await decisionsOf(session)).filter(({ agent_id }) => agent_id === "bot");
    const actions = [...new Set(records.map(({ action }) => action))].join(", ");
    const resource = records[0]?.resource
      .replace(session.sessionId, "ID")
      .replace("objects/note/b", "objects/KIND/OBJECT")
      .replace(/^note:a\b/, "KIND:OBJECT")
      .replace(/\.(title|seen)$/, ".FIELD")
      .replace(/(tasks|agents|roles)\/.*/, (_, part: string) => `${part}/${part.slice(0, -1).toUpperCase()}`);
    asked.push(`| ${name} | ${actions} | ${resource} |`);
  }
  const docs = readFileSync(new URL("../../docs/policy.md", import.meta.url), "utf8");
  const written = docs.split("\n").filter((line) => /^\| [a-zA-Z.]+ \|.*\| (session|KIND):/.test(line));
  expect(written.toSorted()).toEqual(asked.toSorted());
});

test("what an agent is shown is its own copy", async () => {
  const { session, bot } = await prepared(ALLOW_ALL);
  const [task] = await bot.tasks();
  Object.assign(task?.data as object, { card: "changed" });
  const { agents } = await bot.introspect();
  (agents[0]!.capabilities as string[]).push("gpu");
  (agents[0]!.roles as string[]).push("root");
  expect(session.getTask("t")?.data).toEqual({ card: SECRET });
  expect((await bot.introspect()).agents[0]).toMatchObject({ capabilities: [], roles: ["reader"] });
});

test("an agent cannot name blobs as its own", async () => {
  const { bot } = await prepared(ALLOW_ALL);
  const record = { result_blob: { hash: "0".repeat(64), bytes: 1 } };
  await expect(bot.completeTask("t", "success", { record } as never)).rejects.toMatchObject({
    code: "invalid_argument",
  });
});

test("work whose agent is revoked while it runs is not completed by it", async () => {
  const { manager, session, bot } = await prepared(ALLOW_ALL);
  const working = bot.run("t", async () => {
    await manager.policies.put("house", []);
    return 5;
  });
  expect((await refusalOf(working)).code).toBe("denied");
  expect(session.getTask("t")).toMatchObject({ status: "running", result: undefined });
});
