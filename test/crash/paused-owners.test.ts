// Whoever holds a lease is stopped (SIGSTOP) until its time is over and another has taken over, and wakes in the middle
// of what it did. Leases only save work: nothing may be lost and nothing doubled. Time runs fast for all of them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { streamId, type Event } from "../../src/event/event.ts";
import { SessionManager } from "../../src/local.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { TestPlato } from "../../src/testing/test-plato.ts";
import { countWaiting } from "../../src/tile/waiting.ts";
import { FastClock, type FastTime } from "./fast-clock.ts";
import { breachesOf } from "./laws.ts";
import { Owner } from "./owners.ts";
import type { OwnerOrders, StopPoint } from "./owner.ts";
import { hasTarget, startTarget, type Target } from "./targets.ts";

const CONFIG = { sessionName: "check", agentId: "check" };
const TIMEOUT = { timeout: 40_000 };
const DAY_MS = 24 * 60 * 60 * 1_000;

/** The first append of a sender opens the outbox, the second records what was sent. */
const SENDER: readonly StopPoint[] = [
  { call: "append:after", time: 2 },
  { call: "append:before", time: 2 },
  { call: "lease:after", time: 1 },
];
const PRUNER: readonly StopPoint[] = [
  { call: "append:before", time: 2 },
  { call: "prune:before", time: 2 },
  { call: "delete:before", time: 2 },
];

describe.each(["sqlite", "postgres", "redis"])("on %s", (name) => {
  const isThere = hasTarget(name);
  /** What differs from store to store is the lease; the points are those of the work. */
  const isBrief = name !== "sqlite" && process.env["HOLODECK_LONG"] !== "1";
  const folder = mkdtempSync(join(tmpdir(), "holodeck-paused-"));
  const owners: Owner[] = [];
  let target: Target;
  beforeAll(async () => {
    if (isThere) target = await startTarget(name);
  });
  afterEach(() => {
    for (const owner of owners.splice(0)) owner.kill();
  });
  afterAll(async () => {
    if (isThere) await target.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(orders: Partial<OwnerOrders> & Pick<OwnerOrders, "work" | "address" | "time">): Owner {
    const rest = { name: "first", stopAt: null, folder, platoUrl: "", sessionId: null };
    const owner = new Owner({ ...rest, ...orders });
    owners.push(owner);
    return owner;
  }

  test.skipIf(!isThere).each(isBrief ? SENDER.slice(-1) : SENDER)(
    "a sender that sleeps at $call loses no tile and doubles none",
    TIMEOUT,
    async (stopAt) => {
      const plato = await new TestPlato().start();
      const time: FastTime = { since: Date.now(), speed: 20, aheadMs: 0 };
      const both = { work: "send", address: target.newStore(), time, platoUrl: plato.url } as const;
      const first = start({ ...both, stopAt });
      const sessionId = await first.said("started");
      await first.said("stopped");
      const options = { store: both.address, deliverTiles: false, clock: new FastClock(time) };
      await using manager = new SessionManager(CONFIG, options);
      const store = await manager.store();
      // Something waits, wherever the first has come to.
      await (await manager.get(sessionId)).addTask("meanwhile");
      const second = start({ ...both, name: "second", sessionId });
      await second.said("owns");
      while ((await countWaiting(store)) > 0) await delay(10);
      expect(first.hasSaid("done")).toBe(false);

      first.resume();
      await first.said("done");
      while ((await countWaiting(store)) > 0) await delay(10);
      expect(await Promise.all([first.finish(), second.finish()])).toEqual(["", ""]);
      const told = await (await manager.get(sessionId)).tiles();
      expect(plato.tiles.map(({ tile }) => tile)).toEqual(JSON.parse(JSON.stringify(told)));
      expect((await verifyStore(store)).problems).toEqual([]);
      await plato.stop();
    },
  );

  test.skipIf(!isThere).each(isBrief ? PRUNER.slice(-1) : PRUNER)(
    "who prunes and sleeps at $call lets go of nothing that is needed",
    TIMEOUT,
    async (stopAt) => {
      const address = target.newStore();
      const ids = await endedSessions(address);
      const time: FastTime = { since: Date.now(), speed: 100, aheadMs: 3 * DAY_MS };
      const both = { work: "prune", address, time } as const;
      const first = start({ ...both, stopAt });
      await first.said("stopped");
      const second = start({ ...both, name: "second" });
      await second.said("done");
      // What both found unused is used again before the first wakes.
      await using manager = new SessionManager(CONFIG, { store: address, clock: new FastClock(time) });
      const session = await manager.startSession();
      for (const index of ids.keys()) {
        await session.addTask(`t${index}`);
        await session.completeTask(`t${index}`, "success", { result: large(index) });
      }

      first.resume();
      await first.said("done");
      expect(await Promise.all([first.finish(), second.finish()])).toEqual(["", ""]);
      for (const [index, id] of ids.entries()) {
        expect(await session.readResult(`t${index}`)).toBe(large(index));
        const pruned = await manager.get(id);
        expect([pruned.pruned, pruned.totals.succeeded]).toEqual(["events", 1]);
        expect(await (await manager.store()).head({ stream: streamId("session", id) })).toMatchObject({
          seq: PRUNED_SEQ,
        });
      }
      expect((await verifyStore(await manager.store())).problems).toEqual([]);
    },
  );

  test.skipIf(!isThere)("who runs a plan and sleeps is told, and takes back nothing", TIMEOUT, async () => {
    const time: FastTime = { since: Date.now(), speed: 20, aheadMs: 0 };
    const both = { work: "run", address: target.newStore(), time } as const;
    const first = start(both);
    const sessionId = await first.said("started");
    await first.said("running");
    first.pause();
    const second = start({ ...both, name: "second", sessionId });
    await second.said("running");
    expect(first.hasSaid("lost")).toBe(false);

    first.resume();
    await first.said("lost");
    await second.said("done");
    expect(await Promise.all([first.finish(), second.finish()])).toEqual(["", ""]);
    await using manager = new SessionManager(CONFIG, { store: both.address, clock: new FastClock(time) });
    const session = await manager.get(sessionId);
    const events: Event[] = [];
    for await (const event of session.events()) events.push(event);
    expect(breachesOf(events)).toMatchObject({ doubled: [], torn: [] });
    expect(session.outcome).toBe("success");
    expect(session.tasks.map(({ outcome }) => outcome)).toEqual(["success", "success", "success"]);
    // Who wakes loses its own attempt, which is over, and not that of the second.
    expect(session.getTask("t1")?.attempts).toBe(2);
  });
});

/** Start, task added, started and ended, end; and what says that they went. */
const PRUNED_SEQ = 6;

/** Their results are too large for an event, and each its own. */
async function endedSessions(store: string): Promise<readonly string[]> {
  await using manager = new SessionManager(CONFIG, { store });
  const ids: string[] = [];
  for (const index of [0, 1, 2]) {
    const session = await manager.startSession();
    await session.addTask("t");
    await session.completeTask("t", "success", { result: large(index) });
    await session.endSession();
    ids.push(session.sessionId);
  }
  return ids;
}

function large(index: number): string {
  return `${index} ${"x".repeat(100_000)}`;
}
