import { expect, test } from "vitest";
import { streamId } from "../event/event.ts";
import { fold } from "../event/fold.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { verifyStore } from "../store/verify.ts";
import { testItem } from "../testing/events.ts";
import { TestClock } from "../testing/test-clock.ts";
import { testManager } from "../testing/test-manager.ts";
import { sessionAggregate } from "./aggregate.ts";
import type { Retain } from "./retain.ts";
import { Retention, type Pruned } from "./retention.ts";
import type { Session } from "./session.ts";
import { streamOf } from "./stream.ts";

const DAY_MS = 86_400_000;
const LARGE = "x".repeat(40_000);

/** The machine sleeps: nobody wakes on the way. */
function pass(clock: TestClock, ms: number): void {
  clock.suspend(ms);
  clock.check();
}

/** An ended session with a result in its events and one in a blob. */
async function ended(store: Store, clock: TestClock, outcome: "success" | "failed" = "success") {
  const { manager } = testManager(
    { tags: ["audit"] },
    { openStore: async () => Promise.resolve(store), clock },
  );
  const session = await manager.startSession();
  for (const [id, result] of [
    ["small", "zebra"],
    ["large", LARGE + session.sessionId],
  ] as const) {
    await session.addTask(id);
    await session.completeTask(id, "success", { result });
  }
  await session.endSession(outcome);
  return session;
}

async function prune(store: Store, clock: TestClock, retain: Retain, dryRun = false): Promise<Pruned> {
  return new Retention({ store, clock, retain, owner: "o", dryRun }).run();
}

function stateOf(store: Store, session: Session, throughSeq?: number) {
  const stream = streamOf(session.sessionId);
  return fold({
    aggregate: sessionAggregate,
    log: store,
    stream,
    ...(throughSeq !== undefined && { throughSeq }),
  });
}

async function aged(days: number, outcome?: "success" | "failed") {
  const store = new MemoryStore();
  const clock = new TestClock();
  const session = await ended(store, clock, outcome);
  pass(clock, days * DAY_MS);
  return { store, clock, session };
}

test("events and blobs go when their days are over; head, totals and patterns stay, and the chain holds", async () => {
  const { store, clock, session } = await aged(31);
  const stream = streamOf(session.sessionId);
  const before = await store.head({ stream });
  const { patterns, totals } = session;
  expect(await prune(store, clock, { eventsDays: 30 })).toMatchObject({
    sessions: 1,
    blobs: 1,
    events: before?.seq,
  });
  const [only, ...others] = await store.read({ stream });
  expect(others).toEqual([]);
  expect(only?.event).toMatchObject({
    type: "pruned",
    room: null,
    data: { from: 1, to: before?.seq, last_hash: before?.hash },
  });
  const after = await store.head({ stream });
  expect(after).toMatchObject({
    status: before?.status,
    labels: before?.labels,
    createdAt: before?.createdAt,
  });
  expect(after?.summary).toEqual({ ...before?.summary, pruned: "events" });
  const { manager } = testManager({}, { openStore: async () => Promise.resolve(store), clock });
  const left = await manager.get(session.sessionId);
  expect([left.patterns, left.totals, left.outcome, left.pruned, left.tasks]).toEqual([
    patterns,
    totals,
    "success",
    "events",
    [],
  ]);
  expect((await store.search({ text: "zebra" })).items).toEqual([]);
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 1, pruned: before?.seq });
});

test("nothing goes before its time, and by default nothing but unused blobs", async () => {
  const { store, clock, session } = await aged(29);
  const none = { sessions: 0, events: 0, blobs: 0, blobBytes: 0 };
  expect(await prune(store, clock, { eventsDays: 30 })).toEqual(none);
  expect(await prune(store, clock, {})).toEqual(none);
  expect(await session.readResult("large")).toBe(LARGE + session.sessionId);
});

test("an open session keeps everything, however old", async () => {
  const { manager, clock } = testManager({ sessionTimeoutSeconds: 31_536_000 });
  const session = await manager.startSession();
  pass(clock, 20 * DAY_MS);
  const store = await manager.store();
  expect(await prune(store, clock, { eventsDays: 1 })).toMatchObject({ sessions: 0, events: 0 });
  expect(session.status).toBe("open");
});

test("blobs go alone when theirs are the shorter days, and their reader is told so", async () => {
  const { store, clock, session } = await aged(8);
  expect(await prune(store, clock, { eventsDays: 30, blobsDays: 7 })).toMatchObject({
    sessions: 1,
    events: 0,
    blobs: 1,
  });
  await expect(session.readResult("large")).rejects.toMatchObject({ code: "pruned" });
  expect(await session.readResult("small")).toBe("zebra");
  expect(await verifyStore(store)).toMatchObject({ ok: true, pruned: 0 });
  pass(clock, 30 * DAY_MS);
  expect(await prune(store, clock, { eventsDays: 30, blobsDays: 7 })).toMatchObject({
    sessions: 1,
    blobs: 0,
  });
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 1 });
});

test("sessions that failed keep everything when asked to", async () => {
  const { store, clock, session } = await aged(31, "failed");
  expect(await prune(store, clock, { eventsDays: 0, keepFailed: true })).toMatchObject({
    sessions: 0,
    blobs: 0,
  });
  expect(await session.readResult("small")).toBe("zebra");
  expect(await prune(store, clock, { eventsDays: 0 })).toMatchObject({ sessions: 1 });
});

test("a dry run counts what would go and changes nothing", async () => {
  const { store, clock } = await aged(31);
  const [end, events, blobs] = [await store.end(), await store.tail({ after: null }), await store.blobs({})];
  const would = await prune(store, clock, { eventsDays: 30 }, true);
  expect([await store.end(), await store.tail({ after: null }), await store.blobs({})]).toEqual([
    end,
    events,
    blobs,
  ]);
  expect(await prune(store, clock, { eventsDays: 30 })).toEqual(would);
});

test("who asks for what was pruned is told so: an earlier state, events, tiles", async () => {
  const { store, clock, session } = await aged(31);
  expect((await stateOf(store, session, 3)).seq).toBe(3);
  await prune(store, clock, { eventsDays: 30 });
  const pruned = { code: "pruned", todo: expect.stringMatching(/\S/) };
  await expect(stateOf(store, session, 3)).rejects.toMatchObject(pruned);
  await expect(session.tiles()).rejects.toMatchObject(pruned);
  expect((await stateOf(store, session)).state).toMatchObject({ pruned: "events", outcome: "success" });
});

test("the state is the same with the events before the pruned one and without them", async () => {
  const { store, clock, session } = await aged(31);
  const half: Store = failing(store, "append", 0);
  await expect(prune(half, clock, { eventsDays: 30 })).rejects.toThrow("crash");
  const whole = await stateOf(store, session);
  await store.prune({ stream: streamOf(session.sessionId), throughSeq: whole.seq - 1 });
  expect(await stateOf(store, session)).toEqual(whole);
});

test("a blob just put survives without its event for a day, and goes after it", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  await store.putBlob({ bytes: new Uint8Array([1]), now: clock.now() });
  pass(clock, DAY_MS);
  expect(await prune(store, clock, {})).toMatchObject({ blobs: 0 });
  await clock.advance(1);
  expect(await prune(store, clock, {})).toMatchObject({ blobs: 1, blobBytes: 1 });
});

test("the parts of a fleet's snapshot stay, though no event names them, until a newer one is there", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const stream = streamId("fleet", "default");
  const item = testItem({ stream });
  await store.append([item]);
  const part = await store.putBlob({ bytes: new Uint8Array([2]), now: clock.now() });
  const snapshot = { seq: 1, hash: item.events[0]!.hash, at: 0, version: 2 };
  await store.saveSnapshot({ stream, snapshot: { ...snapshot, state: { parts: [part] } } });
  pass(clock, 2 * DAY_MS);
  expect(await prune(store, clock, {})).toMatchObject({ blobs: 0 });
  await store.saveSnapshot({ stream, snapshot: { ...snapshot, state: { parts: [] } } });
  expect(await prune(store, clock, {})).toMatchObject({ blobs: 1 });
});

test("a blob that several sessions name stays until the last of them goes", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const { manager } = testManager({}, { openStore: async () => Promise.resolve(store), clock });
  const sessions: Session[] = [];
  for (let count = 0; count < 2; count++) {
    const session = await manager.startSession();
    await session.addTask("t");
    await session.completeTask("t", "success", { result: LARGE });
    await session.endSession();
    sessions.push(session);
    pass(clock, 10 * DAY_MS);
  }
  expect(await prune(store, clock, { eventsDays: 15 })).toMatchObject({ sessions: 1, blobs: 0 });
  expect(await sessions[1]?.readResult("t")).toBe(LARGE);
  pass(clock, 10 * DAY_MS);
  expect(await prune(store, clock, { eventsDays: 15 })).toMatchObject({ sessions: 1, blobs: 1 });
});

test("files that only a long list of artifacts names stay as long as the list, and go with it", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const put = async (text: string): Promise<string> =>
    await store.putBlob({ bytes: Buffer.from(text), now: clock.now() });
  const files = [await put("one"), await put("two")];
  const list = files.map((hash, index) => ({ path: `${index}.txt`, hash, bytes: 3 }));
  const hash = await put(JSON.stringify(list));
  const { manager } = testManager({}, { openStore: async () => Promise.resolve(store), clock });
  const session = await manager.startSession();
  await session.addTask("t");
  const record = { artifacts_blob: { hash, bytes: 1, preview: "2 artifacts" } };
  await session.completeTask("t", "success", { record });
  await session.endSession();
  pass(clock, 10 * DAY_MS);
  expect(await prune(store, clock, { eventsDays: 15 })).toMatchObject({ blobs: 0 });
  expect(await session.readArtifacts("t")).toEqual(list);
  pass(clock, 10 * DAY_MS);
  expect(await prune(store, clock, { eventsDays: 30, blobsDays: 15 })).toMatchObject({
    sessions: 1,
    blobs: 3,
  });
  expect((await store.blobs({})).items).toEqual([]);
});

test("other streams are never pruned", async () => {
  const { store, clock } = await aged(31);
  const fleet = streamId("fleet", "default");
  await store.append([
    testItem({ stream: fleet, facts: [{}, {}], head: { kind: "fleet", status: "ended", createdAt: 0 } }),
  ]);
  await prune(store, clock, { eventsDays: 0 });
  expect(await store.read({ stream: fleet })).toHaveLength(2);
});

test("two at once do no harm: one works, the other leaves it to it", async () => {
  const { store, clock } = await aged(31);
  const [one, two] = ["one", "two"].map(
    (owner) => new Retention({ store, clock, retain: { eventsDays: 1 }, owner }),
  );
  expect(await one?.tick()).toBe("more");
  expect(await two?.tick()).toBe("elsewhere");
  await expect(two?.run()).rejects.toMatchObject({ code: "conflict" });
  pass(clock, 61_000);
  await Promise.all([two?.run(), one?.run().catch(() => undefined)]);
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 1 });
});

test("a crash between any two steps leaves a sound store, and the next round finishes", async () => {
  const steps = ["append", "prune", "deleteBlob", "lease", "tail", "read"] as const;
  for (const step of steps) {
    for (const when of [0, 1, 2]) {
      const { store, clock, session } = await aged(31);
      await ended(store, clock);
      pass(clock, 31 * DAY_MS);
      await prune(failing(store, step, when), clock, { eventsDays: 30 }).catch(() => undefined);
      expect(await verifyStore(store), `${step} ${when}`).toMatchObject({ ok: true, problems: [] });
      pass(clock, 61_000);
      await prune(store, clock, { eventsDays: 30 });
      expect(await verifyStore(store), `${step} ${when}`).toMatchObject({ ok: true, events: 2 });
      expect((await store.blobs({})).items).toEqual([]);
      expect((await stateOf(store, session)).state.pruned).toBe("events");
    }
  }
});

test("a manager prunes when it was told what to retain, and refuses what cannot be kept to", async () => {
  const { store, clock } = await aged(31);
  const openStore = async () => Promise.resolve(store);
  const { manager } = testManager({}, { openStore, clock, retain: { eventsDays: 30 } });
  await manager.list();
  await clock.advance(1);
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 1 });
  for (const retain of [{ eventsDays: -1 }, { blobsDays: Number.NaN }, { eventsDays: 1, blobsDays: 2 }]) {
    expect(() => testManager({}, { openStore, clock, retain })).toThrow(/retain/);
  }
});

/** The store, of which the call `step` does its work and then fails, from the time after `passed` times on: a crash. */
function failing(store: Store, step: keyof Store, passed: number): Store {
  let left = passed;
  let isDead = false;
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...values: unknown[]): Promise<unknown> => {
        if (isDead) throw new Error("crash");
        const result: unknown = await Reflect.apply(member, target, values);
        if (name === step && left-- === 0) isDead = true;
        if (isDead) throw new Error("crash");
        return result;
      };
    },
  });
}

test("what still waits for its room stays until it was sent", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const openStore = async (): Promise<MemoryStore> => await Promise.resolve(store);
  const { manager } = testManager({ platoUrl: "http://localhost:8848" }, { openStore, clock });
  const session = await manager.startSession();
  await session.endSession();
  pass(clock, 10 * DAY_MS);
  expect(await prune(store, clock, { eventsDays: 1 })).toMatchObject({ sessions: 0 });
  expect(await session.tiles()).toHaveLength(2);
});
