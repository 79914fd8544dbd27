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
