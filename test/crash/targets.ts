// The stores that are killed: how a new one is made, and what else can die beside the process that uses it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { need } from "../need.ts";
import { PostgresServer } from "../servers/postgres.ts";
import { RedisCluster } from "../servers/redis-cluster.ts";
import { RedisServer } from "../servers/redis.ts";
import type { SharedServer } from "../servers/shared-server.ts";
import { POINTS, SQLITE_CREATE_POINTS, SQLITE_POINTS } from "./points.ts";

export interface Target {
  readonly points: readonly string[];
  /** Points that only the making of a store reaches. */
  readonly createPoints: readonly string[];
  /** The address of a new, empty store. */
  newStore(): string;
  /** Kills the server that keeps the store by SIGKILL and starts it again; null when no server does. */
  readonly killServer: (() => Promise<void>) | null;
  stop(): Promise<void>;
}

const STARTERS: Readonly<Record<string, () => Promise<Target>>> = {
  sqlite: startSqlite,
  postgres: async () => shared(await PostgresServer.start()),
  redis: async () => shared(await RedisServer.start()),
  "redis-cluster": async () => shared(await RedisCluster.start()),
};

export const TARGET_NAMES: readonly string[] = Object.keys(STARTERS);

/** Whether what a store needs of the system is there; under CI=true it must be. */
export function hasTarget(name: string): boolean {
  return name === "sqlite" || need(name === "redis-cluster" ? "redis" : name);
}

export async function startTarget(name: string): Promise<Target> {
  const start = STARTERS[name];
  if (start === undefined) throw new RangeError(`${name} is none of ${TARGET_NAMES.join(", ")}`);
  return await start();
}

async function startSqlite(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), "holodeck-crash-"));
  let count = 0;
  return {
    points: [...POINTS, ...SQLITE_POINTS],
    createPoints: SQLITE_CREATE_POINTS,
    newStore: () => join(folder, `${++count}`, "holodeck.db"),
    killServer: null,
    stop: async () => await rm(folder, { recursive: true, force: true }),
  };
}

/** A store on a server of its own, which can die as well. */
function shared(server: SharedServer): Target {
  return {
    points: POINTS,
    createPoints: [],
    newStore: () => server.newStore(),
    killServer: async () => {
      await server.kill();
      await server.restart();
    },
    stop: async () => await server.stop(),
  };
}
