// A session that was persisted in one process comes back in a fresh one, on each durable store.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";
import { RedisCluster } from "./servers/redis-cluster.ts";
import { RedisServer } from "./servers/redis.ts";

const folder = mkdtempSync(join(tmpdir(), "holodeck-rehydrate-"));
const INDEX = new URL("../src/index.ts", import.meta.url).href;

/** What the fresh process does: nothing but data and an address came to it. */
const PROGRAM = `
import { Session } from ${JSON.stringify(INDEX)};
const { data, store } = JSON.parse(process.argv[2]);
await using session = await Session.rehydrate(data, { store });
await session.completeTask("open", "failed", { error: "no" });
const fork = await session.fork(3);
console.log(JSON.stringify({ data: await session.persist(), totals: session.totals, done: await session.readResult("done"),
  past: (await session.at(2)).tasks.map((task) => task.status), fork: fork.forkedFrom }));
`;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Place {
  readonly name: string;
  readonly isThere: boolean;
  /** The address of an empty store, and what ends its server. */
  readonly start: () => Promise<{ readonly store: string; readonly stop: () => Promise<void> }>;
}

const PLACES: readonly Place[] = [
  {
    name: "SQLite",
    isThere: true,
    start: async () =>
      await Promise.resolve({ store: join(folder, "h.db"), stop: async () => await Promise.resolve() }),
  },
  {
    name: "PostgreSQL",
    isThere: need("postgres"),
    start: async () => {
      const server = await PostgresServer.start();
      return { store: server.newStore(), stop: async () => await server.stop() };
    },
  },
  {
    name: "Redis",
    isThere: need("redis"),
    start: async () => {
      const server = await RedisServer.start();
      return { store: server.newStore(), stop: async () => await server.stop() };
    },
  },
  {
    name: "Redis Cluster",
    isThere: need("redis"),
    start: async () => {
      const cluster = await RedisCluster.start();
      return { store: cluster.newStore(), stop: async () => await cluster.stop() };
    },
  },
];

for (const { name, isThere, start } of PLACES) {
  test.skipIf(!isThere)(`a session in ${name} comes back in a fresh process`, async () => {
    const { store, stop } = await start();
    try {
      await using manager = new SessionManager(
        { sessionName: "s", agentId: "oracle1", metadata: { run: 7 } },
        { store },
      );
      const session = await manager.startSession();
      await session.addTask("done");
      const large = { text: "x".repeat(100_000) };
      await session.completeTask("done", "success", { result: large });
      await session.addTask("open");
      const data = await session.persist();
      const again = await elsewhere({ data, store });
      expect(again).toEqual({
        data,
        totals: { total: 2, succeeded: 1, failed: 1, cancelled: 0, timed_out: 0 },
        done: large,
        past: ["pending"],
        fork: {
          sessionId: session.sessionId,
          seq: 3,
          hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
      });
      expect((await session.persist()).session_id).toBe(data.session_id);
      expect([session.status, session.totals.failed]).toEqual(["open", 1]);
    } finally {
      await stop();
    }
  });
}

async function elsewhere(given: object): Promise<unknown> {
  const program = join(folder, "program.mjs");
  writeFileSync(program, PROGRAM);
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(given)], { cwd });
  return JSON.parse(stdout);
}
