import { expect, test } from "vitest";
import { streamId } from "../event/event.ts";
import { MemoryStore } from "../store/memory.ts";
import { eventsOf } from "../testing/events-of.ts";
import { TestClock } from "../testing/test-clock.ts";
import { testManager } from "../testing/test-manager.ts";
import { FleetRouter } from "./fleet-router.ts";
import { withTrace } from "./trace-context.ts";
import { traceparentFault } from "./traceparent.ts";

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("events that follow from commands of a trace say so, and those of time do not", async () => {
  const { manager, clock } = testManager({ sessionTimeoutSeconds: 10 });
  const session = await manager.startSession();
  await withTrace(TRACE, async () => {
    await session.addTask("a");
    await session.startTask("a");
  });
  await clock.advance(10_000);
  const traced = (await eventsOf(session)).map(({ type, data }) => [type, data["trace"]]);
  expect(traced).toEqual([
    ["session_started", undefined],
    ["task_added", TRACE],
    ["task_started", TRACE],
    ["task_ended", undefined],
    ["session_error", undefined],
    ["session_ended", undefined],
  ]);
  await manager.close();
});

test("what a fleet does for a session is for the trace of what the session did, also when it does it later", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const router = new FleetRouter({ log: store, moment, fleet: "default", offset: -2 });
  const openStore = async () => await Promise.resolve(store);
  const { manager } = testManager({ h1RouterEnabled: true }, { openStore, router, clock });
  const session = await manager.startSession();
  await withTrace(TRACE, async () => await manager.routeTaskH1("a"));
  await manager.routeTaskH1("b");
  await session.completeTask("a", "success");
  await withTrace(TRACE, async () => await session.completeTask("b", "success"));
  await clock.advance(1_000);
  const stored = await store.read({ stream: streamId("fleet", "default"), afterSeq: 0, limit: 100 });
  const traces = stored.map(({ event }) => [event.type, event.data["task_id"], event.data["trace"]]);
  for (const [type, task, trace] of [
    ["task_routed", "a", TRACE],
    ["task_routed", "b", undefined],
    ["task_confirmed", "a", TRACE],
    ["task_confirmed", "b", undefined],
    ["task_completed", "a", undefined],
    ["task_completed", "b", TRACE],
  ])
    expect(traces).toContainEqual([type, task, trace]);
  await manager.close();
});

test("a trace changes no tile", async () => {
  expect(await tilesOf(true)).toBe(await tilesOf(false));
});

async function tilesOf(isTraced: boolean): Promise<string> {
  const { manager } = testManager();
  const work = async () => {
    const session = await manager.startSession();
    await session.addTask("a");
    await session.completeTask("a", "success", { result: { found: 5 } });
    await session.endSession("failed", { error: "no" });
    return JSON.stringify(await session.tiles());
  };
  const told = isTraced ? await withTrace(TRACE, work) : await work();
  await manager.close();
  return told;
}

test("a text that is no traceparent is refused with what is wrong", async () => {
  for (const text of [
    "",
    "00",
    TRACE.toUpperCase(),
    TRACE.replace("00-", "ff-"),
    `${TRACE}-more`,
    TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    TRACE.replace("00f067aa0ba902b7", "0".repeat(16)),
    `${TRACE}\n`,
  ]) {
    expect(traceparentFault(text), text).not.toBeNull();
    await expect(withTrace(text, async () => {})).rejects.toMatchObject({ code: "invalid_argument" });
  }
  expect(traceparentFault(TRACE)).toBeNull();
  expect(traceparentFault(`cc${TRACE.slice(2)}-what-comes-later`)).toBeNull();
});
