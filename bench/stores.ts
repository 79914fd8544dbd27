// The stores (DESIGN §7): ten-task sessions beside durable-execution libraries on the same PostgreSQL and Redis, and
// what must not grow with the data, on each store. Starts servers of its own. `--largest N`: the long list has N.
import { tmpdir } from "node:os";
import { MemoryStore } from "../src/store/memory.ts";
import { openStore } from "../src/store/open.ts";
import { PostgresServer } from "../test/servers/postgres.ts";
import { RedisServer } from "../test/servers/redis.ts";
import type { Row, Settings } from "./harness.ts";
import { syncMilliseconds, withFolder } from "./machine.ts";
import { idleRow, pageRow, rehydrateRow } from "./stores/growth.ts";
import { peerVersions } from "./stores/peers.ts";
import { postgresPlace, redisPlace, sqlitePlace, type Place } from "./stores/places.ts";
import { postgresSessions, redisSessions } from "./stores/sessions.ts";

export async function* rows({ largest }: Settings): AsyncGenerator<Row> {
  const postgres = await PostgresServer.start();
  const redis = await RedisServer.start();
  const restsOn = await describeServers(postgres, redis);
  try {
    for await (const row of postgresSessions(postgres)) yield { ...row, notes: [...row.notes, restsOn] };
    yield* redisSessions(redis);
    yield await idleRow("memory", async () => await Promise.resolve(new MemoryStore()));
    for (const measureRow of growthRows(largest)) {
      yield await withFolder(async (folder) => await measureRow(sqlitePlace(folder)));
      yield await measureRow(postgresPlace(postgres));
      yield await measureRow(redisPlace(redis));
    }
  } finally {
    await postgres.stop();
    await redis.stop();
  }
}

function growthRows(largest: number): readonly ((place: Place) => Promise<Row>)[] {
  return [
    async (place) => await idleRow(place.name, async () => await openStore(place.newStore())),
    rehydrateRow,
    async (place) => await pageRow(place, largest),
  ];
}

async function describeServers(postgres: PostgresServer, redis: RedisServer): Promise<string> {
  const [found] = await postgres.query("SHOW server_version");
  const { server_version: version } = found as { readonly server_version: string };
  const info = String(await redis.call("INFO", "server"));
  const parts = [
    `PostgreSQL ${version}`,
    `Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? "?"} with appendfsync always`,
    ...(await peerVersions()),
  ];
  const sync = (syncMilliseconds(tmpdir()) * 1_000).toFixed(0);
  return `${parts.join(", ")}. One page and its fdatasync take ${sync} µs on the servers' disk now.`;
}
