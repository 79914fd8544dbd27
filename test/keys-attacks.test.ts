// What comes to a server that asks for a key, over a real port: each gets its answer, and nothing is read of whom it
// does not know.
import { deepEqual } from "node:assert/strict";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeyRing } from "../src/server/key-ring.ts";
import { startServer, type RunningServer, type ServerOptions } from "../src/server/main.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TILE } from "../src/testing/plato-caller.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { openRaw, sendRaw, statusIn } from "./raw-http.ts";

const KEY = "an-operators-key-0123456789";
const BODY = JSON.stringify(TILE);

let store: MemoryStore;
let server: RunningServer;
let reported: unknown[];

beforeEach(async () => {
  store = new MemoryStore();
  reported = [];
  server = await startServer(options({ operatorKeys: [KEY] }));
});

afterEach(async () => {
  const { status } = await fetch(`http://127.0.0.1:${server.port}/rooms`, { headers: { "x-api-key": KEY } });
  await server.close();
  deepEqual({ status, reported }, { status: 200, reported: [] });
});

function options(change: Partial<ServerOptions> = {}): ServerOptions {
  const limits = { requestMs: 400, idleMs: 1_000, closeMs: 300 };
  return { store, clock: new TestClock(), port: 0, routerPort: 0, version: "1", report, limits, ...change };
}

function report(error: unknown): void {
  reported.push(error);
}

async function send(head: readonly string[], body = ""): Promise<string> {
  return await sendRaw(server.port, `${head.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
}

const GET = ["GET /rooms HTTP/1.1", "Host: localhost"];

test.each<[string, number, readonly string[]]>([
  ["the right key", 200, [...GET, `X-API-Key: ${KEY}`]],
  ["the right key, in another case of the scheme", 200, [...GET, `Authorization: BEARER ${KEY}`]],
  ["no key", 401, GET],
  ["a wrong key", 401, [...GET, `X-API-Key: ${KEY}x`]],
  ["the key in another case", 401, [...GET, `X-API-Key: ${KEY.toUpperCase()}`]],
  ["the beginning of the key", 401, [...GET, `X-API-Key: ${KEY.slice(0, -1)}`]],
  ["the key in a cookie", 401, [...GET, `Cookie: key=${KEY}`]],
  ["the right key twice", 401, [...GET, `X-API-Key: ${KEY}`, `X-API-Key: ${KEY}`]],
  [
    "a wrong key before the right one",
    401,
    [...GET, "Authorization: Bearer x", `Authorization: Bearer ${KEY}`],
  ],
  ["a key in the address", 400, [`GET /rooms?key=${KEY} HTTP/1.1`, "Host: localhost"]],
  [
    "a key in the address, encoded",
    400,
    [`GET /rooms?api%5Fkey=${KEY} HTTP/1.1`, "Host: localhost", `X-API-Key: ${KEY}`],
  ],
  ["a way round", 401, ["GET //health HTTP/1.1", "Host: localhost"]],
  ["another way round", 401, ["GET /health/ HTTP/1.1", "Host: localhost"]],
  ["a page that there is not", 401, ["GET /nothing HTTP/1.1", "Host: localhost"]],
  ["a method that there is not", 401, ["DELETE /rooms HTTP/1.1", "Host: localhost"]],
  ["a rebound name with the key", 421, ["GET /rooms HTTP/1.1", "Host: evil.example", `X-API-Key: ${KEY}`]],
  ["a foreign page with the key", 403, [...GET, "Origin: https://evil.example", `X-API-Key: ${KEY}`]],
])("%s gets its answer", async (_name, status, head) => {
  const text = await send(head);
  expect(statusIn(text)).toBe(status);
  expect(text).not.toContain(KEY);
  expect(text).not.toMatch(/access-control-allow/i);
});

test("who has no key is answered before a body is read, and what was sent as one is no request", async () => {
  const { socket, ended } = openRaw(server.port);
  const head = ["POST /submit HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
  const answered = new Promise<string>(
    (resolve) => void socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
  );
  const smuggled = `GET /rooms HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${KEY}\r\n\r\n`;
  socket.write(`${[...head, `Content-Length: ${smuggled.length + 9}`].join("\r\n")}\r\n\r\n`);
  expect(statusIn(await answered)).toBe(401);
  socket.write(smuggled);
  expect((await ended).match(/HTTP\/1\.1 200/g)).toBeNull();
  expect(await store.end()).toEqual([0]);
});

test("the methods that write need the key like those that read", async () => {
  const length = `Content-Length: ${BODY.length}`;
  const head = ["POST /submit HTTP/1.1", "Host: localhost", "Content-Type: application/json", length];
  expect(statusIn(await send(head, BODY))).toBe(401);
  expect(await store.end()).toEqual([0]);
  expect(statusIn(await send([...head, `X-API-Key: ${KEY}`], BODY))).toBe(200);
  expect(await store.end()).toEqual([1]);
});

test.each(["0.0.0.0", "::"])("bound to %s it needs a key, and a key in the store will do", async (host) => {
  const other = new MemoryStore();
  await expect(startServer(options({ store: other, host }))).rejects.toMatchObject({ code: "denied" });
  const clock = new TestClock();
  const keys = new KeyRing({ store: other, moment: () => ({ now: clock.now(), boot: clock.boot() }) });
  const key = await keys.create({ name: "ci", role: "observer" });
  const wide = await startServer(options({ store: other, host, allowHosts: ["a.example"] })).catch(
    // A machine without IPv6.
    (error: unknown) => (host === "::" ? null : Promise.reject(error as Error)),
  );
  if (wide === null) return;
  const ask = async (name: string, withKey: boolean): Promise<number> =>
    statusIn(
      await sendRaw(
        wide.port,
        `GET /rooms HTTP/1.1\r\nHost: ${name}\r\n${withKey ? `X-API-Key: ${key}\r\n` : ""}Connection: close\r\n\r\n`,
      ),
    );
  expect([await ask("a.example", true), await ask("a.example", false)]).toEqual([200, 401]);
  expect(await ask("b.example", true)).toBe(421);
  await wide.close();
});

test("a thousand wrong keys at once change nothing", async () => {
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const headers = { "x-api-key": `hk_${String(index).padStart(43, "a")}` };
      const answer = await fetch(`http://127.0.0.1:${server.port}/rooms`, { headers });
      await answer.text();
      return answer.status;
    }),
  );
  expect(new Set(answers)).toEqual(new Set([401]));
  expect(await store.end()).toEqual([0]);
});
