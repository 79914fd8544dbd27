import { expect, test } from "vitest";
import { eventsOf } from "../testing/events-of.ts";
import { testManager } from "../testing/test-manager.ts";
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
