import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import { processAt } from "../run/processes.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-leftovers-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(...args: readonly string[]): ReturnType<typeof spawn> {
  const env = { PATH: process.env["PATH"], HOLODECK_STORE: join(folder, "h.db") };
  return spawn(process.execPath, [MAIN, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(20);
}

async function output(...args: readonly string[]): Promise<string> {
  return (await finished(...args)).out;
}

async function finished(
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly out: string }> {
  const child = start(...args);
  let out = "";
  child.stdout?.on("data", (bytes: Buffer) => (out += bytes.toString()));
  const [code] = (await once(child, "close")) as [unknown];
  return { code, out };
}

/** A run whose process and guard are killed while its task runs; answers the session and the task's process. */
async function killedRun(limits: object = {}): Promise<{ readonly sessionId: string; readonly pid: number }> {
  const run = 'echo unredacted > "$HOLODECK_RESULT_FILE"; echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 1000';
  const plan = { version: 1, name: "n", agent_id: "a", limits, tasks: [{ id: "t", run }] };
  writeFileSync(join(folder, "plan.yaml"), JSON.stringify(plan));
  const runner = start("run", "plan.yaml", "--quiet");
  await until(() => existsSync(join(folder, "pid")));
  runner.kill("SIGSTOP"); // So that it does not see its guard's end.
  await using manager = new SessionManager(
    { sessionName: "s", agentId: "a" },
    { store: join(folder, "h.db") },
  );
  const [one] = (await manager.list()).sessions;
  const session = await manager.get(one?.sessionId ?? "");
  process.kill(session.getTask("t")?.process?.pid ?? 0, "SIGKILL");
  runner.kill("SIGKILL");
  await once(runner, "close");
  return { sessionId: session.sessionId, pid: Number(readFileSync(join(folder, "pid"), "utf8")) };
}

test("session end ends what a killed run left running, and removes its spool", async () => {
  const { sessionId, pid } = await killedRun();
  expect(processAt(pid)).not.toBeNull();
  expect(await output("session", "end", "latest")).toContain("ended as cancelled");
  expect(processAt(pid)).toBeNull();
  expect(existsSync(join(folder, "run", sessionId))).toBe(false);
});

/** A run whose process is killed; answers when its guard has ended the task and spooled what that wrote. */
async function untold(): Promise<void> {
  const run = "echo written; touch begun; exec sleep 1000";
  const plan = { version: 1, name: "n", agent_id: "a", tasks: [{ id: "t", run }] };
  writeFileSync(join(folder, "plan.yaml"), JSON.stringify(plan));
  const runner = start("run", "plan.yaml", "--quiet");
  await until(() => existsSync(join(folder, "begun")));
  runner.kill("SIGKILL");
  await once(runner, "close");
  await until(() => globSync(join(folder, "run", "*", "t.1", "*", "exit.json")).length === 1);
}

test("session end takes in what a dead run's task had written and nobody had told", async () => {
  await untold();
  expect(await output("session", "end", "latest")).toContain("ended as cancelled");
  const shown = JSON.parse(await output("session", "show", "latest", "--json")) as object;
  expect(shown).toMatchObject({ tasks: [{ attempts: 1, output: { preview: "written\n" } }] });
});

test("session end says that it is over when what ran has left, and what that wrote is kept", async () => {
  const ask = `process.on("SIGTERM", () => setTimeout(() => { console.log("leaving"); process.exit(0); }, 700));
    setInterval(() => undefined, 1000); console.log("begun"); require("fs").writeFileSync("pid", String(process.pid));`;
  const plan = { version: 1, name: "n", agent_id: "a", tasks: [{ id: "t", run: ["node", "-e", ask] }] };
  writeFileSync(join(folder, "plan.yaml"), JSON.stringify(plan));
  const runner = start("run", "plan.yaml", "--quiet");
  await until(() => existsSync(join(folder, "pid")));
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  expect(processAt(pid)).not.toBeNull();
  const closed = once(runner, "close");
  expect(await output("session", "end", "latest")).toContain("ended as cancelled");
  expect(processAt(pid)).toBeNull();
  await closed;
  const shown = JSON.parse(await output("session", "show", "latest", "--json")) as object;
  expect(shown).toMatchObject({ tasks: [{ outcome: "cancelled", output: { preview: "begun\nleaving\n" } }] });
  expect(await output("tail", "latest")).toMatch(/record_kept +t +attempt 1: 14 bytes of output\n$/);
});

test("the doctor tells what a session left that ended without its process, and the next run takes it away", async () => {
  const { sessionId, pid } = await killedRun();
  const manager = new SessionManager({ sessionName: "s", agentId: "a" }, { store: join(folder, "h.db") });
  await (await manager.get(sessionId)).endSession("timeout");
  await manager.close();
  expect(await output("doctor")).toMatch(/1 ended session left a spool, [1-9]/);
  writeFileSync(
    join(folder, "plan.yaml"),
    '{version: 1, name: n, agent_id: a, tasks: [{id: t, run: "true"}]}',
  );
  await output("run", "plan.yaml", "--quiet");
  expect(processAt(pid)).toBeNull();
  expect(existsSync(join(folder, "run", sessionId))).toBe(false);
});

test("a resume after the session's time is up tells its outcome, exits with 124 and takes away what was left", async () => {
  const { sessionId, pid } = await killedRun({ session_timeout_seconds: 3 });
  await wait(3_100); // The machine's own clock: the runner, its guard and the resume are processes.
  const { code, out } = await finished("resume", "--json");
  expect(code).toBe(124);
  expect(JSON.parse(out)).toMatchObject({ session_id: sessionId, outcome: "timeout" });
  expect(processAt(pid)).toBeNull();
});
