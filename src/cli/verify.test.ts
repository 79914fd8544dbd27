import { EventEmitter } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import type { Io, Output } from "./io.ts";
import { command } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "holodeck-verify-"));
const sound = join(folder, "sound.db");
const broken = join(folder, "broken.db");

beforeAll(async () => {
  await using manager = new SessionManager({ sessionName: "verified", agentId: "oracle1" }, { store: sound });
  const session = await manager.startSession();
  await session.addTask("needle-task", { padding: "x".repeat(300) });
  await session.completeTask("needle-task", "success", { durationMs: 5 });
  await session.endSession("success");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Verified {
  readonly exitCode: number;
  readonly ok: boolean;
  readonly streams: number;
  readonly events: number;
  readonly problems?: readonly { readonly stream: string | null; readonly seq: number | null }[];
}

class Text extends EventEmitter implements Output {
  text = "";

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

async function verify(store: string): Promise<Verified> {
  const out = new Text();
  const io: Io = { out, err: new Text(), env: {} };
  const exitCode = await command([], { store, json: true }, io);
  return { exitCode, ...(JSON.parse(out.text) as Omit<Verified, "exitCode">) };
}

/** Verifies a copy of the sound file with the bits of `mask` flipped at one place. */
async function verifyFlipped(bytes: Buffer, at: number, mask: number): Promise<Verified> {
  for (const suffix of ["-wal", "-shm"]) rmSync(`${broken}${suffix}`, { force: true });
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ mask;
  writeFileSync(broken, copy);
  return await verify(broken);
}

test("a sound store is in order, and its events are counted", async () => {
  cpSync(sound, broken);
  expect(await verify(broken)).toEqual({ exitCode: 0, ok: true, streams: 1, events: 5, pruned: 0 });
});

test(
  "a flipped byte anywhere in an event is found, with its stream and seq",
  { timeout: 120_000 },
  async () => {
    const bytes = readFileSync(sound);
    const start = bytes.indexOf('{"v":1,"stream":"session:', bytes.indexOf('"type":"task_added"') - 300);
    const length = bytes.indexOf("}}", start) + 2 - start;
    const event = JSON.parse(bytes.subarray(start, start + length).toString()) as {
      seq: number;
      stream: string;
    };
    expect(event.seq).toBe(2);
    for (let at = 0; at < length; at += 7) {
      const verified = await verifyFlipped(bytes, start + at, 1 << (at % 8));
      expect(verified, `byte ${at}`).toMatchObject({ exitCode: 1, ok: false });
      expect(verified.problems, `byte ${at}`).toContainEqual(
        expect.objectContaining({ stream: event.stream, seq: event.seq }),
      );
    }
  },
);

test("a flipped byte in what stands beside an event's bytes is found", { timeout: 120_000 }, async () => {
  const bytes = readFileSync(sound);
  const start = bytes.indexOf('{"v":1,"stream":"session:', bytes.indexOf('"type":"task_added"') - 300);
  // Before the bytes stand the row's header, position, stream, seq, time and hash.
  for (let at = start - 82; at < start; at += 1) {
    const verified = await verifyFlipped(bytes, at, 1 << (at % 8));
    expect(verified, `${start - at} before`).toMatchObject({ exitCode: 1, ok: false });
    expect(verified.problems?.length, `${start - at} before`).toBeGreaterThan(0);
  }
});

test("a file too damaged to be opened is not in order either", async () => {
  const bytes = readFileSync(sound);
  for (const at of [0, 16, 17, 63, 71, 100, 103]) {
    const verified = await verifyFlipped(bytes, at, 0xff);
    expect(verified, `byte ${at}`).toMatchObject({ exitCode: 1, ok: false });
  }
  writeFileSync(broken, bytes.subarray(0, 5_000));
  expect(await verify(broken)).toMatchObject({ exitCode: 1, ok: false, streams: 0, events: 0 });
});

/** What a person is told of a store that is not in order: the problems, and then what to do. */
async function told(store: string): Promise<{ readonly problems: string; readonly todo: string }> {
  const [out, err] = [new Text(), new Text()];
  expect(await command([], { store }, { out, err, env: {} })).toBe(1);
  return { problems: out.text, todo: err.text };
}

test("what to do about damage is told once, and is not to verify again", async () => {
  const bytes = readFileSync(sound);
  await verifyFlipped(bytes, bytes.indexOf('"type":"task_added"') + 10, 1);
  expect(await told(broken)).toEqual({
    problems: expect.not.stringMatching(/holodeck verify|backup/) as string,
    todo: "Restore the store from a backup. Until then sessions of streams that are not named here can be read.\n",
  });
  writeFileSync(broken, "no database at all, and long enough to be looked at ".repeat(50));
  expect(await told(broken)).toEqual({
    problems: expect.not.stringMatching(/holodeck verify|backup/) as string,
    todo: "Restore it from a backup, or move it away to begin anew.\n",
  });
});

test("a store of a newer version is not damaged: what to do is not to restore it", async () => {
  cpSync(sound, broken);
  const database = new DatabaseSync(broken);
  database.exec("PRAGMA user_version = 9999");
  database.close();
  const { problems, todo } = await told(broken);
  expect(problems).toMatch(/has version 9999/);
  expect(todo).not.toMatch(/backup/);
  expect(todo).not.toBe("");
});

test("a store that is not there is not found, rather than in order", async () => {
  await expect(verify(join(folder, "none.db"))).rejects.toMatchObject({ code: "not_found" });
});
