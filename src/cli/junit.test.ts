import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

const PLAN = `
version: 1
name: report <"&>
agent_id: oracle1
agents: [{id: shell, command: [sh, -c, "{{prompt}}"]}]
tasks:
  - {id: good, run: "echo fine"}
  - {id: bad, run: "printf 'a \\\\033[31m]]> & b'; exit 3"}
  - {id: after-bad, run: "true", after: [bad]}
  - {id: slow, run: "sleep 30", timeout_seconds: 1}
`;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "holodeck-junit-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

function run(args: readonly string[], cwd: string) {
  const { PATH = "" } = process.env;
  const env = { PATH, TZ: "UTC", HOLODECK_HOME: join(cwd, "home") };
  return spawnSync(process.execPath, [MAIN, ...args], { env, cwd, encoding: "utf8" });
}

test("run --junit writes a case a task: failures, errors and skips, in sound XML", async () => {
  const cwd = await folder();
  await writeFile(join(cwd, "plan.yaml"), PLAN);
  expect(run(["run", "plan.yaml", "--quiet", "--junit", "report.xml"], cwd).status).toBe(1);
  const report = await readFile(join(cwd, "report.xml"), "utf8");
  expect(report).toContain('<testsuites tests="4" failures="1" errors="1" skipped="1"');
  expect(report).toContain('<testsuite name="report &lt;&quot;&amp;&gt;"');
  expect(report).toMatch(/<testcase name="good" [^>]*>\s*<system-out>fine\n<\/system-out>/);
  expect(report).toMatch(/<testcase name="bad" [^>]*>\s*<failure message="[^"]*3[^"]*" type="failed">/);
  expect(report).toContain("<system-out>a \ufffd[31m]]&gt; &amp; b</system-out>");
  expect(report).toMatch(/<testcase name="after-bad" [^>]*>\s*<skipped message="[^"]+"\/>/);
  expect(report).toMatch(/<testcase name="slow" [^>]*>\s*<error message="[^"]*" type="timeout">/);
});

test("a report that could not be written is refused before anything runs", async () => {
  const cwd = await folder();
  await writeFile(join(cwd, "plan.yaml"), PLAN);
  const ran = run(["run", "plan.yaml", "--junit", "nowhere/report.xml"], cwd);
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain("nowhere/report.xml cannot be written (ENOENT).");
  expect(run(["session", "ls"], cwd).status).toBe(3);
});
