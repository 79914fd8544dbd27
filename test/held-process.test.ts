import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const LOCAL = join(import.meta.dirname, "../src/local.ts");

test("a program that waits for a task's work lives until the task is over", () => {
  const program = `
    import { SessionManager } from ${JSON.stringify(LOCAL)};
    const config = { sessionName: "held", agentId: "a", taskTimeoutSeconds: 1 };
    await using manager = new SessionManager(config, { store: "memory:" });
    const session = await manager.startSession();
    await session.addTask("t");
    const ended = await session.run("t", () => new Promise(() => {})).catch(({ code }) => code);
    console.log(ended, session.getTask("t").outcome);
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  expect([status, stdout.trim(), stderr]).toEqual([0, "task_ended timeout", ""]);
});
