// That an acknowledged append is synced is proved by counting system calls: asking SQLite for its setting proves
// nothing, and neither does a kill, which the page cache survives.
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { need } from "./need.ts";

const APPENDS = 20;
const hasStrace = need("strace");
const source = (path: string) => JSON.stringify(join(import.meta.dirname, "..", "src", path));
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-durability-"));
});
afterAll(async () => rm(folder, { recursive: true }));

/** Appends one at a time, and writes a mark that the trace shows before the first and after each. */
function script(path: string, prepare: string): string {
  return `
    import { writeSync } from "node:fs";
    import { DatabaseSync } from "node:sqlite";
    import { openSqliteStore } from ${source("store/sqlite.ts")};
    import { lastOf, testItem, testStream } from ${source("testing/events.ts")};
    ${prepare}
    const store = await openSqliteStore(${JSON.stringify(path)});
    let after;
    writeSync(1, "acknowledged\\n");
    for (let count = 0; count < ${APPENDS}; count++) {
      const item = testItem({ stream: testStream("a"), after });
      const [{ status }] = await store.append([item]);
      if (status !== "appended") throw new Error(status);
      after = lastOf(item);
      writeSync(1, "acknowledged\\n");
    }
    process.kill(process.pid, "SIGKILL");`;
}

/** How many syncs stand between each two acknowledgements. */
async function syncsPerAppend(name: string, prepare: string): Promise<readonly number[]> {
  const [program, trace] = [join(folder, `${name}.mjs`), join(folder, `${name}.trace`)];
  await writeFile(program, script(join(folder, `${name}.db`), prepare));
  const calls = "trace=fsync,fdatasync,sync_file_range,msync,write";
  const { stderr } = spawnSync("strace", ["-f", "-o", trace, "-e", calls, process.execPath, program]);
  const text = await readFile(trace, "utf8");
  const parts = text.split(/write\(1, "acknowledged/);
  expect(parts, String(stderr)).toHaveLength(APPENDS + 2);
  return parts.slice(1, -1).map((part) => part.match(/f(data)?sync\(\d+\)\s+= 0/g)?.length ?? 0);
}

test.skipIf(!hasStrace)("each append is synced before it is acknowledged", async () => {
  const counts = await syncsPerAppend("full", "");
  for (const count of counts) expect(count).toBeGreaterThanOrEqual(1);
});

test.skipIf(!hasStrace)("the count of syncs shows a store that does not sync", async () => {
  // The twin: the same program with the store's own setting undone behind its back.
  const undo = `
    const exec = DatabaseSync.prototype.exec;
    DatabaseSync.prototype.exec = function (sql) {
      return exec.call(this, sql.replaceAll("synchronous = FULL", "synchronous = OFF"));
    };`;
  const counts = await syncsPerAppend("off", undo);
  expect(counts.every((count) => count === 0)).toBe(true);
});
