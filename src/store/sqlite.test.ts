import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { storeSuite } from "../testing/store-suite.ts";
import { openSqliteStore } from "./sqlite.ts";

let folder = "";
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-sqlite-"));
});
afterAll(async () => rm(folder, { recursive: true }));

for (const { name, run } of storeSuite) {
  test(name, () => run(() => openSqliteStore(join(folder, `${count++}.db`))));
}
