import { EventEmitter } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { runCommand } from "../src/cli/program.ts";
import type { WorkingSession } from "../src/session/working-session.ts";
import { ServedWorld } from "./served-world.ts";

const KEY = "an-operators-key-0123";

let world: ServedWorld;
let session: WorkingSession;
beforeEach(async () => {
  world = await new ServedWorld().start(0, [KEY]);
  session = await world.client({ apiKey: KEY, tags: ["audit"] }).startSession();
  await session.addTask("a");
  await session.completeTask("a", "success", { result: { found: 5 } });
});
afterEach(async () => await world.close());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Written extends EventEmitter {
  text = "";
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const [out, err] = [new Written(), new Written()];
  const io = { out, err, env: { PLATO_API_KEY: KEY, HOLODECK_URL: world.url, ...env } };
  const listeners = process.listeners("uncaughtException");
  const code = await runCommand(argv, io);
  for (const one of process.listeners("uncaughtException"))
    if (!listeners.includes(one)) process.off("uncaughtException", one);
  return { code, out: out.text, err: err.text };
}

function linesOf({ out }: Ran): readonly Record<string, unknown>[] {
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("sessions of a server are listed, shown, replayed and exported", async () => {
  const [list] = linesOf(await run(["session", "ls", "--url", world.url, "--tag", "audit", "--json"]));
  expect(list).toMatchObject({ sessions: [{ session_id: session.sessionId, tasks: { succeeded: 1 } }] });
  expect((await run(["session", "show", "latest"])).out).toContain("constraint-theory-research");
  const [shown] = linesOf(await run(["session", "show", session.sessionId.slice(0, 12), "--json"]));
  expect(shown).toMatchObject({ status: "open", tasks: [{ task_id: "a", result: { found: 5 } }] });
  const [past] = linesOf(await run(["session", "replay", "latest", "--at", "2", "--json"]));
  expect(past).toMatchObject({ seq: 2, last_seq: 4, session: { tasks: [{ status: "pending" }] } });
  const events = linesOf(await run(["session", "export", "latest", "--jsonl"]));
  expect(events.map(({ type }) => type)).toEqual([
    "session_started",
    "task_added",
    "task_started",
    "task_ended",
  ]);
});

test("a session of a server is forked and ended", async () => {
  const [fork] = linesOf(await run(["session", "fork", "latest", "--at", "2", "--json"]));
  expect(fork).toMatchObject({ forked_from: { session_id: session.sessionId, seq: 2 }, open_tasks: 1 });
  const end = ["session", "end", session.sessionId, "--outcome", "failed", "--error", "enough"];
  expect((await run(end)).out).toContain("ended as failed");
  expect((await run(end)).out).toContain("had already ended");
  await world.caughtUp(session);
  expect(session.error).toBe("enough");
});

test("what happens on a server is followed until the session ends", async () => {
  const tailing = run(["tail", session.sessionId, "--follow", "--json"]);
  const telling = run(["tiles", "--session", session.sessionId, "--follow", "--json"]);
  await session.addTask("b");
  await session.completeTask("b", "failed", { error: "no" });
  await session.endSession();
  const events = linesOf(await tailing);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)).toMatchObject({ type: "session_ended", v: 1 });
  expect(linesOf(await telling).map(({ tags }) => (tags as string[]).slice(1, 3).join(" "))).toEqual([
    "session start",
    "task start",
    "task end",
    "task start",
    "task end",
    "session end",
  ]);
});

test("tiles of a server's rooms are those that the store would show", async () => {
  const [all] = linesOf(await run(["tiles", "--json"]));
  const [room] = linesOf(await run(["tiles", "--room", "scout-reports/holodeck-session", "--json"]));
  expect(all).toEqual({ tiles: await session.tiles() });
  expect(room).toEqual(all);
});

test("what goes wrong is said in a sentence, with its exit code", async () => {
  const unreachable = await run(["session", "ls", "--url", "http://127.0.0.1:9"]);
  expect(unreachable).toMatchObject({ code: 7, err: expect.stringContaining("cannot be reached") as string });
  expect(await run(["session", "ls"], { PLATO_API_KEY: "wrong" })).toMatchObject({ code: 4 });
  expect(await run(["session", "show", "sess_nobody"])).toMatchObject({ code: 3 });
  expect(await run(["session", "ls", "--url", world.url, "--store", "x.db"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("--store") as string,
  });
  expect(await run(["tail", "--no-follow"])).toMatchObject({ code: 2 });
  expect(await run(["tiles", "--pending"])).toMatchObject({ code: 2 });
  expect(await run(["session", "ls", "--store", "/no/such.db"])).toMatchObject({ code: 3 });
});

test("the key may be in a file that nobody else reads", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-key-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "key");
  writeFileSync(file, `${KEY}\n`, { mode: 0o600 });
  const ls = ["session", "ls", "--key-file", file];
  expect(await run(ls, { PLATO_API_KEY: "" })).toMatchObject({ code: 0 });
  chmodSync(file, 0o644);
  expect(await run(ls, { PLATO_API_KEY: "" })).toMatchObject({ code: 4 });
});
