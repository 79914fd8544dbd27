import { beforeEach, expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { authenticate } from "./authenticate.ts";
import { KeyRing } from "./key-ring.ts";
import { platoApp } from "./plato.ts";

const OPERATOR = "an operator's key, long enough";
const TILE = { domain: "hall", question: "what is it?", answer: "twenty characters, a few" };

let store: MemoryStore;
let clock: TestClock;

beforeEach(() => {
  store = new MemoryStore();
  clock = new TestClock();
});

const moment = () => ({ now: clock.now(), boot: clock.boot() });

function ring(operatorKeys: readonly string[] = []): KeyRing {
  return new KeyRing({ store, moment, operatorKeys });
}

function app(keys = ring(), isLocal = true) {
  return platoApp({ store, moment, version: "1", report, authenticate: authenticate({ keys, isLocal }) });
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

function submit(key: string, change: object = {}) {
  const headers = { "content-type": "application/json", "x-api-key": key };
  return { method: "POST", headers, body: JSON.stringify({ ...TILE, ...change }) };
}

test("on this machine, where no key was made, nobody needs one; once one was, everyone does", async () => {
  const server = app();
  expect((await server.request("/rooms")).status).toBe(200);
  // Another process makes it.
  const key = await ring().create({ name: "ci", role: "observer" });
  const turnedAway = await server.request("/rooms");
  expect(turnedAway.status).toBe(401);
  expect(turnedAway.headers.get("www-authenticate")).toBe('Bearer realm="holodeck"');
  expect((await server.request("/rooms", bearer(key))).status).toBe(200);
});

test("a key that nobody asks for is no hindrance: clients send what they have", async () => {
  const headers = { authorization: "Bearer x", "x-api-key": "y" };
  expect((await app().request("/rooms", { headers })).status).toBe(200);
  expect((await app().request("/rooms", bearer("z"))).status).toBe(200);
});

test("whether it lives is told without a key", async () => {
  expect((await app(ring([OPERATOR])).request("/health")).status).toBe(200);
});

test.each(["/", "/status", "/stats", "/rooms", "/room/hall", "/search?q=x", "/nothing"])(
  "%s is not, and a page that there is not is not told from one that there is",
  async (path) => {
    expect((await app(ring([OPERATOR])).request(path)).status).toBe(401);
  },
);

test("the key goes into Authorization or X-API-Key, and counts alike", async () => {
  const server = app(ring([OPERATOR]));
  const key = await ring().create({ name: "ci", role: "agent" });
  for (const one of [OPERATOR, key]) {
    expect((await server.request("/rooms", { headers: { "x-api-key": one } })).status).toBe(200);
    // As clients send it whose key is not set.
    const both = { authorization: `bearer ${one}`, "x-api-key": "" };
    if (!one.includes(" ")) expect((await server.request("/rooms", { headers: both })).status).toBe(200);
  }
});

test("unknown, revoked, expired and misspelt keys get one answer", async () => {
  const server = app();
  const keys = ring();
  const revoked = await keys.create({ name: "revoked", role: "operator" });
  const expired = await keys.create({ name: "expired", role: "operator", expiresAt: clock.now() + 1_000 });
  for (const key of [revoked, expired])
    expect((await server.request("/rooms", bearer(key))).status).toBe(200);
  // In another process, and at once.
  await ring().revoke("revoked");
  await clock.advance(1_000);
  const wrong = [revoked, expired, `${expired}x`, "hk_", "nonsense", `${OPERATOR}x`];
  const answers = await Promise.all(
    wrong.map(async (key) => {
      const answer = await server.request("/rooms", bearer(key));
      return [answer.status, answer.headers.get("www-authenticate"), await answer.text()];
    }),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toEqual([
    401,
    'Bearer realm="holodeck", error="invalid_token"',
    expect.stringContaining("not one of this server's"),
  ]);
});

test("a key that ended does not open the door to all", async () => {
  const keys = ring();
  await keys.create({ name: "ci", role: "operator" });
  await keys.revoke("ci");
  expect((await app().request("/rooms")).status).toBe(401);
});

test.each(["Basic aGs6eA==", "Bearer", "Bearer a b", ""])("%j is a wrong key", async (authorization) => {
  const answer = await app(ring([OPERATOR])).request("/rooms", { headers: { authorization } });
  expect(answer.status).toBe(401);
});

test("two keys that differ are none", async () => {
  const key = await ring().create({ name: "ci", role: "agent" });
  const headers = { authorization: `Bearer ${key}`, "x-api-key": OPERATOR };
  const answer = await app(ring([OPERATOR])).request("/rooms", { headers });
  expect([answer.status, await answer.json()]).toEqual([
    401,
    { error: expect.stringContaining("several keys") as string },
  ]);
});

test.each(["key", "api_key", "apiKey", "access_token", "token", "X-API-Key"])(
  "a key in the address, as ?%s=, is refused with where it goes instead, right or wrong, asked for or not",
  async (name) => {
    for (const server of [app(), app(ring([OPERATOR]))]) {
      const answer = await server.request(`/rooms?${name}=${encodeURIComponent(OPERATOR)}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        error: expect.stringContaining("Authorization: Bearer") as string,
      });
    }
  },
);

test("under whatever name, what reads like a key does not belong into the address", async () => {
  const key = await ring().create({ name: "ci", role: "agent" });
  const answer = await app().request(`/search?q=${key}`, bearer(key));
  expect(answer.status).toBe(400);
  expect(await answer.text()).not.toContain(key);
});

test("where others can reach it, nobody is let in without a key, were there none at all", async () => {
  expect((await app(ring(), false).request("/rooms")).status).toBe(401);
});

test("an observer reads and does not write, an agent does both", async () => {
  const server = app();
  const observer = await ring().create({ name: "eye", role: "observer" });
  const agent = await ring().create({ name: "hand", role: "agent" });
  expect((await server.request("/submit", submit(agent))).status).toBe(200);
  const before = await store.end();
  for (const path of ["/submit", "/submit_batch", "/room/hall/tile", "/retract", "/supersede"]) {
    expect((await server.request(path, submit(observer))).status).toBe(403);
  }
  expect(await store.end()).toEqual(before);
  const { tiles } = (await (await server.request("/room/hall", bearer(observer))).json()) as {
    tiles: readonly unknown[];
  };
  expect(tiles).toHaveLength(1);
});

test("of a key nothing is in the store but its digest", async () => {
  const key = await ring().create({ name: "ci", role: "agent" });
  const { events } = await store.tail({ after: null });
  const text = events.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n");
  expect(text).toContain('"name":"ci"');
  expect(text).not.toContain(key.slice(3));
  expect(key).toMatch(/^hk_[\w-]{43}$/);
});

test("an operator's key that can be guessed is not taken", () => {
  expect(() => ring(["secret"])).toThrow(/fewer than 16/);
});

test("when the keys cannot be read, nobody comes in", async () => {
  const server = app();
  await store.close();
  expect((await server.request("/health")).status).not.toBe(200);
  expect((await server.request("/rooms")).status).toBe(503);
});

function report(error: unknown): never {
  throw error;
}
