import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, storeAddress } from "./open.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-open-"));
});
afterEach(async () => rm(folder, { recursive: true }));

test("memory: is a store that leaves no file", async () => {
  const store = await openStore("memory:");
  expect(store.name).toBe("memory:");
  await store.close();
});

test("a path, with or without sqlite: before it, is a file", async () => {
  for (const [index, prefix] of ["", "sqlite:"].entries()) {
    const path = join(folder, `${index}.db`);
    const store = await openStore(prefix + path);
    expect(store.name).toBe(path);
    await store.close();
    expect((await stat(path)).isFile()).toBe(true);
  }
});

test("without an address the environment decides, then the folder here", async () => {
  expect(storeAddress({})).toBe(join(".holodeck", "holodeck.db"));
  expect(storeAddress({ HOLODECK_STORE: "", HOLODECK_HOME: "" })).toBe(join(".holodeck", "holodeck.db"));
  expect(storeAddress({ HOLODECK_HOME: "/h" })).toBe("/h/holodeck.db");
  expect(storeAddress({ HOLODECK_HOME: "/h", HOLODECK_STORE: "memory:" })).toBe("memory:");
  const store = await openStore(undefined, { HOLODECK_HOME: folder });
  expect(store.name).toBe(join(folder, "holodeck.db"));
  await store.close();
});

test("an address of an unknown kind is refused, without its password", async () => {
  for (const url of [
    "mysql://me:secret@host/db",
    "mysql://me:s/e@secret@host",
    "constructor:",
    "file:x",
    "sqlite:",
    "",
  ]) {
    const refused = openStore(url);
    await expect(refused).rejects.toMatchObject({ code: "unsupported" });
    await expect(refused).rejects.not.toThrow(/secret/);
  }
});
