import { EventEmitter } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { parsePlan } from "../run/plan.ts";
import { testManager } from "../testing/test-manager.ts";
import type { Output } from "./io.ts";
import { liveView, plainView } from "./live-view.ts";

const PLAN = `
version: 1
name: watched
agent_id: oracle1
limits: {concurrency: 2, session_timeout_seconds: 60, task_timeout_seconds: 10}
tasks:
  - {id: one, run: echo 1}
  - {id: two, run: echo 2, after: [one]}
`;

class Screen extends EventEmitter implements Output {
  readonly isTTY = true;
  readonly columns = 80;
  readonly rows = 20;
  #text = "";

  write(text: string): boolean {
    this.#text += text;
    return true;
  }

  /** The lines that were written since the last look. */
  look(): readonly string[] {
    const lines = stripVTControlCharacters(this.#text).replaceAll("\r", "").split("\n");
    this.#text = "";
    return lines.map((line) => line.trimEnd()).filter((line) => line !== "");
  }
}

async function watched() {
  const { manager, clock } = testManager({
    sessionName: "watched",
    sessionTimeoutSeconds: 60,
    taskTimeoutSeconds: 10,
  });
  const session = await manager.startSession();
  const plan = parsePlan({ text: PLAN, file: "plan.yaml" });
  const out = new Screen();
  const { sessionId } = session;
  const hints = { resume: `holodeck resume ${sessionId}`, show: `holodeck session show ${sessionId}` };
  return { manager, clock, session, out, params: { session, plan, out, env: { TZ: "UTC" }, clock, hints } };
}

test("the live view shows what runs, and leaves the end standing", async () => {
  const { manager, clock, session, out, params } = await watched();
  const view = liveView(params);
  await session.addTask("one");
  await session.addTask("two");
  await session.startTask("one");
  await clock.advance(1_500);
  view.output("one", "half a li");
  view.output("one", "ne\nlast");
  out.emit("resize");
  expect(out.look().slice(-5)).toEqual([
    `watched  ${session.sessionId}`,
    "running  1.5s of 1m 00s  0 of 2 tasks  1 at once, at most 2",
    "● one  oracle1  running       1.5s  last",
    "○ two           waiting",
    `Ctrl-C stops it; holodeck resume ${session.sessionId} goes on.`,
  ]);
  await session.completeTask("one", "success", { durationMs: 700 });
  await session.endSession("success");
  out.emit("resize");
  expect(out.look().at(-1)).toMatch(/^Waiting for what it started to leave/);
  await view.close();
  expect(out.look()).toEqual([
    `watched  ${session.sessionId}`,
    "success  1.5s  2 of 2 tasks",
    "✔ one  oracle1  success       0.7s  last",
    "– two           cancelled     0.0s  The session ended as success.",
    `holodeck session show ${session.sessionId} shows it again.`,
  ]);
  expect(out.listenerCount("resize")).toBe(0);
  await manager.close();
});

test("a run that was stopped says how to go on", async () => {
  const { manager, session, out, params } = await watched();
  const view = liveView(params);
  await view.close();
  expect(out.look().slice(-5)).toEqual([
    `watched  ${session.sessionId}`,
    "stopped  0.0s  0 of 2 tasks",
    "○ one  waiting",
    "○ two  waiting",
    `holodeck resume ${session.sessionId} goes on.`,
  ]);
  await manager.close();
});

test("a task is retrying until its next attempt may start, and not once nobody runs it", async () => {
  const { manager, clock, session, out, params } = await watched();
  const view = liveView(params);
  const statesNow = (): readonly string[] =>
    out
      .look()
      .slice(-3, -1)
      .map((line) => line.slice(0, 24).trim());
  await session.addTask("one");
  await session.addTask("two", null, { retries: { max: 1, backoffSeconds: 3 } });
  await session.startTask("one", { process: null });
  await session.completeTask("two", "failed");
  await session.loseAttempt("one", "The attempt was stopped.");
  out.emit("resize");
  expect(statesNow()).toEqual(["○ one  oracle1  waiting", "↻ two  oracle1  retrying"]);
  await clock.advance(3_000);
  out.emit("resize");
  expect(statesNow()).toEqual(["○ one  oracle1  waiting", "○ two  oracle1  waiting"]);
  await session.completeTask("two", "failed");
  await view.close();
  await manager.close();
});

test("a run that was stopped retries nothing", async () => {
  const { manager, session, out, params } = await watched();
  const view = liveView(params);
  await session.addTask("one", null, { retries: { max: 1, backoffSeconds: 3 } });
  await session.completeTask("one", "failed");
  await view.close();
  expect(out.look().at(-3)).toMatch(/^○ one {2}oracle1 {2}waiting/);
  await manager.close();
});

test("the plain view has a line for each event and each line of output, the last ones included", async () => {
  const { manager, session, out, params } = await watched();
  const view = plainView(params);
  await session.addTask("one");
  await session.startTask("one");
  view.output("one", "first\n\u001B[2Jsecond\nthird");
  await session.completeTask("one", "success", { durationMs: 700, result: 5 });
  await session.endSession("success");
  await view.close();
  expect(out.look().map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ""))).toEqual([
    "task_added       one",
    "task_started     one           attempt 1 by oracle1",
    "one | first",
    "one | second",
    "one | third",
    "task_ended       one           success after 0.7s: 5",
    "session_ended                  success after 0.0s: 1 of 1 task succeeded; all_succeeded",
  ]);
  await manager.close();
});
