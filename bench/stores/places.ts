// The durable stores that are measured, each on a server of its own, and how the bare driver reads one stream's events.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import pg from "pg";
import type { StreamId } from "../../src/event/event.ts";
import { PostgresServer } from "../../test/servers/postgres.ts";
import { RedisServer } from "../../test/servers/redis.ts";

export interface Place {
  readonly name: string;
  /** The address of a new, empty store. */
  newStore(): string;
  /** Reads and parses the events of the only stream of a store, with nothing but the driver; answers how many. */
  bareReader(address: string, stream: StreamId): Promise<BareReader>;
}

export interface BareReader {
  readonly read: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export function sqlitePlace(folder: string): Place {
  let count = 0;
  return {
    name: "SQLite",
    newStore: () => join(folder, `${++count}.db`),
    bareReader: async (address, stream) => {
      const database = new DatabaseSync(address, { readOnly: true });
      const rows = database.prepare("SELECT bytes FROM events WHERE stream = ? ORDER BY seq");
      const read = async (): Promise<number> =>
        await Promise.resolve(parsed(rows.all(stream).map(({ bytes }) => Buffer.from(bytes as Uint8Array))));
      return await Promise.resolve({ read, close: async () => await Promise.resolve(database.close()) });
    },
  };
}

export function postgresPlace(server: PostgresServer): Place {
  return {
    name: "PostgreSQL",
    newStore: () => server.newStore(),
    bareReader: async (address, stream) => {
      const client = new pg.Client(address);
      await client.connect();
      const schema = new URL(address).searchParams.get("schema");
      const text = `SELECT bytes FROM ${schema}.events WHERE stream = $1 ORDER BY seq`;
      const read = async (): Promise<number> => {
        const query = { name: "bare", text, values: [Buffer.from(stream)] };
        const { rows } = await client.query<{ bytes: Buffer }>(query);
        return parsed(rows.map(({ bytes }) => bytes));
      };
      return { read, close: async () => await client.end() };
    },
  };
}

export function redisPlace(server: RedisServer): Place {
  return {
    name: "Redis",
    newStore: () => server.newStore(),
    bareReader: async (address) => {
      const { hostname, port, password, searchParams } = new URL(address);
      const client = new Redis({ host: hostname, port: Number(port), password });
      // The only log of the store that holds anything: the stream's partition's.
      const [log = ""] = await client.keys(`${searchParams.get("prefix")}:*:log`);
      const read = async (): Promise<number> => {
        const entries = await client.xrangeBuffer(log, "-", "+");
        return parsed(
          entries.map(([, fields]) => (fields[1] ?? Buffer.alloc(0)).subarray(ENTRY_HEADER_BYTES)),
        );
      };
      return { read, close: async () => await Promise.resolve(client.disconnect()) };
    },
  };
}

/** What an entry holds before the event's bytes: a token and the hash. */
const ENTRY_HEADER_BYTES = 40;

function parsed(events: readonly Buffer[]): number {
  return events.map((bytes) => JSON.parse(bytes.toString()) as unknown).length;
}
