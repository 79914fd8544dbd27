import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import type { Session } from "../session/session.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holodeck-cli-"));
const store = join(folder, "h.db");
const started: ChildProcess[] = [];

let manager: SessionManager;
let ended: Session;
let open: Session;

beforeAll(async () => {
  manager = new SessionManager({ sessionName: "first", agentId: "oracle1", tags: ["audit"] }, { store });
  ended = await manager.startSession();
  await ended.addTask("good", { n: 1 }, { priority: "high" });
  await ended.completeTask("good", "success", { durationMs: 400, result: { found: 5 } });
  await ended.addTask("bad");
  await ended.completeTask("bad", "failed", { durationMs: 7, error: "it \u001B[31mbroke" });
  await ended.endSession("failed", { error: "bad failed" });
  open = await manager.startSession();
  await open.addTask("waiting");
});

afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await manager.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH, HOLODECK_STORE: store, TZ: "UTC", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  return child;
}

async function run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran> {
  return await finished(start(args, env));
}

async function finished(child: ChildProcess): Promise<Ran> {
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** Resolves once the child has written `text` to stdout. */
async function written(child: ChildProcess, text: string): Promise<void> {
  let out = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (piece: Buffer) => {
      out += piece.toString();
      if (out.includes(text)) resolve();
    });
    child.once("close", () => reject(new Error(`It ended before it wrote ${text}: ${out}`)));
  });
}

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

test("--version prints the package's version", async () => {
  const { version } = json(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await run(["--version"])).toEqual({ code: 0, out: `${String(version)}\n`, err: "" });
});

test("session ls lists sessions as JSON, newest first, and filters them", async () => {
  const all = await run(["session", "ls", "--json"]);
  expect(all).toMatchObject({ code: 0, err: "" });
  expect(json(all.out)).toEqual({
    sessions: [
      expect.objectContaining({ session_id: open.sessionId, status: "open", duration_ms: null }),
      {
        session_id: ended.sessionId,
        session_name: "first",
        agent_id: "oracle1",
        status: "failed",
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
        due_at: null,
        duration_ms: expect.any(Number),
        tasks: { total: 2, succeeded: 1, failed: 1, cancelled: 0, timed_out: 0 },
      },
    ],
    next: null,
  });
  const failed = json((await run(["session", "ls", "--status", "failed", "--tag", "audit", "--json"])).out);
  expect(failed["sessions"]).toHaveLength(1);
  expect(json((await run(["session", "ls", "--agent", "nobody", "--json"])).out)["sessions"]).toEqual([]);
});

test("session ls pages by limit and next", async () => {
  const first = json((await run(["session", "ls", "--limit", "1", "--json"])).out);
  expect(first).toMatchObject({ sessions: [{ session_id: open.sessionId }], next: expect.any(String) });
  const second = await run(["session", "ls", "--limit", "1", "--json", "--after", String(first["next"])]);
  expect(json(second.out)).toMatchObject({ sessions: [{ session_id: ended.sessionId }] });
});

test("session ls prints a table, in colour only where that is wanted", async () => {
  const plain = await run(["session", "ls"]);
  expect(plain.out.split("\n")[0]).toMatch(/^SESSION +NAME +AGENT +STATUS +AGE +DURATION +TASKS$/);
  expect(plain.out).toMatch(new RegExp(`${ended.sessionId} +first +oracle1 +failed .* 2 of 2, 1 failed`));
  expect(plain.out).not.toContain("\u001B");
  expect((await run(["session", "ls"], { FORCE_COLOR: "1" })).out).toContain("\u001B[31mfailed");
});

test("session show tells a session by id, by its beginning, or as the latest", async () => {
  const shown = json((await run(["session", "show", ended.sessionId, "--json"])).out);
  expect(shown).toMatchObject({
    session_id: ended.sessionId,
    session_name: "first",
    agent_id: "oracle1",
    status: "failed",
    outcome: "failed",
    error: "bad failed",
    tags: ["audit"],
    totals: { total: 2, succeeded: 1, failed: 1 },
    tasks: [
      {
        task_id: "good",
        outcome: "success",
        attempts: 1,
        duration_ms: 400,
        result: { found: 5 },
        priority: "high",
      },
      { task_id: "bad", outcome: "failed", attempts: 1, duration_ms: 7, result: null },
    ],
  });
  const latest = json((await run(["session", "show", "latest", "--json"])).out);
  expect(latest).toMatchObject({ session_id: open.sessionId, status: "open", outcome: null });
  // Ids of one test differ in their random end at the latest.
  const beginning = ended.sessionId.slice("sess_".length, -2);
  expect(json((await run(["session", "show", beginning, "--json"])).out)["session_id"]).toBe(ended.sessionId);
  expect(await run(["session", "show", "sess_"])).toMatchObject({ code: 2, out: "" });
  expect(await run(["session", "show", "sess_none"])).toMatchObject({ code: 3, out: "" });
});

test("session show prints tasks with what they came to, and nothing of theirs moves the cursor", async () => {
  const { code, out } = await run(["session", "show", ended.sessionId]);
  expect(code).toBe(0);
  expect(out).toMatch(/good +success +1 +0\.4s +oracle1 +\{"found":5\}/);
  expect(out).toMatch(/bad +failed +1 +0\.0s +oracle1 +it broke/);
  expect(out).not.toContain("\u001B");
});

test("session end ends a session from another process, once", async () => {
  const session = await manager.startSession();
  await session.addTask("left");
  const args = ["session", "end", session.sessionId, "--outcome", "failed", "--error", "enough", "--json"];
  const first = await run(args);
  expect(first).toMatchObject({ code: 0, err: "" });
  expect(json(first.out)).toMatchObject({ outcome: "failed", changed: true, tasks: { cancelled: 1 } });
  expect(json((await run(args)).out)).toMatchObject({ outcome: "failed", changed: false });
  const again = await manager.store();
  expect((await again.head({ stream: `session:${session.sessionId}` as never }))?.status).toBe("failed");
});

test("tail prints a session's events, a line each", async () => {
  const { code, out } = await run(["tail", ended.sessionId]);
  expect(code).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines).toHaveLength(9);
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d {2}task_added {7}good {10}priority high$/);
  expect(lines[3]).toMatch(/task_ended +good +success after 0\.4s: \{"found":5\}$/);
  expect(lines.at(-1)).toMatch(/session_ended +failed after .*: bad failed: 1 of 2 tasks succeeded/);
  const events = (await run(["tail", ended.sessionId, "--json"])).out.trimEnd().split("\n");
  expect(events.map((line) => json(line)["seq"])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("tail follows a session that another process works on until it ends", async () => {
  const session = await manager.startSession();
  const child = start(["tail", session.sessionId, "--follow", "--json"]);
  const all = finished(child);
  await written(child, "session_started");
  await session.addTask("late");
  await written(child, "task_added");
  await session.endSession("success");
  const { code, out } = await all;
  expect(code).toBe(0);
  const types = out
    .trimEnd()
    .split("\n")
    .map((line) => json(line)["type"]);
  expect(types).toEqual(["session_started", "task_added", "task_ended", "session_ended"]);
});

test("Ctrl-C ends a tail in peace", async () => {
  const child = start(["tail", "--follow"]);
  const all = finished(child);
  await written(child, "session_started");
  child.kill("SIGINT");
  expect(await all).toMatchObject({ code: 0, err: "" });
});

test("tiles prints those of a session, of a room, and the newest of all", async () => {
  const ofSession = json((await run(["tiles", "--session", ended.sessionId, "--json"])).out);
  expect(ofSession["tiles"]).toEqual(JSON.parse(JSON.stringify(await ended.tiles())));
  const room = "scout-reports/holodeck-session";
  const ofRoom = json((await run(["tiles", "--room", room, "--limit", "1000", "--json"])).out)["tiles"];
  expect(ofRoom).toEqual(expect.arrayContaining(ofSession["tiles"] as unknown[]));
  const newest = (await run(["tiles", "--limit", "1", "--json"])).out;
  expect(json(newest)["tiles"]).toEqual([(ofRoom as unknown[]).at(-1)]);
  expect(json((await run(["tiles", "--room", "nowhere", "--json"])).out)).toEqual({ tiles: [] });
  const text = (await run(["tiles", "--session", ended.sessionId])).out;
  expect(text).toContain("[SESSION_END] oracle1:first — FAILED");
});

test("tiles follows a session to its last tile, each once", async () => {
  const session = await manager.startSession();
  const child = start(["tiles", "--session", session.sessionId, "--follow", "--json"]);
  const all = finished(child);
  await written(child, "SESSION_START");
  await session.addTask("one");
  await session.completeTask("one", "success");
  await session.endSession("success");
  const { code, out } = await all;
  expect(code).toBe(0);
  const tiles = out
    .trimEnd()
    .split("\n")
    .map((line) => json(line));
  expect(tiles).toEqual(JSON.parse(JSON.stringify(await session.tiles())));
});

test("doctor finds this machine and the store fit, and leaves nothing behind", async () => {
  const { code, out } = await run(["doctor", "--json"]);
  const found = json(out) as {
    readonly ok: boolean;
    readonly checks: readonly { readonly name: string; readonly status: string }[];
  };
  expect(code, out).toBe(0);
  expect(found.ok).toBe(true);
  const byName = Object.fromEntries(found.checks.map(({ name, status }) => [name, status]));
  expect(byName).toMatchObject({ node: "ok", platform: "ok", processes: "ok", store: "ok" });
  expect(readdirSync(folder).filter((name) => !name.startsWith("h.db"))).toEqual([]);
});

test.skipIf(process.platform !== "linux")("doctor fails where no folder can be made", async () => {
  const { code, out } = await run(["doctor", "--store", "/proc/nope/holodeck.db"]);
  expect([code, out]).toEqual([1, expect.stringContaining("/proc cannot be written to.")]);
});

test("doctor fails where the store is no store", async () => {
  const { code, out } = await run(["doctor", "--json", "--store", MAIN]);
  expect(code).toBe(1);
  expect(json(out)["ok"]).toBe(false);
});

test("a command that reads makes no store", async () => {
  const none = join(folder, "none", "h.db");
  const empty = await run(["session", "ls", "--json", "--store", none]);
  expect(empty).toEqual({ code: 0, out: '{"sessions":[],"next":null}\n', err: "" });
  const readers = [
    ["session", "ls"],
    ["session", "show", "latest"],
    ["session", "end", "latest"],
    ["tail"],
    ["tiles"],
    ["verify"],
  ];
  for (const args of readers) {
    const { code, out, err } = await run([...args, "--store", none]);
    expect({ code, out }, args.join(" ")).toEqual({ code: 3, out: "" });
    expect(err).toContain(`There is no data in ${none}.`);
  }
  expect((await run(["doctor", "--store", none])).code).toBe(0);
  expect(existsSync(join(folder, "none"))).toBe(false);
});

test("what was mistyped is answered with what was meant, and exit 2", async () => {
  expect(await run(["sesion"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("Did you mean session?"),
  });
  expect(await run(["tail", "--jsn"])).toMatchObject({ code: 2, err: expect.stringContaining("--json") });
  expect(await run(["session", "ls", "--limit", "0"])).toMatchObject({ code: 2, out: "" });
  expect(await run(["session", "ls", "--status", "done"])).toMatchObject({ code: 2, out: "" });
  expect(await run(["session", "show"])).toMatchObject({ code: 2, out: "" });
  expect(await run([])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("Usage: holodeck") });
});

test("with --json an error is JSON too, and never a stack trace", async () => {
  const { code, err } = await run(["session", "show", "nothing", "--json"]);
  expect(code).toBe(3);
  const [sentence = "", document = ""] = err.split("\n");
  expect(sentence).toMatch(/^holodeck: There is no session "nothing"\. /);
  expect(json(document)).toEqual({
    error: { code: "not_found", what: 'There is no session "nothing".', todo: expect.any(String) },
  });
  expect(err).not.toContain("    at ");
  const debug = await run(["session", "show", "nothing"], { HOLODECK_DEBUG: "1" });
  expect(debug.err).toContain("    at ");
});

test("a reader that has seen enough ends the command quietly", async () => {
  const child = start(["tail", "--follow"]);
  const all = finished(child);
  await written(child, "session_started");
  child.stdout?.destroy();
  await open.addTask("one-more");
  expect(await all).toMatchObject({ code: 0, err: "" });
});

test("every command's help has an example", async () => {
  const commands = [
    "run",
    "resume",
    "demo",
    "tail",
    "session ls",
    "session show",
    "session end",
    "tiles",
    "verify",
    "doctor",
  ];
  for (const name of commands) {
    const { code, out } = await run([...name.split(" "), "--help"]);
    expect(code).toBe(0);
    expect(out, name).toMatch(/Examples?:\n {2}\$ holodeck /);
    expect(out, name).toMatch(/--store[\s\S]*--json/);
  }
});
