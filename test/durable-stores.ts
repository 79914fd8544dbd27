// The stores that outlive a process, each started empty: where the machine has no server for one, `isThere` is false.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";
import { RedisServer } from "./servers/redis.ts";

export interface DurableStore {
  readonly name: string;
  readonly isThere: boolean;
  /** The address of an empty store, and what takes it away. */
  readonly start: () => Promise<{ readonly store: string; readonly stop: () => Promise<void> }>;
}

export const DURABLE_STORES: readonly DurableStore[] = [
  { name: "SQLite", isThere: true, start: startSqlite },
  {
    name: "PostgreSQL",
    isThere: need("postgres"),
    start: async () => await startServer(async () => await PostgresServer.start()),
  },
  {
    name: "Redis",
    isThere: need("redis"),
    start: async () => await startServer(async () => await RedisServer.start()),
  },
];

async function startSqlite(): ReturnType<DurableStore["start"]> {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-durable-"));
  return {
    store: join(folder, "h.db"),
    stop: async () => await rm(folder, { recursive: true, force: true }),
  };
}

async function startServer(
  start: () => Promise<PostgresServer | RedisServer>,
): ReturnType<DurableStore["start"]> {
  const server = await start();
  return { store: server.newStore(), stop: async () => await server.stop() };
}
