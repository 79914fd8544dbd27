// Whoever awaits an answer gets one: a process does not leave in the midst of it for want of anything else to do.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../src");

test("a program that waits for a task's work lives until the task is over", () => {
  const ended = 'await session.run("t", () => new Promise(() => {})).catch(({ code }) => code)';
  const { status, stdout, stderr } = run(`console.log(${ended}, session.getTask("t").outcome);`);
  expect([status, stdout.trim(), stderr]).toEqual([0, "task_ended timeout", ""]);
});

test("a program that closes its manager lives until a callback that hangs has been passed over", () => {
  const lines = 'await session.endSession(); await manager.close(); console.log("closed");';
  const { status, stdout, stderr } = run(lines, "() => new Promise(() => {})");
  expect([status, stdout.trim()]).toEqual([0, "closed"]);
  expect(stderr).toContain("The callback onSessionEnd did not return");
});

test("a program that attaches an agent lives until a setup that hangs has been given up", () => {
  const attach = 'session.attachAgent({ identity: "helper", setup: () => new Promise(() => {}) })';
  const { status, stdout, stderr } = run(`console.log(await ${attach}.catch(({ code }) => code));`);
  expect([status, stdout.trim(), stderr]).toEqual([0, "callback_failed", ""]);
});

test("a program that ends its session lives until a teardown that hangs has been passed over", () => {
  const attach = 'await session.attachAgent({ identity: "helper", teardown: () => new Promise(() => {}) })';
  const { status, stdout, stderr } = run(`${attach}; await session.endSession(); console.log("ended");`);
  expect([status, stdout.trim()]).toEqual([0, "ended"]);
  expect(stderr).toContain("The callback teardown did not return");
});

/** Runs lines about a session with a task `t`, by a clock on which time passes twenty times as fast. */
function run(lines: string, onSessionEnd = "null") {
  const program = `
    import { SessionManager } from ${JSON.stringify(join(SOURCE, "local.ts"))};
    import { SystemClock } from ${JSON.stringify(join(SOURCE, "session/system-clock.ts"))};
    class QuickClock extends SystemClock {
      sleep(ms, signal) { return super.sleep(ms / 20, signal); }
      monotonic() { return super.monotonic() * 20; }
    }
    const config = { sessionName: "held", agentId: "a", taskTimeoutSeconds: 1, onSessionEnd: ${onSessionEnd} };
    const manager = new SessionManager(config, { store: "memory:", clock: new QuickClock("boot") });
    const session = await manager.startSession();
    await session.addTask("t");
    ${lines}
  `;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
}
