// A Redis server of one's own, or a cluster of three, that writes to disk before it answers and asks for a password.
import { mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { commandOf } from "../need.ts";
import { freePort, ServerProcess } from "./process.ts";
import { PASSWORD, type SharedServer } from "./shared-server.ts";

/** Settings beside those of a durable server: `appendfsync everysec` makes it less. */
export type RedisSettings = Readonly<Record<string, string>>;

export class RedisServer implements SharedServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: RedisSettings;
  #process: ServerProcess;
  #stores = 0;

  private constructor(port: number, folder: string, settings: RedisSettings, process: ServerProcess) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
    this.#process = process;
  }

  static async start(settings: RedisSettings = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "holodeck-redis-"));
    const port = await freePort();
    return new RedisServer(port, folder, settings, await boot(port, folder, settings));
  }

  newStore(port = this.port): string {
    return `redis://:${PASSWORD}@127.0.0.1:${port}?prefix=store${++this.#stores}`;
  }

  withPassword(address: string, password: string): string {
    return address.replace(PASSWORD, password);
  }

  async makeNewer(address: string): Promise<void> {
    await this.call("HSET", `${prefixOf(address)}:store`, "version", "99");
  }

  async makeForeign(address: string): Promise<void> {
    await this.call("SET", `${prefixOf(address)}:store`, "cats");
  }

  async dump(address: string): Promise<unknown> {
    return [
      await this.call("KEYS", `${prefixOf(address)}:*`),
      await this.call("DUMP", `${prefixOf(address)}:store`),
    ];
  }

  async call(command: string, ...values: string[]): Promise<unknown> {
    return await once(this.port, (client) => client.callBuffer(command, ...values));
  }

  /** SIGKILL while the last command is being written to the log. */
  async killWhileWriting(): Promise<void> {
    await this.kill();
    const folder = join(this.#folder, "appendonlydir");
    const logs = (await readdir(folder)).filter((name) => name.endsWith(".incr.aof"));
    const last = logs.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "";
    const path = join(folder, last);
    await truncate(path, (await stat(path)).size - 3);
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async restart(): Promise<void> {
    this.#process = await boot(this.port, this.#folder, this.#settings);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A connection for one act. */
export async function once<Result>(port: number, act: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis({ host: "127.0.0.1", port, password: PASSWORD, lazyConnect: true });
  try {
    await client.connect();
    return await act(client);
  } finally {
    client.disconnect();
  }
}

export function prefixOf(address: string): string {
  return address.slice(address.indexOf("prefix=") + "prefix=".length);
}

async function boot(port: number, folder: string, settings: RedisSettings): Promise<ServerProcess> {
  const all = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    requirepass: PASSWORD,
    appendonly: "yes",
    appendfsync: "always",
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const command = { file: commandOf("redis"), args, ready: /Ready to accept connections/ };
  try {
    return await ServerProcess.start(command);
  } catch (error) {
    // A log that was torn before it was written anew: Redis mends it, ends, and wants to be started once more.
    if (!String(error).includes("the truncated file is not the last file")) throw error;
    return await ServerProcess.start(command);
  }
}
