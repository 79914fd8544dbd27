// Talks to one Redis server or a Redis Cluster: commands with bytes in and out, scripts by their hash, and another
// try when the server has gone.
import type { Cluster, Redis } from "ioredis";
import { HolodeckError } from "../event/error.ts";
import { loadDriver } from "./driver.ts";
import { persist, type Patience } from "./patience.ts";
import type { RedisAddress } from "./redis-address.ts";
import { isAway, redisError } from "./redis-error.ts";
import { mendLog } from "./redis-mend.ts";
import type { Script } from "./redis-script.ts";

type Driver = Pick<typeof import("ioredis"), "Cluster" | "Redis">;
export type Argument = string | number | Buffer;

/** A reply as Redis gives it: bytes, whole numbers, nothing, and lists of these. */
export type Reply = Buffer | number | null | readonly Reply[];

export interface RedisClientOptions {
  /** How long a call waits for a server that has gone, in milliseconds; default 5,000. */
  readonly patienceMs?: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_MS_MAX = 500;

export class RedisClient {
  readonly address: RedisAddress;
  readonly #driver: Driver;
  readonly #connection: Redis | Cluster;
  readonly #patience: Patience;
  /** Whether a server may have been started since its log was seen to. */
  #mayBeTorn = true;
  #mending: Promise<void> | null = null;

  private constructor(driver: Driver, address: RedisAddress, { patienceMs = 5000 }: RedisClientOptions) {
    this.address = address;
    this.#driver = driver;
    this.#connection = connection(driver, address);
    this.#noteStarts();
    this.#patience = {
      patienceMs,
      isWorthAnother: isAway,
      errorOf: (cause) => redisError(address.name, cause),
    };
  }

  /** Connects. Throws `unsupported` when the driver is not installed, `store_unreachable` when no server answers. */
  static async connect(address: RedisAddress, options: RedisClientOptions): Promise<RedisClient> {
    const driver = await loadDriver("ioredis", () => import("ioredis"));
    const client = new RedisClient(driver, address, options);
    await connected(client.#connection, address);
    return client;
  }

  async call(command: string, ...values: Argument[]): Promise<Reply> {
    return await persist(this.#patience, () => this.#send(command, values));
  }

  /** Runs a script on the node of its keys, which must all be of one slot. */
  async run(asked: Script, keys: readonly string[], values: readonly Argument[]): Promise<Reply> {
    const rest = [keys.length, ...keys, ...values];
    return await persist(this.#patience, async () => {
      try {
        return await this.#send("EVALSHA", [asked.hash, ...rest]);
      } catch (cause) {
        if (!(cause instanceof Error && cause.message.startsWith("NOSCRIPT"))) throw cause;
        return await this.#send("EVAL", [asked.text, ...rest]);
      }
    });
  }

  /** The answer of each server that holds keys. */
  async onEach(command: string, ...values: Argument[]): Promise<readonly Reply[]> {
    return await persist(this.#patience, async () =>
      Promise.all(this.#nodes().map(async (node) => (await node.callBuffer(command, ...values)) as Reply)),
    );
  }

  /** Every key of the store that begins so, in slices. */
  async *keys(begin: string): AsyncGenerator<readonly Buffer[]> {
    for (const node of this.#nodes()) {
      let cursor = "0";
      do {
        const reply = await node.callBuffer("SCAN", cursor, "MATCH", `${globbed(begin)}*`, "COUNT", 500);
        const [next, found] = reply as readonly [Buffer, readonly Buffer[]];
        yield found;
        cursor = next.toString();
      } while (cursor !== "0");
    }
  }

  /** A second connection, for what is published. Reconnects by itself. */
  listener(): Redis | Cluster {
    return connection(this.#driver, this.address);
  }

  close(): void {
    this.#connection.disconnect();
  }

  async #send(command: string, values: readonly Argument[]): Promise<Reply> {
    // Also while another's command has it mended: what is written before that is done is written behind the tear.
    while (this.#mayBeTorn || this.#mending !== null) await (this.#mending ??= this.#mend());
    return (await this.#connection.callBuffer(command, ...values)) as Reply;
  }

  /** A server that is started loses its connections first. */
  #noteStarts(): void {
    const note = (): void => {
      this.#mayBeTorn = true;
    };
    this.#connection.on("close", note);
    this.#connection.on("+node", (node: Redis) => {
      note();
      node.on("close", note);
    });
  }

  async #mend(): Promise<void> {
    this.#mayBeTorn = false;
    try {
      await Promise.all(this.#nodes().map(async (node) => await mendLog(node, this.address.name)));
    } catch (cause) {
      this.#mayBeTorn = true;
      throw cause;
    } finally {
      this.#mending = null;
    }
  }

  #nodes(): readonly Redis[] {
    return "nodes" in this.#connection ? this.#connection.nodes("master") : [this.#connection];
  }
}

/** A reply that must be a list. */
export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply as readonly Reply[];
  throw unexpected();
}

/** A reply that must be bytes. */
export function bytesOf(reply: Reply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw unexpected();
}

/** A number, as itself or as the text Redis keeps it as; nothing is 0. */
export function numberOf(reply: Reply | undefined): number {
  if (reply === null || reply === undefined) return 0;
  return typeof reply === "number" ? reply : Number(bytesOf(reply).toString());
}

function unexpected(): HolodeckError {
  return new HolodeckError("internal", {
    what: "Redis gave another kind of answer than was asked for.",
    todo: "Check that the server is Redis 7 or newer, and report this.",
  });
}

/** What is under way when a connection breaks fails at once: this client decides what to ask again. */
function connection(driver: Driver, address: RedisAddress): Redis | Cluster {
  const { nodes, isCluster, hasTls, username, password, database } = address;
  const common = {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(hasTls ? { tls: {} } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    connectionName: "holodeck",
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The newer protocol gives maps where the older gives lists.
    protocol: 2 as const,
  };
  const made = isCluster
    ? new driver.Cluster([...nodes], {
        redisOptions: common,
        clusterRetryStrategy: pauseBeforeMs,
        enableOfflineQueue: false,
        lazyConnect: true,
      })
    : new driver.Redis({
        ...common,
        host: nodes[0]?.host ?? "",
        port: nodes[0]?.port ?? 0,
        db: database,
        retryStrategy: pauseBeforeMs,
        enableOfflineQueue: false,
        lazyConnect: true,
      });
  // What fails is told to whoever asks.
  made.on("error", () => undefined);
  return made;
}

/** The first error says more than what the driver makes of it. */
async function connected(made: Redis | Cluster, { name }: RedisAddress): Promise<void> {
  let first: unknown;
  const note = (error: unknown): void => {
    first ??= error;
  };
  made.on("error", note);
  try {
    await made.connect();
  } catch (cause) {
    made.disconnect();
    throw redisError(name, first ?? cause);
  } finally {
    made.off("error", note);
  }
}

function pauseBeforeMs(times: number): number {
  return Math.min(times * 50, RECONNECT_MS_MAX);
}

function globbed(text: string): string {
  return text.replaceAll(/[*?[\]\\^-]/g, String.raw`\$&`);
}
