// What stands in bodies and addresses so that a reader stumbles over it: refused with 4xx along every way that
// writes, and nothing is kept of it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { TILE } from "../../src/testing/plato-caller.ts";
import { openRaw, statusIn } from "../raw-http.ts";
import { READS, World, WRITES } from "./world.ts";

let world: World;
let before = "";

beforeEach(async () => {
  world = await World.open();
  before = await world.state();
});

afterEach(async () => await world.close(before));

/** Sends these bytes along every way that writes, and to end a fleet's edge, which is another method with a body. */
async function eachRefuses(body: string | Uint8Array<ArrayBuffer>, status: number): Promise<void> {
  for (const { port, path } of WRITES) {
    const answer = await world.call(path, { body }, port);
    expect([path, body.slice(0, 60), answer.status]).toEqual([path, body.slice(0, 60), status]);
  }
  const answer = await world.call("/v1/fleet/edges", { method: "DELETE", body });
  expect([body.slice(0, 60), answer.status]).toEqual([body.slice(0, 60), status]);
}

test("__proto__ keys", async () => {
  for (const body of [
    '{"__proto__":{"role":"operator"}}',
    '{"\\u005f_proto__":{"role":"operator"}}',
    '{"a":[{"__proto__":{"role":"operator"}}]}',
    `{"domain":"hall","question":"what is it?","answer":{"__proto__":{"role":"operator"}}}`,
    `{"session_name":"s","agent_id":"a","metadata":{"__proto__":{"role":"operator"}}}`,
  ])
    await eachRefuses(body, 400);
  for (const { port, path } of READS.filter(({ path: one }) => one !== "/v1/events")) {
    const { status } = await world.call(
      `${path}?__proto__=x&__proto__[role]=operator&constructor=x`,
      {},
      port,
    );
    expect([path, status < 500]).toEqual([path, true]);
  }
  const bare: Record<string, unknown> = {};
  expect(bare["role"]).toBeUndefined();
});

test("depth 100,000", async () => {
  const depth = 100_000;
  await eachRefuses("[".repeat(depth), 400);
  await eachRefuses("[".repeat(depth) + "]".repeat(depth), 400);
  await eachRefuses('{"a":'.repeat(depth) + "1" + "}".repeat(depth), 400);
  await eachRefuses(
    `{"domain":"hall","question":"what?","answer":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`,
    400,
  );
});

test("gzip bomb and chunked over-limit", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  const ways = [...WRITES.map((way) => ({ ...way, method: "POST" })), DELETE_EDGE];
  for (const { port, path, method } of ways) {
    for (const encoding of ["gzip", "deflate", "br", "identity, gzip"]) {
      const { status } = await world.call(
        path,
        { method, headers: { "content-encoding": encoding }, body: bomb },
        port,
      );
      expect([path, encoding, status]).toEqual([path, encoding, 415]);
    }
    expect([path, await overLimit(port, method, path)]).toEqual([path, 413]);
    const head = [`${method} ${path} HTTP/1.1`, "Host: localhost", "Content-Type: application/json"];
    const claimed = await world.send(port, [...head, "Content-Length: 1048577"]);
    expect([path, claimed.status]).toEqual([path, 413]);
  }
});

const DELETE_EDGE = { port: "main", path: "/v1/fleet/edges", method: "DELETE" } as const;

/** Sends chunks without end until an answer comes. */
async function overLimit(port: "main" | "router", method: string, path: string): Promise<number> {
  const { socket, ended } = openRaw(world.portOf(port));
  const head = [`${method} ${path} HTTP/1.1`, "Host: localhost", "Content-Type: application/json"];
  socket.write(`${[...head, "Transfer-Encoding: chunked"].join("\r\n")}\r\n\r\n`);
  const chunk = `${(65_536).toString(16)}\r\n${" ".repeat(65_536)}\r\n`;
  const pump = setInterval(() => socket.writable && socket.write(chunk), 1);
  const text = await ended;
  clearInterval(pump);
  return statusIn(text);
}

test("duplicate keys, lone surrogates, 1e400", async () => {
  for (const body of [
    '{"agent_id":"a","agent_id":"b","task_id":"t"}',
    '{"agent_id":"a","agent\\u005fid":"b","task_id":"t"}',
    '{"domain":"hall","question":"what is it?","answer":{"a":{"b":1,"b":2}}}',
    '{"domain":"hall","question":"what is it?","answer":"twenty characters \\ud800"}',
    '{"domain":"hall","question":"what is it?","answer":{"\\udc00":1}}',
    '{"session_name":"s\\ud800","agent_id":"\\ud800","task_id":"\\udfff"}',
    '{"domain":"hall","question":"what is it?","answer":{"n":1e400}}',
    '{"session_name":"s","agent_id":"a","task_id":"t","max_tasks":1e400,"capacity":-1e400}',
  ])
    await eachRefuses(body, 400);
  // Half of a pair as bytes, and a byte that begins nothing.
  for (const bytes of [[0xed, 0xa0, 0x80], [0xff], [0xc0, 0xaf]])
    await eachRefuses(
      Uint8Array.from([...Buffer.from('{"agent_id":"'), ...bytes, ...Buffer.from('"}')]),
      400,
    );
});

const BAIT = [
  "(a+)+$",
  "(a|a)*b",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  ".*".repeat(1_000),
  "a".repeat(5_000),
  "%",
  "_",
];
const SYNTAX = [
  '"',
  '"a',
  "a AND",
  "NEAR(",
  "a*",
  "*",
  "-a",
  "a:b",
  "{a b}:c",
  "(",
  ")",
  "^a",
  "'; DROP TABLE events",
];

test("regex-bait in search", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-bait-"));
  // Where words are searched by a language of its own.
  const store = await openSqliteStore(join(folder, "h.db"));
  const searched = await World.open({ store });
  const answer = { text: `${"a".repeat(50_000)}!` };
  await searched.call("/submit", { body: { ...TILE, answer } });
  await searched.call("/v1/sessions", { body: { session_name: "a".repeat(200), agent_id: "a" } });
  for (const words of [...BAIT, ...SYNTAX]) {
    const asked = encodeURIComponent(words);
    for (const path of [`/search?q=${asked}`, `/v1/sessions?text=${asked}`, `/v1/sessions?tag=${asked}`]) {
      const { status } = await searched.call(path);
      expect([path.slice(0, 60), [200, 400].includes(status)]).toEqual([path.slice(0, 60), true]);
    }
  }
  expect((await searched.call("/search?q=twenty")).status).toBe(200);
  await searched.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

test("negative, NaN, overflowing numbers", async () => {
  const wrong = ["-1", "NaN", "Infinity", "1e309", "0x10", "1.5", "9".repeat(30), "0", "%2B1", "1%00"];
  for (const number of wrong) {
    for (const [path, port] of [
      ["/tiles/recent?limit=", "main"],
      ["/room/hall?limit=", "main"],
      ["/search?q=a&limit=", "main"],
      ["/v1/sessions?limit=", "main"],
      ["/v1/fleet/graph?limit=", "main"],
      ["/v1/fleet/graph?limit=", "router"],
    ] as const)
      expect([path, number, (await world.call(`${path}${number}`, {}, port)).status]).toEqual([
        path,
        number,
        400,
      ]);
  }
  for (const number of ["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x10", "1e999"])
    await eachRefuses(`{"domain":"hall","question":"what is it?","answer":{"n":${number}}}`, 400);
  for (const confidence of [-0.1, 1.1, 1e308, -1e308]) {
    const { status, text } = await world.call("/submit", { body: { ...TILE, confidence } });
    expect([status, JSON.parse(text)]).toMatchObject([403, { status: "rejected", gate: "P0" }]);
  }
  const session = { session_name: "s", agent_id: "a" };
  for (const number of [-1, 0, 0.5, 1e308, 2 ** 53, "5"]) {
    const { status } = await world.call("/v1/sessions", { body: { ...session, max_tasks: number } });
    expect([number, status]).toEqual([number, 400]);
  }
  for (const number of [-1, 0.5, 1e308, 2 ** 53]) {
    const agent = { agent_id: "a", capacity: number };
    const task = { task_id: "t", agents_needed: number };
    expect((await world.call("/v1/fleet/agents", { body: agent })).status).toBe(400);
    expect((await world.call("/register/agent", { body: agent }, "router")).status).toBe(400);
    expect((await world.call("/v1/fleet/route", { body: task })).status).toBe(400);
  }
});
