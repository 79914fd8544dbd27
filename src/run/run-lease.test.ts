import { expect, onTestFinished, test } from "vitest";
import type { ProcessIdentity } from "../session/events.ts";
import { MemoryStore } from "../store/memory.ts";
import { settled, TestClock } from "../testing/test-clock.ts";
import { hostName } from "./host.ts";
import { RunLease } from "./run-lease.ts";

const MINUTE_MS = 60_000;

function runner(host: string, pid: number): ProcessIdentity {
  return { host, boot_id: `boot of ${host}`, pid, start_time: "1" };
}

/** Runners of one session on any hosts; `dead` are those whose own host knows that they have ended. */
function hosts(dead: readonly ProcessIdentity[] = []) {
  const store = new MemoryStore();
  const clock = new TestClock();
  const leaseOf = (self: ProcessIdentity, own = clock): RunLease => {
    const processes = { self: () => self, isAlive: (one: ProcessIdentity) => !dead.includes(one) };
    const lease = new RunLease({ store, clock: own, processes, sessionId: "sess_1" });
    onTestFinished(async () => await lease[Symbol.asyncDispose]());
    return lease;
  };
  return { store, clock, leaseOf };
}

const here = runner(hostName(), 1);
const there = runner("elsewhere", 1);

test("a second host waits for as long as the first runs, and gets it once that has given it back", async () => {
  const { clock, leaseOf } = hosts();
  const first = leaseOf(there);
  expect(await first.take(null)).toBe(true);
  first.keep(() => undefined);
  await clock.advance(10 * MINUTE_MS);
  expect(await leaseOf(here).take(there)).toBe(false);
  await first[Symbol.asyncDispose]();
  expect(await leaseOf(here).take(there)).toBe(true);
});

test("what a killed runner held is free for another host after its time", async () => {
  const { clock, leaseOf } = hosts();
  await leaseOf(there).take(null);
  expect(await leaseOf(here).take(there)).toBe(false);
  await clock.advance(MINUTE_MS);
  expect(await leaseOf(here).take(there)).toBe(true);
});

test("what a runner held that is known here to be dead is free at once", async () => {
  const dead = runner(hostName(), 2);
  const { leaseOf } = hosts([dead]);
  await leaseOf(dead).take(null);
  expect(await leaseOf(here).take(dead)).toBe(true);
});

test("that a runner of another host is not found here does not make it dead", async () => {
  const { leaseOf } = hosts([there]);
  await leaseOf(there).take(null);
  expect(await leaseOf(here).take(there)).toBe(false);
});

test("who slept past its time is told that another has taken over, and takes nothing from it", async () => {
  const { clock, leaseOf } = hosts();
  const stopped = new TestClock();
  const sleeper = leaseOf(there, stopped);
  await sleeper.take(null);
  const lost: string[] = [];
  sleeper.keep(() => lost.push("lost"));
  await clock.advance(MINUTE_MS);
  expect(await leaseOf(here).take(there)).toBe(true);
  await stopped.advance(11_000);
  await settled();
  expect(lost).toEqual(["lost"]);
  await sleeper[Symbol.asyncDispose]();
  expect(await leaseOf(runner("third", 1)).take(here)).toBe(false);
});

test("a store that is away for a moment costs the runner nothing", async () => {
  const { store, clock, leaseOf } = hosts();
  const first = leaseOf(there);
  await first.take(null);
  const lost: string[] = [];
  first.keep(() => lost.push("lost"));
  const lease = store.lease.bind(store);
  store.lease = async () => await Promise.reject(new Error("away"));
  await clock.advance(11_000);
  store.lease = lease;
  await clock.advance(MINUTE_MS);
  expect(lost).toEqual([]);
  expect(await leaseOf(here).take(there)).toBe(false);
});
