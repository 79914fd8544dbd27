// A Redis Cluster of three masters of one's own.
import { PASSWORD, type SharedServer } from "./shared-server.ts";
import { once, prefixOf, RedisServer } from "./redis.ts";
import { freePort } from "./process.ts";

const SLOTS = 16_384;
const NODES = 3;
const ASK_AGAIN_MS = 20;

export class RedisCluster implements SharedServer {
  readonly #nodes: readonly RedisServer[];
  #stores = 0;

  private constructor(nodes: readonly RedisServer[]) {
    this.#nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    // Nodes talk to each other on a second port, which would be the first plus 10,000.
    const busPorts = await Promise.all(Array.from({ length: NODES }, freePort));
    const nodes = await Promise.all(busPorts.map(startNode));
    const share = Math.ceil(SLOTS / NODES);
    for (const [index, node] of nodes.entries()) {
      const from = index * share;
      const to = Math.min(from + share, SLOTS) - 1;
      await node.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
      // Ranks must differ before the nodes meet, or they would settle that among themselves first.
      await node.call("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
    }
    const [port, busPort] = [String(nodes[0]?.port), String(busPorts[0])];
    for (const node of nodes.slice(1)) await node.call("CLUSTER", "MEET", "127.0.0.1", port, busPort);
    const cluster = new RedisCluster(nodes);
    await cluster.#isReady();
    return cluster;
  }

  get port(): number {
    return this.#nodes[0]?.port ?? 0;
  }

  newStore(port?: number): string {
    const ports = port === undefined ? this.#nodes.map((node) => node.port) : [port];
    const hosts = ports.map((one) => `127.0.0.1:${one}`).join(",");
    return `redis+cluster://:${PASSWORD}@${hosts}?prefix=store${++this.#stores}`;
  }

  withPassword(address: string, password: string): string {
    return address.replace(PASSWORD, password);
  }

  async makeNewer(address: string): Promise<void> {
    await this.#onOwner(address, "HSET", "version", "99");
  }

  async makeForeign(address: string): Promise<void> {
    await this.#onOwner(address, "SET", "cats");
  }

  async dump(address: string): Promise<unknown> {
    const keys = await Promise.all(this.#nodes.map((node) => node.call("KEYS", `${prefixOf(address)}:*`)));
    return [keys, await this.#onOwner(address, "DUMP")];
  }

  async kill(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
  }

  async restart(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.restart()));
    await this.#isReady();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  /** A command on the key that says what a store is, on the node that has it. */
  async #onOwner(address: string, command: string, ...values: string[]): Promise<unknown> {
    for (const node of this.#nodes) {
      try {
        return await node.call(command, `${prefixOf(address)}:store`, ...values);
      } catch (error) {
        if (!String(error).includes("MOVED")) throw error;
      }
    }
    throw new Error("No node has the key.");
  }

  /** Until every node knows of every other and has all slots served. */
  async #isReady(): Promise<void> {
    await Promise.all(
      this.#nodes.map(({ port }) =>
        once(port, async (client) => {
          for (;;) {
            const info = String(await client.call("CLUSTER", "INFO"));
            if (info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${NODES}`)) return;
            await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
          }
        }),
      ),
    );
  }
}

async function startNode(busPort: number): Promise<RedisServer> {
  return await RedisServer.start({
    "cluster-enabled": "yes",
    "cluster-port": String(busPort),
    "cluster-node-timeout": "5000",
    masterauth: PASSWORD,
  });
}
