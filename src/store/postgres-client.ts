// Talks to PostgreSQL: a pool of connections set up alike, rows as tuples, and another try when the server has
// gone. Whoever asks must bear being asked twice: the answer of what was done may be what got lost.
import { crc32 } from "node:zlib";
import type { Client, ClientBase, Pool } from "pg";
import { loadDriver } from "./driver.ts";
import { persist, type Patience } from "./patience.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { isAway, isTransient, postgresError } from "./postgres-error.ts";

type Driver = (typeof import("pg"))["default"];

/** A statement with the type of its rows, prepared once a connection. */
export interface Query<Row extends readonly unknown[] = readonly []> {
  readonly name: string;
  readonly text: string;
  /** Only a type: what a row is. */
  readonly row?: Row;
}

export type Value = string | number | Buffer | null;

export function query<Row extends readonly unknown[] = readonly []>(text: string): Query<Row> {
  return { name: `holodeck_${crc32(text).toString(16)}_${text.length}`, text };
}

export interface PostgresClientOptions {
  /** How long a call waits for a server that has gone, in milliseconds; default 5,000. */
  readonly patienceMs?: number;
  /** The most connections this store holds; default 8. */
  readonly connectionsMax?: number;
}

const CONNECT_TIMEOUT_MS = 5000;

export class PostgresClient {
  readonly address: PostgresAddress;
  readonly #driver: Driver;
  readonly #pool: Pool;
  readonly #patience: Patience;

  private constructor(
    driver: Driver,
    address: PostgresAddress,
    { patienceMs = 5000, connectionsMax = 8 }: PostgresClientOptions,
  ) {
    this.address = address;
    this.#driver = driver;
    this.#patience = {
      patienceMs,
      isWorthAnother: (cause) => isAway(cause) || isTransient(cause),
      errorOf: (cause) => postgresError(address.name, cause),
    };
    this.#pool = new driver.Pool({
      ...settings(address),
      max: connectionsMax,
      allowExitOnIdle: true,
      // The pool does wait for it, though its types do not say so.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client: ClientBase) => setUp(client, address.schema),
    });
    // An idle connection that breaks is replaced at its next use.
    this.#pool.on("error", () => undefined);
  }

  /** Throws `unsupported` when the driver is not installed. */
  static async load(address: PostgresAddress, options: PostgresClientOptions): Promise<PostgresClient> {
    const { default: driver } = await loadDriver("pg", () => import("pg"));
    return new PostgresClient(driver, address, options);
  }

  async all<Row extends readonly unknown[]>(asked: Query<Row>, ...values: Value[]): Promise<readonly Row[]> {
    return await persist(this.#patience, async () => {
      const { rows } = await this.#pool.query<unknown[]>({
        name: asked.name,
        text: asked.text,
        values,
        rowMode: "array",
        types: TYPES,
      });
      return rows as unknown as readonly Row[];
    });
  }

  async get<Row extends readonly unknown[]>(asked: Query<Row>, ...values: Value[]): Promise<Row | undefined> {
    return (await this.all(asked, ...values))[0];
  }

  /** Statements without values in one message; tried once. */
  async tell(statements: string): Promise<void> {
    await this.#pool.query(statements);
  }

  /** Runs `act` in a transaction on a connection of its own, tried once. */
  async transact<Result>(act: (client: ClientBase) => Promise<Result>): Promise<Result> {
    try {
      const client = await this.#pool.connect();
      let failure: Error | undefined;
      try {
        await client.query("BEGIN");
        const result = await act(client);
        await client.query("COMMIT");
        return result;
      } catch (cause) {
        failure = cause instanceof Error ? cause : new Error(String(cause));
        throw cause;
      } finally {
        // After a failure the connection goes, and what it had begun with it.
        client.release(failure);
      }
    } catch (cause) {
      throw postgresError(this.address.name, cause);
    }
  }

  /** A connection outside the pool, not yet connected, which keeps no process alive. */
  lone(): Client {
    return new this.#driver.Client(settings(this.address));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function settings({ connectionString }: PostgresAddress) {
  return {
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: "holodeck",
  };
}

/**
 * What the statements rest on, whatever the server's or the user's defaults are: commits that wait for the disk, and
 * queries that each see what was committed before them.
 */
async function setUp(client: ClientBase, schema: string): Promise<void> {
  await client.query(`SET search_path TO "${schema}"; SET default_transaction_isolation TO 'read committed';
    SET bytea_output TO hex; SET jit TO off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`);
}

const BOOL = 16;
const BYTEA = 17;
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26]);

/** Bytes as Buffers and whole numbers as numbers: none is stored that is not safe. */
const TYPES = {
  getTypeParser(type: number): (text: string) => unknown {
    if (type === BYTEA) return (text) => Buffer.from(text.slice(2), "hex");
    if (type === BOOL) return (text) => text === "t";
    return NUMBERS.has(type) ? Number : String;
  },
};
