import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockForServer } from "./server-lock.ts";
import { openSqliteStore } from "./sqlite.ts";

const MODULE = fileURLToPath(new URL("server-lock.ts", import.meta.url));

let folder = "";
let file = "";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-lock-"));
  file = join(folder, "h.db");
  await (await openSqliteStore(file)).close();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file has one server, by whatever name it goes, until that lets go", () => {
  symlinkSync(file, join(folder, "other.db"));
  const release = lockForServer(file);
  for (const name of ["h.db", "other.db", "./h.db"])
    expect(() => lockForServer(join(folder, name))).toThrow(/Another server serves/);
  release();
  release();
  lockForServer(join(folder, "other.db"))();
});

test("whoever uses the store beside the server is not kept from it", async () => {
  const release = lockForServer(file);
  const store = await openSqliteStore(file);
  expect(await store.putBlob({ bytes: Buffer.from("x") })).toMatch(/^[0-9a-f]{64}$/);
  await store.close();
  release();
});

test("a server keeps its lock without keeping what lets go of it, and one that was killed does not block the next", async () => {
  const code = `import { lockForServer } from ${JSON.stringify(MODULE)};
    lockForServer(${JSON.stringify(file)}); await new Promise((resolve) => setTimeout(resolve)); gc();
    process.stdout.write("locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    expect(() => lockForServer(file)).toThrow(/Another server serves/);
  } finally {
    child.kill("SIGKILL");
  }
  await once(child, "exit");
  lockForServer(file)();
});

test("what it leaves beside the store is empty and this user's alone", () => {
  lockForServer(file)();
  const { size, mode } = statSync(`${file}-server`);
  expect([size, mode & 0o777]).toEqual([0, 0o600]);
});
