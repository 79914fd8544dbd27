import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import { Recovery } from "../session/recovery.ts";
import { TRY_AGAIN_MS } from "../session/recovery-aggregate.ts";
import type { Session } from "../session/session.ts";
import { streamOf } from "../session/stream.ts";
import { TestClock } from "../testing/test-clock.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holodeck-cli-past-"));
const store = join(folder, "h.db");

let manager: SessionManager;
let ended: Session;

beforeAll(async () => {
  manager = new SessionManager({ sessionName: "first", agentId: "oracle1" }, { store });
  ended = await manager.startSession();
  await ended.addTask("good", { n: 1 });
  await ended.completeTask("good", "success", { durationMs: 400, result: { found: 5 } });
  await ended.addTask("bad");
  await ended.completeTask("bad", "failed", { durationMs: 7, error: "it broke" });
  await ended.endSession("failed");
});

afterAll(async () => {
  await manager.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"], HOLODECK_STORE: store, TZ: "UTC" };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

test("session replay shows a session as it stood after an event", async () => {
  const args = ["session", "replay", ended.sessionId];
  const then = json((await run([...args, "--at", "2", "--json"])).out);
  expect(then).toMatchObject({
    seq: 2,
    session: { session_id: ended.sessionId, status: "open", tasks: [{ task_id: "good", status: "pending" }] },
  });
  const { code, out, err } = await run([...args, "--at", "4"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^1 .* session_started/);
  expect(out).toMatch(/\n4 .* task_ended +good +success/);
  expect(out).toMatch(/good +success +1 +0\.4s/);
  expect(err).toMatch(/after event 4 of \d+/);
  expect(json((await run([...args, "--json"])).out)).toMatchObject({ session: { outcome: "failed" } });
  expect(await run([...args, "--at", "99"])).toMatchObject({ code: 2, out: "" });
});

test("session fork starts a session from where another one stood", async () => {
  const made = json((await run(["session", "fork", ended.sessionId, "--at", "4", "--json"])).out);
  expect(made).toMatchObject({
    forked_from: { session_id: ended.sessionId, seq: 4 },
    tasks: 1,
    open_tasks: 0,
  });
  const fork = await manager.get(String(made["session_id"]));
  expect([fork.status, fork.getTask("good")?.outcome]).toEqual(["open", "success"]);
  const shown = await run(["session", "show", fork.sessionId]);
  expect(shown.out).toContain(`from ${ended.sessionId} at 4`);
  await fork.endSession("success");
});

test("session ls and doctor show a session that could not be recovered, until it was asked for", async () => {
  const session = await manager.startSession();
  const clock = new TestClock();
  const log = await manager.store();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const recovery = new Recovery({ store: log, clock, moment, report: () => undefined });
  const fail = async () => await recovery.failed(streamOf(session.sessionId), 1, new Error("bad bytes"));
  for (let tries = 0; tries < 3; tries++) {
    await fail();
    await clock.advance(TRY_AGAIN_MS);
  }
  const listed = json((await run(["session", "ls", "--status", "recovery_failed", "--json"])).out);
  expect(listed).toMatchObject({
    sessions: [{ session_id: session.sessionId, status: "recovery_failed" }],
  });
  const sick = await run(["doctor", "--json"]);
  expect([sick.code, json(sick.out)["ok"]]).toEqual([1, false]);
  expect(sick.out).toContain(`Not recovered: ${session.sessionId}. bad bytes`);
  expect((await run(["session", "end", session.sessionId])).code).toBe(0);
  expect((await run(["doctor", "--json"])).out).toContain("No session failed to recover.");
  expect(
    json((await run(["session", "ls", "--status", "recovery_failed", "--json"])).out)["sessions"],
  ).toEqual([]);
});
