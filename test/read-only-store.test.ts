// A store that can be read and not written, such as an archive on a read-only mount: the real command, run by a user who
// may not write there. Permissions do not bind root, so root runs it as somebody else.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";

const COMMAND = join(import.meta.dirname, "..", "src", "cli", "main.ts");

/** Whom root runs it as: nobody, by convention. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

let folder: string;
let store: string;
let session: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-archive-"));
  store = join(folder, "archive.db");
  await using manager = new SessionManager({ sessionName: "kept", agentId: "oracle1" }, { store });
  const started = await manager.startSession();
  await started.addTask("a");
  await started.completeTask("a", "success");
  await started.endSession();
  session = started.sessionId;
});

afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** From here on nothing can be written there by whom the command is run as. */
function close(): void {
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
  chmodSync(folder, 0o555);
}

function run(...args: readonly string[]) {
  const given = ["--no-warnings", COMMAND, ...args, "--store", store];
  const env = { PATH: process.env["PATH"], NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, given, {
    ...NOBODY,
    cwd: "/",
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("commands that read do, and leave nothing beside it", () => {
  close();
  const before = readFileSync(store);
  for (const [args, told] of [
    [["verify"], /^ok: \d+ streams?/],
    [["session", "ls"], /kept/],
    [["session", "show", session], /success/],
    [["session", "replay", session, "--at", "1"], /kept|open/],
    [["session", "export", session], /session_started/],
    [["tail", session], /session_ended/],
    [["tiles"], /SESSION_END/],
    [["tiles", "--pending"], /./],
    [["webhooks"], /./],
    [["key", "ls"], /./],
  ] as const) {
    const { status, stdout, stderr } = run(...args);
    expect([args, status, stdout + stderr]).toEqual([args, 0, expect.stringMatching(told)]);
  }
  expect(readdirSync(folder)).toEqual(["archive.db"]);
  expect(readFileSync(store)).toEqual(before);
});

test("commands that write refuse at once", () => {
  close();
  for (const args of [
    ["session", "end", session],
    ["session", "fork", session, "--at", "2"],
    ["prune"],
    ["resume", session],
    ["key", "new", "ci", "--role", "operator"],
  ]) {
    const { status, stderr } = run(...args);
    expect([args, status, stderr]).toEqual([
      args,
      1,
      expect.stringMatching(/could not be read or written \(EACCES/),
    ]);
  }
});

test("what others write there meanwhile is read with what they have not folded into the file yet", async () => {
  await using manager = new SessionManager({ sessionName: "under way", agentId: "oracle1" }, { store });
  await manager.startSession();
  close();
  const { status, stdout, stderr } = run("session", "ls");
  expect([status, stdout + stderr]).toEqual([0, expect.stringMatching(/under way/)]);
});

test("a file with its log beside it, that cannot be read together there, is told of with what to do", () => {
  const writer = new DatabaseSync(store);
  writer.exec("UPDATE words_place SET position = position");
  copyFileSync(`${store}-wal`, `${store}-kept`);
  writer.close();
  copyFileSync(`${store}-kept`, `${store}-wal`);
  rmSync(`${store}-kept`);
  close();
  const { status, stderr } = run("session", "ls");
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/has a write-ahead log.*Copy it, with all that begins with its name/s),
  ]);
  expect(readdirSync(folder)).toEqual(["archive.db", "archive.db-wal"]);
});
