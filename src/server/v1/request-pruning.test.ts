import { expect, test } from "vitest";
import { Runtime } from "../../event/runtime.ts";
import { MemoryStore } from "../../store/memory.ts";
import { verifyStore } from "../../store/verify.ts";
import { TestClock, settled } from "../../testing/test-clock.ts";
import { testProcesses } from "../../testing/test-manager.ts";
import { RequestDesk } from "./idempotency.ts";
import { requestAggregate, requestStream } from "./request-aggregate.ts";
import { LOOK_EVERY, pruneRequests, REMEMBERED_MS } from "./request-pruning.ts";

const ANSWER = { status: 200, type: "application/json", location: null, text: "{}" };

function desk() {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const requests = new RequestDesk({ store, moment, processes: testProcesses(), report });
  let worked = 0;
  const work = async () => {
    worked++;
    return await Promise.resolve(ANSWER);
  };
  const ask = async (key: string) => {
    const asked = { principal: "p", key, method: "POST", path: "/v1/x", body: {} };
    return await requests.once(asked, work);
  };
  const runtime = () => new Runtime({ aggregate: requestAggregate, log: store, moment });
  return { store, clock, reported, ask, runtime, worked: () => worked };
}

test("requests of yesterday go, those of today are answered as before, and the chain still verifies", async () => {
  const { store, clock, ask, runtime, worked } = desk();
  for (let count = 0; count < 60; count++) await ask(`old${count}`);
  await clock.advance(REMEMBERED_MS + 1);
  for (let count = 0; count < 60; count++) await ask(`new${count}`);
  const { items } = await store.heads({ filter: { kind: "requests" }, page: { limit: 100 } });
  for (const { stream } of items) {
    await pruneRequests({ store, runtime: runtime(), now: clock.now() }, stream);
    // Once more changes nothing.
    await pruneRequests({ store, runtime: runtime(), now: clock.now() }, stream);
    const left = await store.read({ stream, limit: 1_000 });
    expect(left.every(({ event }) => event.at >= clock.now() - REMEMBERED_MS)).toBe(true);
    expect(left.filter(({ event }) => event.type === "pruned").length).toBeLessThanOrEqual(1);
  }
  expect(worked()).toBe(120);
  for (let count = 0; count < 60; count++) expect((await ask(`new${count}`)).isRepeat).toBe(true);
  expect((await ask("old0")).isRepeat).toBe(false);
  const { ok, pruned, problems } = await verifyStore(store);
  expect([ok, problems, pruned]).toEqual([true, [], 120]);
});

test("a stream is looked through by itself once many have come", async () => {
  const { store, clock, reported, ask } = desk();
  for (let count = 0; count < LOOK_EVERY * 2; count++) await ask(`old${count}`);
  await clock.advance(REMEMBERED_MS + 1);
  for (let count = 0; count < LOOK_EVERY * 8; count++) await ask(`new${count}`);
  await settled();
  const pruned = await store.pruned({ stream: requestStream("0".repeat(64)), limit: 1_000 });
  expect(pruned.length).toBeGreaterThan(50);
  expect(reported).toEqual([]);
});
