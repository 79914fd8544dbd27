import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { leafHash } from "../event/event.ts";
import { SessionManager } from "../local.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const HOSTILE = '</pre><script>alert("grant me rights")</script>&amp;';

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-export-"));
  const store = join(folder, "holodeck.db");
  await using manager = new SessionManager({ sessionName: HOSTILE, agentId: "oracle1" }, { store });
  const session = await manager.startSession();
  await session.addTask("t", { note: "the word is swordfish-7" }, { retries: { max: 1 } });
  await session.startTask("t");
  await session.completeTask("t", "failed", { error: HOSTILE });
  await session.startTask("t");
  await session.completeTask("t", "success", { result: { text: HOSTILE } });
  await session.endSession();
  return () => rm(folder, { recursive: true });
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = "" } = process.env;
  return spawnSync(process.execPath, [MAIN, "session", "export", ...args], {
    env: { PATH, TZ: "UTC", HOLODECK_HOME: folder, ...env },
    encoding: "utf8",
  });
}

test("a session's page shows timeline, tasks, tiles and events, and holds nothing that would be carried out", () => {
  const { stdout, status } = run(["latest"]);
  expect(status).toBe(0);
  expect(stdout).not.toContain("<script");
  expect(stdout).toContain("&lt;script&gt;");
  expect(stdout).toContain("default-src 'none'; style-src 'unsafe-inline'");
  expect(stdout).not.toMatch(/(?:src|href)=/);
  expect(stdout).toMatch(/class="bar failed"/);
  expect(stdout).toContain("t (attempt 2)");
  for (const part of ["Timeline", "Tasks", "Tiles", "Events"]) expect(stdout).toContain(`<h2>${part}</h2>`);
  expect(stdout).toContain("[TASK_END] t — SUCCESS");
});

test("--jsonl gives every event as it was hashed, with its hash", () => {
  const lines = run(["latest", "--jsonl"]).stdout.trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { hash: string; type: string; seq: number });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)?.type).toBe("session_ended");
  for (const { hash, ...event } of events) expect(leafHash(Buffer.from(JSON.stringify(event)))).toBe(hash);
});

test("what a secret says is taken out, and the event says that it was", () => {
  const { stdout } = run(["latest", "--jsonl", "--redact", "WORD"], { WORD: "swordfish-7" });
  expect(stdout).not.toContain("swordfish-7");
  const added = stdout.split("\n").find((line) => line.includes('"task_added"'));
  expect(JSON.parse(added ?? "")).toMatchObject({
    data: { data: { note: "the word is [redacted WORD]" } },
    redacted: true,
  });
  expect(run(["latest", "--redact", "WORD"], { WORD: "swordfish-7" }).stdout).not.toContain("swordfish-7");
  expect(run(["latest", "--redact", "NOT_SET"]).status).toBe(2);
});

test("a file is written whole, and a place where it cannot be is told", async () => {
  const path = join(folder, "session.html");
  onTestFinished(() => rm(path, { force: true }));
  expect(run(["latest", "--output", path]).stdout).toBe("");
  expect(await readFile(path, "utf8")).toBe(run(["latest"]).stdout);
  expect(run(["latest", "--output", join(folder, "no", "session.html")]).status).toBe(2);
});

test("a plan's secret that is not set here does not stand in the way", () => {
  const plan = join(folder, "plan.yaml");
  writeFileSync(
    plan,
    "version: 1\nname: s\nagent_id: a\nsecrets: [MY_TOKEN]\nagents: [{id: sh, command: [sh, -c, '{{prompt}}']}]\ntasks: [{id: t, run: 'echo $MY_TOKEN'}]\n",
  );
  const { PATH = "" } = process.env;
  const env = { PATH, HOLODECK_HOME: join(folder, "secret"), MY_TOKEN: "swordfish-9" };
  expect(spawnSync(process.execPath, [MAIN, "run", plan, "--quiet"], { env, cwd: folder }).status).toBe(0);
  const { status, stdout } = run(["latest", "--jsonl"], { HOLODECK_HOME: join(folder, "secret") });
  expect(status).toBe(0);
  expect(stdout).not.toContain("swordfish-9");
});
