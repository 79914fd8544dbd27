import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Session, SessionManager } from "../local.ts";
import { MemoryStore } from "../store/memory.ts";
import { testManager, testProcesses } from "../testing/test-manager.ts";
import type { PersistedSession } from "./persist.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test("a session persists exactly five keys, as plain JSON", async () => {
  const { manager } = testManager({ metadata: { run: 7, owner: { team: "h1" } } });
  const session = await manager.startSession();
  const data = await session.persist();
  expect(data).toEqual({
    session_id: session.sessionId,
    metadata: { run: 7, owner: { team: "h1" } },
    identity_key: "identity:oracle1",
    policy_key: "policy:owner",
    cursor_keys: [],
  });
  expect(JSON.parse(JSON.stringify(data))).toEqual(data);
});

test("what was persisted is a copy: changing it changes nothing in the session", async () => {
  const { manager } = testManager({ metadata: { list: [1] } });
  const session = await manager.startSession();
  const { metadata } = await session.persist();
  (metadata["list"] as number[]).push(2);
  expect((await session.persist()).metadata).toEqual({ list: [1] });
});

test("Session.rehydrate brings a session back from its file, with all its tasks, and leaves it open", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-persist-"));
  folders.push(folder);
  const store = join(folder, "h.db");
  const text = await startedAndClosed(store);
  const data = JSON.parse(text) as PersistedSession;
  {
    await using again = await Session.rehydrate(data, { store });
    expect(again).toBeInstanceOf(Session);
    expect(again.getTask("done")).toMatchObject({ outcome: "success", result: { found: 5 } });
    expect(again.getActiveTasks().map(({ taskId }) => taskId)).toEqual(["open"]);
    await again.completeTask("open", "failed", { error: "no" });
    expect(again.totals).toMatchObject({ total: 2, succeeded: 1, failed: 1 });
  }
  await using later = await Session.rehydrate(data, { store });
  expect([later.status, later.totals.total]).toEqual(["open", 2]);
  expect(await later.persist()).toEqual(data);
});

async function startedAndClosed(store: string): Promise<string> {
  await using manager = new SessionManager(
    { sessionName: "first", agentId: "oracle1", metadata: { a: 1, b: [2] } },
    { store },
  );
  const session = await manager.startSession();
  await session.addTask("done");
  await session.completeTask("done", "success", { result: { found: 5 } });
  await session.addTask("open");
  return JSON.stringify(await session.persist());
}

interface Difference {
  readonly member: keyof PersistedSession;
  readonly value: unknown;
}

test.each<Difference>([
  { member: "metadata", value: { other: true } },
  { member: "identity_key", value: "identity:somebody" },
  { member: "identity_key", value: null },
  { member: "policy_key", value: "policy:mine" },
  { member: "cursor_keys", value: ["cursor:c1"] },
])("the stream wins: $member as $value is refused, and named", async ({ member, value }) => {
  const { manager } = testManager();
  const data = await (await manager.startSession()).persist();
  const differing = { ...data, [member]: value } as PersistedSession;
  await expect(manager.rehydrate(differing)).rejects.toMatchObject({
    code: "persist_mismatch",
    what: expect.stringMatching(new RegExp(`^${member} `)) as string,
  });
});

test("the order of metadata's members is no difference", async () => {
  const { manager } = testManager({ metadata: { a: 1, b: { c: 2, d: 3 } } });
  const session = await manager.startSession();
  const data = { ...(await session.persist()), metadata: { b: { d: 3, c: 2 }, a: 1 } };
  expect(await manager.rehydrate(data)).toBe(session);
});

test.each<readonly [what: string, data: unknown]>([
  ["nothing", null],
  ["text", "sess_1"],
  ["a member missing", { session_id: "s", metadata: {}, identity_key: null, policy_key: null }],
  [
    "a member too many",
    { session_id: "s", metadata: {}, identity_key: null, policy_key: null, cursor_keys: [], more: 1 },
  ],
  [
    "metadata that is a list",
    { session_id: "s", metadata: [], identity_key: null, policy_key: null, cursor_keys: [] },
  ],
  [
    "a key that names no stream",
    { session_id: "s", metadata: {}, identity_key: "me", policy_key: null, cursor_keys: [] },
  ],
  ["an empty id", { session_id: "", metadata: {}, identity_key: null, policy_key: null, cursor_keys: [] }],
])("%s is not what a session persists", async (_, data) => {
  const { manager } = testManager();
  await expect(manager.rehydrate(data as PersistedSession)).rejects.toSatisfy(
    (error: { readonly code: string }) => ["invalid_argument", "invalid_event"].includes(error.code),
  );
});

test("a session the store does not have is not found, and the store is let go of", async () => {
  const store = new MemoryStore();
  const { manager } = testManager();
  const data = await (await manager.startSession()).persist();
  await expect(Session.rehydrate(data, { store })).rejects.toMatchObject({ code: "not_found" });
  await expect(store.end()).rejects.toMatchObject({ code: "store_closed" });
});

test("a rehydrated session follows what another process does", async () => {
  const store = new MemoryStore();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const one = testManager({}, { openStore });
  const two = testManager({}, { openStore, processes: testProcesses(2) });
  const session = await one.manager.startSession();
  const again = await two.manager.rehydrate(await session.persist());
  const heard = new Promise((resolve) => again.on("task_added", (event) => resolve(event.data["task_id"])));
  await session.addTask("a");
  expect(await heard).toBe("a");
  expect(again.tasks.map(({ taskId }) => taskId)).toEqual(["a"]);
});
