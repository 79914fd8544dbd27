// Every store there is, beside each other, each on a server of its own. The first is the one in memory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import { need } from "../need.ts";
import { PostgresServer } from "./postgres.ts";
import { RedisCluster } from "./redis-cluster.ts";
import { RedisServer } from "./redis.ts";

export class AllStores {
  readonly stores: readonly Store[];
  readonly #servers: readonly { stop(): Promise<void> }[];
  readonly #folder: string;

  private constructor(
    stores: readonly Store[],
    servers: readonly { stop(): Promise<void> }[],
    folder: string,
  ) {
    this.stores = stores;
    this.#servers = servers;
    this.#folder = folder;
  }

  /** Opens those whose servers are installed. */
  static async open(): Promise<AllStores> {
    const folder = await mkdtemp(join(tmpdir(), "holodeck-stores-"));
    const servers = await Promise.all([
      ...(need("postgres") ? [PostgresServer.start()] : []),
      ...(need("redis") ? [RedisServer.start(), RedisCluster.start()] : []),
    ]);
    const addresses = ["memory:", join(folder, "h.db"), ...servers.map((server) => server.newStore())];
    const stores = await Promise.all(addresses.map(async (address) => await openStore(address)));
    return new AllStores(stores, servers, folder);
  }

  async close(): Promise<void> {
    await Promise.all(this.stores.map(async (store) => await store.close()));
    await Promise.all(this.#servers.map(async (server) => await server.stop()));
    await rm(this.#folder, { recursive: true });
  }
}
