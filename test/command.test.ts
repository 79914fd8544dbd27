// The command as its users have it: the built bin, in folders of its own.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../bin/holodeck.js", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-command-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a command printed, and its exit code. It may not take longer than what it runs. */
function holodeck(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const env = { ...process.env, HOLODECK_HOME: join(folder, "home") };
  const ran = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
    timeout: 25_000,
  });
  return { status: ran.status, out: ran.stdout, err: ran.stderr };
}

test("demo plays both examples, ends with a summary, and leaves a store that verifies", () => {
  const demo = holodeck("demo");
  expect(demo.status).toBe(0);
  expect(demo.err).toContain("[TASK_END] compute-cohomology — FAILED");
  expect(demo.out).toContain("repo-audit ended as success");
  expect(demo.out).toMatch(/tasks {5}10: 9 succeeded, 1 timed out/);
  // Called as this test was: by npm, or as a file.
  expect(demo.out).toMatch(/holodeck(?:\.js)? verify/);
  expect(JSON.parse(holodeck("verify", "--json").out)).toMatchObject({ ok: true, streams: 3 });
  const { sessions } = JSON.parse(holodeck("session", "ls", "--json").out) as {
    sessions: { status: string }[];
  };
  expect(sessions.map(({ status }) => status)).toEqual(["success", "success"]);
});

test("run --json prints one document, and session show tells its tasks", () => {
  writeFileSync(
    join(folder, "plan.yaml"),
    `version: 1
name: small
agent_id: a
tasks:
  - {id: good, run: "echo '{}'"}
  - {id: bad, run: "exit 1", retries: {max: 1}}`,
  );
  const ran = holodeck("run", "plan.yaml", "--json");
  expect(ran.status).toBe(1);
  const document = JSON.parse(ran.out) as { session_id: string };
  expect(document).toEqual({
    session_id: expect.stringMatching(/^sess_/) as string,
    outcome: "failed",
    tasks: { total: 2, succeeded: 1, failed: 1, cancelled: 0, timed_out: 0 },
    patterns: expect.any(Array) as string[],
    h1: null,
    emergence_alerts: 0,
    tiles: 7,
  });
  const shown = JSON.parse(holodeck("session", "show", document.session_id, "--json").out) as {
    tasks: object[];
  };
  expect(shown.tasks).toMatchObject([
    { task_id: "good", outcome: "success", attempts: 1 },
    { task_id: "bad", outcome: "failed", attempts: 2 },
  ]);
});

test("a faulty plan starts nothing, and is told with its lines, exit 2", () => {
  writeFileSync(
    join(folder, "plan.yaml"),
    "version: 1\nname: x\nagent_id: a\ntasks:\n  - {id: t, rum: echo}\n",
  );
  const ran = holodeck("run", "plan.yaml");
  expect(ran.status).toBe(2);
  expect(ran.err).toContain("plan.yaml:5: ");
  expect(ran.err).toContain("run");
  expect(holodeck("session", "ls", "--json").out.trim()).toBe('{"sessions":[],"next":null}');
});

test("SIGINT stops a run with exit 130, and resume finishes it without doing twice what was done", async () => {
  writeFileSync(
    join(folder, "plan.yaml"),
    `version: 1
name: long
agent_id: a
tasks:
  - {id: first, run: "echo once >> first.log"}
  - {id: second, after: [first], run: "echo begun >> second.log; test -e go || sleep 60"}`,
  );
  const env = { ...process.env, HOLODECK_HOME: join(folder, "home") };
  const child = spawn(process.execPath, [BIN, "run", "plan.yaml"], { cwd: folder, env });
  const status = await new Promise((resolve) => {
    child.stderr.on("data", (bytes: Buffer) => {
      if (/task_started\s+second/.test(bytes.toString())) child.kill("SIGINT");
    });
    child.once("close", resolve);
  });
  expect(status).toBe(130);
  writeFileSync(join(folder, "go"), "");
  const resumed = holodeck("resume", "--json");
  expect(resumed.status).toBe(0);
  expect(resumed.err).toContain("1 of 2 tasks have ended");
  const { tasks } = JSON.parse(resumed.out) as { tasks: object };
  expect(tasks).toMatchObject({ total: 2, succeeded: 2 });
  expect(holodeck("resume").status).toBe(3);
});
