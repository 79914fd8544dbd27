import { expect, test } from "vitest";
import { verifyStore } from "../store/verify.ts";
import { testManager } from "../testing/test-manager.ts";
import type { TaskRecord } from "./events.ts";
import { Retention } from "./retention.ts";
import type { Session } from "./session.ts";
import { streamOf } from "./stream.ts";

const HASH = "a".repeat(64);
const RECORD: TaskRecord = { output: { hash: HASH, bytes: 5, preview: "begun" }, exit_code: 0 };
const LATER: TaskRecord = { output: { hash: "b".repeat(64), bytes: 5 } };

/** A session whose one task runs for the first time. */
async function running(retries = 0): Promise<{ readonly session: Session; readonly made: Made }> {
  const made = testManager();
  const session = await made.manager.startSession();
  await session.addTask("t", null, { timeoutSeconds: 5, retries: { max: retries } });
  await session.startTask("t", { process: null });
  return { session, made };
}

type Made = ReturnType<typeof testManager>;

async function typesOf(session: Session): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const { type } of session.events()) types.push(type);
  return types;
}

test("what is kept of an attempt after its session's end is its task's, and nothing that was final moves", async () => {
  const { session } = await running();
  await session.endSession("cancelled");
  const { outcome, totals, patterns } = session;
  const { durationMs, error } = session.getTask("t") ?? {};
  await session.keepRecord("t", 1, RECORD);
  expect(session.getTask("t")?.record).toEqual(RECORD);
  expect(session.getTask("t")?.toJSON()).toMatchObject(RECORD);
  expect([session.outcome, session.totals, session.patterns]).toEqual([outcome, totals, patterns]);
  expect(session.getTask("t")).toMatchObject({ outcome: "cancelled", durationMs, error });
  expect((await typesOf(session)).at(-1)).toBe("record_kept");
  expect((await session.tiles()).length).toBe(4);
});

test("a record is told once, however often it is kept", async () => {
  const { session } = await running();
  await session.endSession("cancelled");
  await session.keepRecord("t", 1, RECORD);
  const types = await typesOf(session);
  await session.keepRecord("t", 1, RECORD);
  await session.keepRecord("t", 1, {});
  expect(await typesOf(session)).toEqual(types);
});

test("an attempt that runs, or never did, keeps nothing beside its completion", async () => {
  const { session } = await running();
  await expect(session.keepRecord("t", 1, RECORD)).rejects.toMatchObject({ code: "conflict" });
  await expect(session.keepRecord("t", 2, RECORD)).rejects.toMatchObject({ code: "conflict" });
  await expect(session.keepRecord("u", 1, RECORD)).rejects.toMatchObject({ code: "task_not_found" });
  await expect(session.keepRecord("t", 0, RECORD)).rejects.toMatchObject({ code: "invalid_argument" });
});

test("a task shows what is kept of its last attempt, and the events tell of the others", async () => {
  const { session } = await running(1);
  await session.loseAttempt("t", "gone", { record: LATER });
  expect(session.getTask("t")).toMatchObject({ status: "pending", record: LATER });
  await session.startTask("t");
  expect(session.getTask("t")?.record).toEqual({});
  await session.keepRecord("t", 1, RECORD);
  expect(session.getTask("t")?.record).toEqual({});
  await session.completeTask("t", "success", { record: { exit_code: 0 } });
  expect(session.getTask("t")?.record).toEqual({ exit_code: 0 });
  expect(await typesOf(session)).toContain("record_kept");
});

test("a task that is cancelled between two attempts keeps what there is of the last", async () => {
  const { session } = await running(1);
  await session.completeTask("t", "failed", { record: RECORD });
  await session.endSession("cancelled");
  expect(session.getTask("t")).toMatchObject({ outcome: "cancelled", record: RECORD });
});

test("a session that was let go of keeps no more, and one that kept a record is let go of whole", async () => {
  const { session, made } = await running();
  await session.endSession("cancelled");
  await session.keepRecord("t", 1, RECORD);
  const store = await made.manager.store();
  const { clock } = made;
  await new Retention({ store, clock, retain: { eventsDays: 0 }, owner: "o" }).run();
  const events = await store.read({ stream: streamOf(session.sessionId) });
  expect(events.map(({ event }) => event.type)).toEqual(["pruned"]);
  expect(await verifyStore(store)).toMatchObject({ ok: true });
  await expect(session.keepRecord("t", 1, LATER)).rejects.toMatchObject({ code: "pruned" });
});
