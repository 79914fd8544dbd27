import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

test("a key that acts as an agent says so, and where", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-key-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { PATH = "" } = process.env;
  const env = { PATH, HOLODECK_HOME: folder };
  const key = (...args: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, "key", ...args], { cwd: folder, env, encoding: "utf8" });
  const made = key("new", "bot", "--role", "agent", "--agent", "bot", "--session", "sess_1", "--json");
  const shown = { name: "bot", sessions: [], rooms: [], agent: { name: "bot", sessions: ["sess_1"] } };
  expect(JSON.parse(made.stdout)).toMatchObject(shown);
  expect(JSON.parse(key("ls", "--json").stdout)).toMatchObject({ keys: [shown] });
  expect(key("ls").stdout).toContain("as bot, sess_1");
  expect(key("new", "no", "--role", "observer", "--agent", "bot").status).toBe(2);
});
