import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { verifyStore } from "../src/store/verify.ts";
import { testStream } from "../src/testing/events.ts";

const source = (path: string) => JSON.stringify(join(import.meta.dirname, "..", "src", path));
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holodeck-processes-"));
});
afterAll(async () => rm(folder, { recursive: true }));

/** Appends `count` events of its own to one stream, reading on and trying again whenever it comes second. */
function appender(path: string, name: string, count: number): string {
  return `
    import { openSqliteStore } from ${source("store/sqlite.ts")};
    import { lastOf, testItem, testStream } from ${source("testing/events.ts")};
    const store = await openSqliteStore(${JSON.stringify(path)});
    const stream = testStream("shared");
    const own = testStream(${JSON.stringify(name)});
    let after, ownAfter, conflicts = 0;
    for (let n = 0; n < ${count}; ) {
      const facts = [{ room: "hall", data: { by: ${JSON.stringify(name)}, n } }];
      const items = [testItem({ stream, after, facts }), testItem({ stream: own, after: ownAfter, facts })];
      const [shared, lone] = await store.append(items);
      if (lone.status !== "appended") throw new Error("lone: " + lone.status);
      ownAfter = lastOf(items[1]);
      if (shared.status === "appended") (after = lastOf(items[0])), n++;
      else conflicts++, (after = (await store.read({ stream, afterSeq: shared.seq - 1 })).at(-1));
    }
    await store.close();
    console.log(conflicts);`;
}

async function run(script: string): Promise<number> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  expect(code).toBe(0);
  return Number(output);
}

test("processes that append to one stream at once lose no event and double none", async () => {
  const path = join(folder, "shared.db");
  const names = ["one", "two", "three"];
  const count = 200;
  const conflicts = await Promise.all(names.map((name) => run(appender(path, name, count))));
  expect(
    conflicts.some((number) => number > 0),
    "they were never at it at once",
  ).toBe(true);
  const store = await openSqliteStore(path);
  const events = await store.read({ stream: testStream("shared") });
  expect(events.map(({ event }) => event.seq)).toEqual(
    Array.from({ length: names.length * count }, (_, index) => index + 1),
  );
  for (const name of names) {
    const numbers = events
      .filter(({ event }) => event.data["by"] === name)
      .map(({ event }) => event.data["n"]);
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
  }
  expect((await verifyStore(store)).problems).toEqual([]);
  await store.close();
});

test("a store whose process was killed opens as it was acknowledged", async () => {
  const path = join(folder, "killed.db");
  const script = `
    import { openSqliteStore } from ${source("store/sqlite.ts")};
    import { lastOf, testItem, testStream } from ${source("testing/events.ts")};
    const store = await openSqliteStore(${JSON.stringify(path)});
    let after;
    for (;;) {
      const item = testItem({ stream: testStream("a"), after, facts: [{ room: "hall" }, { room: "hall" }] });
      await store.append([item]);
      after = lastOf(item);
      process.stdout.write(after.event.seq + "\\n");
    }`;
  for (let round = 1; round <= 5; round++) {
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", script.replaceAll('"a"', `"a${round}"`)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > 100 * round) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = Number(output.trimEnd().split("\n").at(-1));
    const store = await openSqliteStore(path);
    const head = await store.head({ stream: testStream(`a${round}`) });
    expect(head?.seq).toBeGreaterThanOrEqual(acknowledged);
    expect((head?.seq ?? 1) % 2).toBe(0);
    expect((await verifyStore(store)).problems).toEqual([]);
    await store.close();
  }
});
