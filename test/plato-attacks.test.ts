// What hostile or broken clients send, over a real port: each gets its answer, none gets in, and the server goes on.
import { deepEqual } from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { PROBLEM_KINDS } from "../src/server/v1/problems.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { PlatoCaller, TILE } from "../src/testing/plato-caller.ts";
import { openRaw, sendRaw, statusIn } from "./raw-http.ts";

const LIMITS = { requestMs: 400, idleMs: 1_000, closeMs: 300, connections: 64 };
const BODY = JSON.stringify(TILE);

let store: MemoryStore;
let server: RunningServer;
let reported: unknown[];

beforeEach(async () => {
  store = new MemoryStore();
  reported = [];
  const report = (error: unknown): void => void reported.push(error);
  const clock = new TestClock();
  server = await startServer({ store, clock, port: 0, routerPort: 0, version: "1", report, limits: LIMITS });
});

afterEach(async () => {
  // After whatever was tried, the server serves, and nobody found an error in it.
  const { status } = await fetch(`http://127.0.0.1:${server.port}/health`);
  await server.close();
  deepEqual({ status, reported }, { status: 200, reported: [] });
});

async function send(head: readonly string[], body = ""): Promise<string> {
  return await sendRaw(server.port, `${head.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
}

function posted(...headers: readonly string[]): readonly string[] {
  return ["POST /submit HTTP/1.1", "Host: localhost", ...headers];
}

test.each<[string, number, readonly string[]]>([
  ["a rebound name", 421, ["GET /health HTTP/1.1", "Host: evil.example"]],
  ["two hosts", 400, ["GET /health HTTP/1.1", "Host: localhost", "Host: evil.example"]],
  ["no host", 400, ["GET /health HTTP/1.1"]],
  ["a foreign page", 403, ["GET /rooms HTTP/1.1", "Host: localhost", "Origin: https://evil.example"]],
  ["a page without origin", 403, ["GET /rooms HTTP/1.1", "Host: localhost", "Origin: null"]],
  [
    "a preflight",
    403,
    [
      "OPTIONS /submit HTTP/1.1",
      "Host: localhost",
      "Origin: https://evil.example",
      "Access-Control-Request-Method: POST",
    ],
  ],
  ["a form", 415, posted("Content-Type: text/plain", "Content-Length: 0")],
  ["a climbing path", 400, ["GET /room/../../etc/passwd HTTP/1.1", "Host: localhost"]],
  ["an encoded climbing path", 400, ["GET /room/..%2f..%2fetc HTTP/1.1", "Host: localhost"]],
  ["NUL", 400, ["GET /room/a%00b HTTP/1.1", "Host: localhost"]],
  [
    "a length and chunks at once",
    400,
    posted("Content-Type: application/json", "Content-Length: 5", "Transfer-Encoding: chunked"),
  ],
  ["two lengths", 400, posted("Content-Type: application/json", "Content-Length: 5", "Content-Length: 6")],
  [
    "a body too long by its own word",
    413,
    posted("Content-Type: application/json", "Content-Length: 1048577"),
  ],
  ["a head without end", 431, ["GET / HTTP/1.1", "Host: localhost", `X: ${"x".repeat(20_000)}`]],
  ["a tunnel", 405, ["CONNECT example.org:443 HTTP/1.1", "Host: example.org:443"]],
  ["an expectation", 417, ["GET /health HTTP/1.1", "Host: localhost", "Expect: tea"]],
  ["an expectation under a rebound name", 421, ["GET / HTTP/1.1", "Host: evil.example", "Expect: tea"]],
  ["no HTTP", 400, ["\u0016\u0003\u0001 hello"]],
])("%s gets its answer", async (_name, status, head) => {
  const text = await send(head);
  expect(statusIn(text)).toBe(status);
  expect(text).not.toMatch(/access-control-allow|at .*\.[tj]s:/i);
  expect(text).toContain('{"error":');
  expect(await store.end()).toEqual([0]);
});

test("who asks /v1 is told at the door as everywhere in it, with what happened and what to do", async () => {
  for (const [status, code, detail, todo, ...headers] of [
    [
      421,
      "misdirected",
      /"box\.lan:8848".*does not go by that name/,
      /--allow-host box\.lan,/,
      "Host: box.lan:8848",
    ],
    [421, "misdirected", /does not go by that name/, /--allow-host NAME,/, "Host: no name"],
    [
      403,
      "denied",
      /^Pages from "https:/,
      /without the header Origin/,
      "Host: localhost",
      "Origin: https://a.example",
    ],
    [417, "invalid_argument", /Expect/, /100-continue/, "Host: localhost", "Expect: tea"],
  ] as const) {
    const text = await send(["GET /v1/sessions HTTP/1.1", ...headers]);
    expect(text).toContain("content-type: application/problem+json");
    const problem: unknown = JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
    expect([statusIn(text), problem]).toEqual([
      status,
      {
        type: `urn:holodeck:problem:${code}`,
        title: PROBLEM_KINDS[code].title,
        status,
        code,
        detail: expect.stringMatching(detail) as string,
        todo: expect.stringMatching(todo) as string,
        retryable: false,
      },
    ]);
  }
});

test("who asks for a tunnel is told that there is none, and what there is", async () => {
  const text = await send(["CONNECT /v1/sessions HTTP/1.1", "Host: localhost"]);
  expect(statusIn(text)).toBe(405);
  expect(text).toMatch(/content-type: application\/problem\+json\r\n.*allow: GET, POST, DELETE\r\n/s);
  expect(text).toMatch(/"code":"method_not_allowed","detail":"CONNECT asks for a tunnel/);
});

test("who waits to be told to go on is told so", async () => {
  const text = await send(
    posted("Content-Type: application/json", `Content-Length: ${BODY.length}`, "Expect: 100-continue"),
    BODY,
  );
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
});

test("a packed body is not unpacked", async () => {
  const packed = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  const response = await fetch(`http://127.0.0.1:${server.port}/submit`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: packed,
  });
  expect(response.status).toBe(415);
});

test("a body too long that comes in chunks is cut off", async () => {
  const { socket, ended } = openRaw(server.port);
  socket.write(
    `${posted("Content-Type: application/json", "Transfer-Encoding: chunked").join("\r\n")}\r\n\r\n`,
  );
  const chunk = `${(65_536).toString(16)}\r\n${" ".repeat(65_536)}\r\n`;
  const pump = setInterval(() => socket.writable && socket.write(chunk), 1);
  const text = await ended;
  clearInterval(pump);
  expect(statusIn(text)).toBe(413);
});

test("a head that never ends is cut", async () => {
  const { socket, ended } = openRaw(server.port);
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
  const drip = setInterval(() => socket.writable && socket.write("X: y\r\n"), 50);
  const text = await ended;
  clearInterval(drip);
  expect(statusIn(text)).toBe(408);
});

test("a body that never ends is cut, and nothing is kept of it", async () => {
  const { socket, ended } = openRaw(server.port);
  socket.write(`${posted("Content-Type: application/json", "Content-Length: 100000").join("\r\n")}\r\n\r\n`);
  const drip = setInterval(() => socket.writable && socket.write(" "), 50);
  await ended;
  clearInterval(drip);
  expect(await store.end()).toEqual([0]);
});

test("connections that say nothing are cut, and more than the limit are not let in", async () => {
  const all = Array.from({ length: LIMITS.connections + 20 }, () => openRaw(server.port).ended);
  await Promise.all(all);
  expect(all).toHaveLength(LIMITS.connections + 20);
});

test("an export that nobody reads waits, and is cut; what it read ahead is bounded", async () => {
  const plato = new PlatoCaller();
  const answer = { text: "x".repeat(30_000) };
  for (let batch = 0; batch < 40; batch++) {
    const tiles = Array.from({ length: 25 }, (_, n) => ({
      ...TILE,
      question: `question ${batch}.${n}`,
      answer,
    }));
    await plato.post("/submit_batch", { tiles });
  }
  const pages = countTails(plato.store);
  // One connection alone is let in, so that another one gets in only when the first was cut.
  const limits = { ...LIMITS, connections: 1 };
  const options = { store: plato.store, clock: plato.clock, port: 0, routerPort: 0, version: "1", limits };
  const narrow = await startServer({ ...options, report: (error) => reported.push(error) });
  const { socket, ended } = openRaw(narrow.port);
  socket.pause();
  socket.write("GET /export/plato-tile-spec HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (pages() === 0) await setTimeout(10);
  let text = "";
  while (text === "") {
    await setTimeout(20);
    const response = await fetch(`http://127.0.0.1:${narrow.port}/export/plato-tile-spec`).catch(() => null);
    // 30 MB in pages of 32 tiles are 32 pages; what sockets and pipes hold are few of them.
    if (response === null) expect(pages()).toBeLessThan(24);
    else text = await response.text();
  }
  expect(text.trim().split("\n")).toHaveLength(1_000);
  socket.resume();
  await ended;
  await narrow.close();
});

/** How many pages were read from the log since. */
function countTails(counted: MemoryStore): () => number {
  let count = 0;
  const tail = counted.tail.bind(counted);
  counted.tail = async (params) => {
    count++;
    return await tail(params);
  };
  return () => count;
}

test("closing lets a request under way end, and cuts one that does not", async () => {
  const slow = openRaw(server.port);
  slow.socket.write(
    `${posted("Content-Type: application/json", `Content-Length: ${BODY.length}`).join("\r\n")}\r\n\r\n`,
  );
  await new Promise<void>((resolve) => void slow.socket.once("connect", () => setImmediate(resolve)));
  const { port } = server;
  const [closed] = await Promise.all([server.close(), setTimeout(50).then(() => slow.socket.write(BODY))]);
  expect(closed).toBeUndefined();
  expect(statusIn(await slow.ended)).toBe(200);
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow("fetch failed");
  server = await startServer({
    store,
    clock: new TestClock(),
    port: 0,
    routerPort: 0,
    version: "1",
    report: () => undefined,
  });
});

test.each([
  [{ "content-type": "application/json" }, '{"task_id":"t"}', 200],
  [{ "content-type": "application/json", origin: "https://evil.example" }, '{"task_id":"t"}', 403],
  [{ "content-type": "text/plain" }, '{"task_id":"t"}', 415],
  [{ "content-type": "application/json" }, `{"task_id":"${"t".repeat(1024 * 1024)}"}`, 413],
])("the router's port has the same door: %j", async (headers, body, status) => {
  const url = `http://127.0.0.1:${server.routerPort}/route`;
  expect((await fetch(url, { method: "POST", headers, body })).status).toBe(status);
});

test.each(["0.0.0.0", "::", "192.168.1.10", "example.org"])("it is not bound to %s", async (host) => {
  await expect(
    startServer({
      store,
      clock: new TestClock(),
      host,
      port: 0,
      routerPort: 0,
      version: "1",
      report: () => undefined,
    }),
  ).rejects.toMatchObject({ code: "denied" });
});
