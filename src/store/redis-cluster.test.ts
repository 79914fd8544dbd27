import { describe } from "vitest";
import { need } from "../../test/need.ts";
import { RedisCluster } from "../../test/servers/redis-cluster.ts";
import { testSharedStore } from "../../test/shared-store.ts";

describe.skipIf(!need("redis"))("the store in Redis Cluster", () => {
  testSharedStore({
    driver: "ioredis",
    start: () => RedisCluster.start(),
    noProxy: "the nodes name their own addresses; the script that answers is the one of a single server",
  });
});
