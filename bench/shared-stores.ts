// `node bench/shared-stores.ts [postgres|redis|cluster …]`: durable events a second through each shared store, with
// 64 sessions at once and one at a time, beside the cheapest statements that write the same rows durably on the same
// server. Starts servers of its own.
import { randomBytes } from "node:crypto";
import pg from "pg";
import type { AppendItem } from "../src/event/log.ts";
import type { EncodedEvent } from "../src/event/event.ts";
import { openStore } from "../src/store/open.ts";
import { lastOf, testItem, testStream } from "../src/testing/events.ts";
import { PostgresServer } from "../test/servers/postgres.ts";
import { RedisCluster } from "../test/servers/redis-cluster.ts";
import { once, RedisServer } from "../test/servers/redis.ts";

const EVENTS = 12_800;
const ALONE = 1_000;
const SESSIONS = 64;
const ROUNDS = 5;

interface Measured {
  readonly name: string;
  readonly atOnce: number;
  readonly alone: number;
}

function itemsOf(sessions: number, each: number): readonly (readonly AppendItem[])[] {
  return Array.from({ length: sessions }, () => {
    const stream = testStream(randomBytes(6).toString("hex"));
    let after: EncodedEvent | undefined;
    return Array.from({ length: each }, (_, n) => {
      const item = testItem({
        stream,
        after,
        facts: [{ type: "task_completed", data: { n, text: randomBytes(110).toString("hex") } }],
        head: { summary: { tasks: n } },
      });
      after = lastOf(item);
      return item;
    });
  });
}

async function rate(events: number, act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return Math.round(events / ((performance.now() - started) / 1000));
}

async function measureStore(name: string, address: string): Promise<Measured> {
  const store = await openStore(address);
  const write = async (items: readonly AppendItem[]): Promise<void> => {
    for (const item of items) {
      const [result] = await store.append([item]);
      if (result?.status !== "appended") throw new Error(`An item came back ${result?.status}.`);
    }
  };
  await Promise.all(itemsOf(SESSIONS, 20).map(write));
  const many = itemsOf(SESSIONS, EVENTS / SESSIONS);
  const [one = []] = itemsOf(1, ALONE);
  const atOnce = await rate(EVENTS, () => Promise.all(many.map(write)));
  const alone = await rate(ALONE, () => write(one));
  await store.close();
  return { name, atOnce, alone };
}

/** One statement a batch: the events and their heads, no check, no other index. */
async function measurePostgresFloor(address: string): Promise<Measured> {
  const client = new pg.Client(address);
  await client.connect();
  await client.query(`CREATE TABLE floor_events (position int8 PRIMARY KEY, stream text, seq int8, at int8, hash bytea,
    bytes bytea); CREATE UNIQUE INDEX ON floor_events (stream, seq);
    CREATE TABLE floor_heads (stream text PRIMARY KEY, seq int8, hash bytea, summary text) WITH (fillfactor = 70)`);
  let position = 0;
  const write = async (items: readonly AppendItem[]): Promise<void> => {
    const rows = items.map((item) => ({ position: ++position, item, last: lastOf(item) }));
    await client.query({
      name: "floor",
      text: `WITH e AS (INSERT INTO floor_events
          SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::bytea[], $6::bytea[]))
        INSERT INTO floor_heads SELECT * FROM unnest($2::text[], $3::int8[], $5::bytea[], $7::text[])
        ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, summary = excluded.summary`,
      values: [
        rows.map((row) => row.position),
        rows.map(({ item }) => item.stream),
        rows.map(({ last }) => last.event.seq),
        rows.map(({ last }) => last.event.at),
        rows.map(({ last }) => Buffer.from(last.hash, "hex")),
        rows.map(({ last }) => last.bytes),
        rows.map(({ item }) => JSON.stringify(item.head.summary)),
      ],
    });
  };
  const many = itemsOf(SESSIONS, EVENTS / SESSIONS);
  const [one = []] = itemsOf(1, ALONE);
  const atOnce = await rate(EVENTS, async () => {
    for (let n = 0; n < EVENTS / SESSIONS; n++) await write(many.flatMap((items) => items[n] ?? []));
  });
  const alone = await rate(ALONE, async () => {
    for (const item of one) await write([item]);
  });
  await client.end();
  return { name: "the same rows by one bare statement a batch", atOnce, alone };
}

async function benchPostgres(): Promise<readonly Measured[]> {
  const server = await PostgresServer.start();
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measureStore("PostgreSQL", server.newStore()));
    rounds.push(await measurePostgresFloor(server.address("public")));
    const client = new pg.Client(server.address("public"));
    await client.connect();
    await client.query("DROP TABLE floor_events, floor_heads");
    await client.end();
  }
  await server.stop();
  return rounds;
}

/** One pipeline a batch: an entry and a head each, no check, nothing else kept. */
async function measureRedisFloor(server: RedisServer): Promise<Measured> {
  return await once(server.port, async (client) => {
    const write = async (items: readonly AppendItem[]): Promise<void> => {
      const pipeline = client.pipeline();
      for (const item of items) {
        const last = lastOf(item);
        pipeline.xadd("floor:log", "*", "h", Buffer.from(last.hash, "hex"), "e", Buffer.from(last.bytes));
        pipeline.hset("floor:heads", item.stream, JSON.stringify({ seq: last.event.seq, ...item.head }));
      }
      await pipeline.exec();
    };
    const many = itemsOf(SESSIONS, EVENTS / SESSIONS);
    const [one = []] = itemsOf(1, ALONE);
    const atOnce = await rate(EVENTS, async () => {
      for (let n = 0; n < EVENTS / SESSIONS; n++) await write(many.flatMap((items) => items[n] ?? []));
    });
    const alone = await rate(ALONE, async () => {
      for (const item of one) await write([item]);
    });
    return { name: "an entry and a head by bare pipelines", atOnce, alone };
  });
}

async function benchRedis(): Promise<readonly Measured[]> {
  const server = await RedisServer.start();
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measureStore("Redis, append always", server.newStore()));
    rounds.push(await measureRedisFloor(server));
  }
  await server.stop();
  return rounds;
}

async function benchCluster(): Promise<readonly Measured[]> {
  const cluster = await RedisCluster.start();
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measureStore("Redis Cluster of 3, append always", cluster.newStore()));
  }
  await cluster.stop();
  return rounds;
}

const BENCHES: Readonly<Record<string, () => Promise<readonly Measured[]>>> = {
  postgres: benchPostgres,
  redis: benchRedis,
  cluster: benchCluster,
};

for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHES)) {
  for (const { name: what, atOnce, alone } of (await BENCHES[name]?.()) ?? []) {
    process.stdout.write(
      `${what.padEnd(46)} ${String(atOnce).padStart(7)}/s ${String(alone).padStart(6)}/s\n`,
    );
  }
}
