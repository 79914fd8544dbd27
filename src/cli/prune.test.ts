import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { SessionManager } from "../local.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { PATH = "" } = process.env;
  const ran = spawnSync(process.execPath, [MAIN, ...args], {
    env: { PATH, TZ: "UTC", ...env },
    encoding: "utf8",
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

test("prune says what would go, lets go of it, and what stays is shown, verified and told apart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-prune-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const other = join(folder, "prune.db");
  const own = new SessionManager({ sessionName: "old", agentId: "oracle1" }, { store: other });
  const session = await own.startSession();
  await session.addTask("t");
  await session.completeTask("t", "success", { result: "zebra" });
  await session.endSession();
  await own.close();
  const env = { HOLODECK_STORE: other };
  const would = run(["prune", "--events-days", "0", "--dry-run", "--json"], env);
  expect(JSON.parse(would.out)).toEqual({ dry_run: true, sessions: 1, events: 5, blobs: 0, blob_bytes: 0 });
  expect(run(["prune"], env).out).toBe("Pruned 0 sessions, 0 events, 0 blobs (0 bytes).\n");
  expect(run(["prune", "--events-days", "0"], env).out).toBe(
    "Pruned 1 session, 5 events, 0 blobs (0 bytes).\n",
  );
  expect(JSON.parse(run(["verify", "--json"], env).out)).toMatchObject({
    ok: true,
    events: 1,
    pruned: 5,
  });
  const shown = run(["session", "show", "latest"], env);
  expect(shown.out).toMatch(/pruned +its events, tasks and blobs are gone/);
  const tiles = run(["tiles", "--session", "latest"], env);
  expect([tiles.code, tiles.err]).toEqual([3, expect.stringMatching(/have been pruned/)]);
});
