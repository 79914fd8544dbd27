// A store as the first version left it, brought to the present one.
import { hash as digest } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { need } from "../../test/need.ts";
import { PostgresServer } from "../../test/servers/postgres.ts";
import { wordsOfEvent } from "../event/words.ts";
import { lastOf, testItem, testStream } from "../testing/events.ts";
import { openStore } from "./open.ts";
import { partitionOf } from "./partition.ts";
import { PARTITIONS, SCHEMA_VERSION } from "./postgres-schema.ts";
import { verifyStore } from "./verify.ts";

describe.skipIf(!need("postgres"))("a PostgreSQL store of version 1", () => {
  const a = testStream("a");
  const partition = partitionOf(a, PARTITIONS);
  const blob = Buffer.from("a blob of version 1");
  const blobHash = digest("sha256", blob, "hex");
  const item = testItem({ stream: a, facts: [{ data: { text: "fox" } }, {}, {}], keys: ["k"] });
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => await server.stop());

  /** What a program of version 1 left behind: three events, found by their words, a key and a blob. */
  async function makeVersion1(): Promise<string> {
    const address = server.newStore();
    const schema = new URL(address).searchParams.get("schema");
    const fixture = new URL("../../test/fixtures/postgres-version-1.sql", import.meta.url);
    const events = item.events.map(({ event, hash, bytes }) => {
      const words = wordsOfEvent(event).map((word) => text(word));
      return `INSERT INTO events VALUES (${partition}, ${event.seq}, ${text(a)}, ${event.seq}, ${event.at}, NULL, 7,
          '\\x${hash}', '\\x${Buffer.from(bytes).toString("hex")}');
        INSERT INTO words VALUES (${partition}, ${event.seq}, ${event.at}, '\\x${hash}', ARRAY[${words.join(", ")}]::bytea[]);`;
    });
    await server.query(`CREATE SCHEMA ${schema}; SET search_path TO ${schema};
      ${await readFile(fixture, "utf8")}
      ${events.join("\n")}
      UPDATE words_places SET position = 3 WHERE partition = ${partition};
      INSERT INTO heads VALUES (${partition}, ${text(a)}, 3, '\\x${lastOf(item).hash}', ${text("test")}, ${text("open")}, 1,
        NULL, ${text("[]")}, '{}', ${text("{}")});
      INSERT INTO keys VALUES (${partition}, ${text(a)}, ${text("k")}, 1);
      INSERT INTO blobs VALUES ('\\x${blobHash}', '\\x${blob.toString("hex")}');
      INSERT INTO store VALUES (true, 'holodeck', 1, ${PARTITIONS});`);
    return address;
  }

  test("opens, is brought up, verifies, and goes on", async () => {
    const address = await makeVersion1();
    const opened = Date.now();
    const store = await openStore(address);
    expect(await verifyStore(store)).toEqual({ ok: true, streams: 1, events: 3, pruned: 0, problems: [] });
    expect((await store.blobs({})).items).toEqual([
      { hash: blobHash, bytes: blob.length, putAt: expect.any(Number) },
    ]);
    // What was there is taken for new: its event may not have been written yet.
    expect(await store.deleteBlob({ hash: blobHash, putBefore: opened - 60_000 })).toBe(false);
    expect(await store.key({ stream: a, key: "k" })).toBe(1);
    expect(await store.append([testItem({ stream: a, after: lastOf(item) })])).toEqual([
      { status: "appended" },
    ]);
    await store.close();
    const schema = new URL(address).searchParams.get("schema");
    expect(await server.query(`SELECT version FROM ${schema}.store`)).toEqual([
      { version: `${SCHEMA_VERSION}` },
    ]);
  });

  test("has its events found by their hashes too, and by their words once, until they are pruned", async () => {
    const store = await openStore(await makeVersion1());
    const [first, , last] = item.events.map(({ hash }) => hash);
    for (const hash of [first, last]) expect(await store.find({ hash: hash ?? "" })).toMatchObject({ hash });
    expect((await store.search({ text: "fox" })).items).toHaveLength(1);
    expect(await store.prune({ stream: a, throughSeq: 2 })).toBe(2);
    expect(await store.find({ hash: first ?? "" })).toBe(null);
    expect((await store.search({ text: "fox" })).items).toEqual([]);
    await store.close();
  });

  test("is brought up once by many who open it at once", async () => {
    const address = await makeVersion1();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(address)));
    for (const store of stores) expect((await store.blobs({})).items).toHaveLength(1);
    for (const store of stores) await store.close();
  });
});

/** As bytes: names are kept so. */
function text(value: string): string {
  return `'\\x${Buffer.from(value).toString("hex")}'`;
}
