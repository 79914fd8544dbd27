// Whether who came in once would come in again.
import { beforeEach, expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { KeyRing } from "./key-ring.ts";
import { LOCAL_OPERATOR, type Principal } from "./principal.ts";

const OBSERVER = { name: "ci", role: "observer" } as const;

let clock: TestClock;
let ring: KeyRing;
/** Of another process. */
let elsewhere: KeyRing;

beforeEach(() => {
  clock = new TestClock();
  const parts = { store: new MemoryStore(), moment: () => ({ now: clock.now(), boot: clock.boot() }) };
  ring = new KeyRing(parts);
  elsewhere = new KeyRing(parts);
});

async function enter(key: string): Promise<Principal> {
  const principal = await ring.principalOf(key);
  if (principal === null) throw new Error("The key opens nothing.");
  return principal;
}

test("who came in with a key that was revoked elsewhere holds until that is read, and no longer", async () => {
  const principal = await enter(await elsewhere.create(OBSERVER));
  expect(ring.holds(principal)).toBe(true);
  await elsewhere.revoke("ci");
  await ring.readOn();
  expect(ring.holds(principal)).toBe(false);
});

test("a name that was given to another key does not bring back who had it before", async () => {
  const before = await enter(await ring.create(OBSERVER));
  await ring.revoke("ci");
  const after = await enter(await ring.create(OBSERVER));
  expect([ring.holds(before), ring.holds(after)]).toEqual([false, true]);
});

test("a key says until when it holds, and holds until then", async () => {
  const expiresAt = clock.now() + 1_000;
  const principal = await enter(await ring.create({ ...OBSERVER, expiresAt }));
  expect(principal.expiresAt).toBe(expiresAt);
  await clock.advance(999);
  expect(ring.holds(principal)).toBe(true);
  await clock.advance(1);
  expect(ring.holds(principal)).toBe(false);
});

test("a token whose holder is called as a revoked key was holds until its own end", async () => {
  await ring.create(OBSERVER);
  await ring.revoke("ci");
  const token: Principal = { ...OBSERVER, sessions: null, rooms: null, expiresAt: clock.now() + 1_000 };
  expect(ring.holds(token)).toBe(true);
  await clock.advance(1_000);
  expect(ring.holds(token)).toBe(false);
});

test("who needed no key is let go of once there is one", async () => {
  expect(ring.holds(LOCAL_OPERATOR)).toBe(true);
  await elsewhere.create(OBSERVER);
  await ring.readOn();
  expect(ring.holds(LOCAL_OPERATOR)).toBe(false);
});
