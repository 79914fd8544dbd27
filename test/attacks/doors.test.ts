// What web pages of others, and clients that bend HTTP, send: turned away before anyone reads it, on every port.
import { afterEach, beforeEach, expect, test } from "vitest";
import { TILE } from "../../src/testing/plato-caller.ts";
import { READS, World, WRITES, type Way } from "./world.ts";

let world: World;
let before = "";

beforeEach(async () => {
  world = await World.open();
  before = await world.state();
});

afterEach(async () => await world.close(before));

/** Asks along every way that reads, and expects one status. */
async function eachRead(status: number, ...headers: readonly string[]): Promise<void> {
  for (const { port, path } of READS) {
    const answer = await world.send(port, [`GET ${path} HTTP/1.1`, ...headers]);
    expect([port, path, answer.status]).toEqual([port, path, status]);
    expect(answer.text).not.toMatch(/access-control-allow|at .*\.[tj]s:/i);
  }
}

/** Sends what would be taken, but for these headers, along every way that writes. */
async function eachWrite(status: number, type: string, ...headers: readonly string[]): Promise<void> {
  for (const { port, path, body } of WRITES) {
    const text = JSON.stringify(body);
    const own = [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(text)}`];
    const answer = await world.send(port, [`POST ${path} HTTP/1.1`, ...own, ...headers], text);
    expect([port, path, answer.status]).toEqual([port, path, status]);
    expect(answer.text).not.toMatch(/access-control-allow/i);
  }
}

const JSON_TYPE = "application/json";

test("rebinding Host", async () => {
  for (const host of [
    "evil.example",
    "evil.example:8848",
    "127.0.0.1.evil.example",
    "2130706433",
    "0.0.0.0",
    "127.999.0.1",
    "127.0.0.1:99999",
  ]) {
    await eachRead(421, `Host: ${host}`);
    await eachWrite(421, JSON_TYPE, `Host: ${host}`);
  }
  // Who asks for a whole address asks for the host in it.
  for (const { port, path } of READS) {
    const asked = await world.send(port, [`GET http://evil.example${path} HTTP/1.1`, "Host: localhost"]);
    expect([port, path, asked.status]).toEqual([port, path, 421]);
  }
  // A page that was rebound is of the same origin as the name it asks for.
  await eachWrite(421, JSON_TYPE, "Host: evil.example", "Origin: http://evil.example");
});

test("duplicate Host", async () => {
  await eachRead(400, "Host: localhost", "Host: evil.example");
  await eachRead(400, "Host: localhost", "host: localhost");
  await eachRead(400);
  await eachWrite(400, JSON_TYPE, "Host: evil.example", "Host: localhost");
});

test("foreign Origin", async () => {
  for (const origin of ["https://evil.example", "null", "http://localhost:1", "file://", ""]) {
    await eachRead(403, "Host: localhost", `Origin: ${origin}`);
    await eachWrite(403, JSON_TYPE, "Host: localhost", `Origin: ${origin}`);
  }
});

test("text/plain form post", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    await eachWrite(415, type, "Host: localhost");
  await eachWrite(415, "text/plain; application/json", "Host: localhost");
});

test("preflight", async () => {
  const asked = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"];
  for (const { port, path } of [...READS, ...WRITES]) {
    const head = [`OPTIONS ${path} HTTP/1.1`, "Host: localhost", "Origin: https://evil.example", ...asked];
    const { status, text } = await world.send(port, head);
    expect([path, status]).toEqual([path, 403]);
    expect(text).not.toMatch(/access-control-allow/i);
  }
});

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** Heads that two readers could end at different places. */
const AMBIGUOUS: readonly (readonly string[])[] = [
  [`Content-Length: ${SMUGGLED.length}`, "Transfer-Encoding: chunked"],
  ["Transfer-Encoding: chunked", "Content-Length: 4"],
  ["Content-Length: 0", `Content-Length: ${SMUGGLED.length}`],
  [`Content-Length: 0, ${SMUGGLED.length}`],
  ["Transfer-Encoding: chunked, identity"],
  ["Transfer-Encoding: xchunked"],
  ["Transfer-Encoding : chunked"],
  ["Transfer-Encoding:\u000bchunked"],
  ["X: y\r\n Transfer-Encoding: chunked", "Content-Length: -1"],
  ["Content-Length: +5"],
  ["Content-Length: 0x10"],
  ["Content-Length: 99999999999999999999"],
];

test("CL+TE smuggling", async () => {
  for (const way of WRITES) {
    for (const headers of AMBIGUOUS) await expectOneRefusal(way, headers, `0\r\n\r\n${SMUGGLED}`);
    await expectOneRefusal(way, ["Transfer-Encoding: chunked"], `FFFFFFFFFFFFFFFFF\r\n${SMUGGLED}`);
    await expectOneRefusal(way, ["Transfer-Encoding: chunked"], `0;\n\r\n\r\n${SMUGGLED}`);
  }
});

/** One answer, a refusal, and the request behind it is never read as one. */
async function expectOneRefusal(
  { port, path }: Way,
  headers: readonly string[],
  body: string,
): Promise<void> {
  const head = [`POST ${path} HTTP/1.1`, "Host: localhost", `Content-Type: ${JSON_TYPE}`, ...headers];
  const { status, text } = await world.send(port, head, body);
  expect([path, headers, status >= 400 && status < 500]).toEqual([path, headers, true]);
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(text).not.toContain("smuggled");
}

const TILE_TEXT = JSON.stringify(TILE);

const ROOMS_REFUSED = [
  "..%2f..%2fetc",
  "a%2f..%2fb",
  "a%252f..%252fb",
  "%2e%2e",
  "..%5c..",
  "a%00b",
  "%00",
  "a%0ab",
  "a//b",
  "%2fa",
  "a%2f",
  "%ff",
  "%ed%a0%80",
  "__proto__",
  "constructor",
  "prototype",
  "x".repeat(257),
];

test("..%2f, NUL, reserved names", async () => {
  for (const room of ROOMS_REFUSED) {
    const asked = await world.send("main", [`GET /room/${room} HTTP/1.1`, "Host: localhost"]);
    expect([room, asked.status]).toEqual([room, 400]);
    const own = [`Content-Type: ${JSON_TYPE}`, `Content-Length: ${TILE_TEXT.length}`];
    const put = [`POST /room/${room}/tile HTTP/1.1`, "Host: localhost", ...own];
    expect([room, (await world.send("main", put, TILE_TEXT)).status]).toEqual([room, 400]);
  }
  for (const room of ["../etc", "a\u0000b", "__proto__", "constructor", "a/../b", "a%2fb", "\ud800"]) {
    const body = { ...TILE, room };
    expect([room, (await world.call("/submit", { body })).status]).toEqual([room, 400]);
  }
  for (const id of ["..%2f..%2fkeys", "sess_%00", "__proto__", "constructor", "%ff", "sess_x%2f..%2fy"]) {
    for (const path of [`/v1/sessions/${id}`, `/v1/sessions/sess_x/tasks/${id}`, `/v1/rooms/${id}/tiles`]) {
      const { status } = await world.call(path);
      expect([path, [200, 400, 404].includes(status)]).toEqual([path, true]);
    }
  }
  for (const path of [
    "/../../etc/passwd",
    "/v1/../submit",
    "/v1/%2e%2e/health",
    "/v1/events/..",
    "/./health",
  ]) {
    const { status } = await world.send("main", [`GET ${path} HTTP/1.1`, "Host: localhost"]);
    expect([path, status]).toEqual([path, 400]);
  }
  for (const fleet of ["..%2f", "a%00b", "x".repeat(300)]) {
    const { status } = await world.call(
      `/register/agent?fleet=${fleet}`,
      { body: { agent_id: "a" } },
      "router",
    );
    expect([fleet, status]).toEqual([fleet, 400]);
  }
});
