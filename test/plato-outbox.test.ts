// Sessions that send their tiles to our own server: from another store, and from the very store the server reads.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { Store } from "../src/store/port.ts";
import { TestClock } from "../src/testing/test-clock.ts";

let folder = "";
let store: Store;
let server: RunningServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-plato-outbox-"));
  store = await openSqliteStore(join(folder, "server.db"));
  const options = { store, clock: new TestClock(), port: 0, routerPort: 0, version: "1" };
  server = await startServer({ ...options, report: () => expect.unreachable("nothing may be reported") });
});

afterEach(async () => {
  await server.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(["other.db", "server.db"])(
  "a session in %s has each tile in the server's room once",
  async (file) => {
    const config = {
      sessionName: "s",
      agentId: "oracle1",
      scoutRoom: "hall",
      platoUrl: `http://127.0.0.1:${server.port}`,
    };
    await using manager = new SessionManager(config, { store: join(folder, file) });
    const session = await manager.startSession();
    await session.addTask("t");
    await session.run("t", async () => await Promise.resolve({ found: 5 }));
    await session.endSession("success");
    const own = await manager.store();
    while (!(await isDelivered(own))) await setTimeout(20);
    const response = await fetch(`http://127.0.0.1:${server.port}/room/hall`);
    const { tiles } = (await response.json()) as { tiles: readonly { question: string }[] };
    expect(tiles.map(({ question }) => question).toSorted()).toEqual([
      "[SESSION_END] oracle1:s — SUCCESS",
      "[SESSION_START] oracle1:s",
      "[TASK_END] t — SUCCESS",
      "[TASK_START] t → oracle1",
    ]);
  },
);

/** Whether the one outbox there is has nothing more to send. */
async function isDelivered(own: Store): Promise<boolean> {
  const { items } = await own.heads({ filter: { kind: "outbox" } });
  return items.length === 1 && items.every(({ status }) => status === "done");
}
