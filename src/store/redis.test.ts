import { describe, expect, onTestFinished, test } from "vitest";
import { need } from "../../test/need.ts";
import { RedisServer, type RedisSettings } from "../../test/servers/redis.ts";
import { testSharedStore } from "../../test/shared-store.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { RedisClient } from "./redis-client.ts";
import { openRedisStore } from "./redis.ts";

describe.skipIf(!need("redis"))("the store in Redis", () => {
  testSharedStore({ driver: "ioredis", start: () => RedisServer.start() });
});

describe.skipIf(!need("redis"))("a Redis server that may lose what it acknowledged", () => {
  const cases: readonly (readonly [string, RedisSettings, RegExp | null])[] = [
    ["writes to disk every second", { appendfsync: "everysec" }, /appendfsync is everysec, not always/],
    ["keeps no log", { appendonly: "no" }, /appendonly is not yes/],
    [
      "drops keys when memory is short",
      { maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" },
      /maxmemory-policy is allkeys-lru, not noeviction/,
    ],
    ["refuses to write when memory is short", { maxmemory: "100mb", "maxmemory-policy": "noeviction" }, null],
  ];

  test.each(cases)("one that %s", async (_what, settings, expected) => {
    const server = await RedisServer.start(settings);
    onTestFinished(() => server.stop());
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const address = server.newStore();
    for (let times = 0; times < 2; times++) await (await openRedisStore(address)).close();
    // Warnings are told in the turn after they were given.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    const texts = warnings.filter(({ name }) => name === "HolodeckWarning").map(({ message }) => message);
    expect(texts).toEqual(expected === null ? [] : [expect.stringMatching(expected)]);
  });
});

test.skipIf(!need("redis"))(
  "a server that dies while it writes its log loses nothing at the starts after it",
  async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const address = server.newStore();
    const stream = testStream("a");
    const first = testItem({ stream });
    const torn = testItem({
      stream,
      after: lastOf(first),
      facts: [{ data: { is: "torn" } }],
      keys: ["torn"],
    });
    const next = testItem({
      stream,
      after: lastOf(first),
      facts: [{ data: { is: "next" } }],
      keys: ["next"],
    });
    const store = await openRedisStore(address);
    await store.append([first]);
    await store.append([torn]);
    // As if nobody had been told of it yet.
    await server.killWhileWriting();
    await server.restart();
    expect(await store.append([next])).toEqual([{ status: "appended" }]);
    const blob = await store.putBlob({ bytes: Buffer.from("a blob") });
    await server.kill();
    await server.restart();
    expect((await store.read({ stream })).map(({ hash }) => hash)).toEqual([
      lastOf(first).hash,
      lastOf(next).hash,
    ]);
    expect(await store.key({ stream, key: "torn" })).toBe(null);
    expect(Buffer.from((await store.blob({ hash: blob })) ?? [])).toEqual(Buffer.from("a blob"));
    expect(await store.inspect()).toEqual([]);
    await store.close();
  },
);

test.skipIf(!need("redis"))(
  "who comes while another has the log written anew waits until it is",
  async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    await server.call("SET", "k", "a key takes its time");
    await server.call("CONFIG", "SET", "rdb-key-save-delay", "300000"); // microseconds
    const client = await RedisClient.connect(parseRedisAddress(server.newStore()), {});
    onTestFinished(() => client.close());
    const isWhole = async (): Promise<boolean> => {
      const state = String(await server.call("INFO", "persistence"));
      return /aof_rewrite_in_progress:0\s/.test(state) && !/aof_last_rewrite_time_sec:-1\s/.test(state);
    };
    expect(await isWhole()).toBe(false);
    const first = client.call("GET", "k");
    await client.call("SET", "next", "x");
    expect(await isWhole()).toBe(true);
    await first;
  },
);

test.skipIf(!need("redis"))("a server without memory to spare is full, and loses nothing", async () => {
  const server = await RedisServer.start({ "maxmemory-policy": "noeviction" });
  onTestFinished(() => server.stop());
  const store = await openRedisStore(server.newStore());
  onTestFinished(() => store.close());
  const stream = testStream("a");
  await store.append([testItem({ stream })]);
  await server.call("CONFIG", "SET", "maxmemory", "1");
  const other = testItem({ stream: testStream("b") });
  await expect(store.append([other])).rejects.toMatchObject({ code: "store_full" });
  await server.call("CONFIG", "SET", "maxmemory", "0");
  expect(await store.read({ stream })).toHaveLength(1);
  expect(await store.append([other])).toEqual([{ status: "appended" }]);
  expect(await store.inspect()).toEqual([]);
});
