// What those try who have no key, or one that is not for this: they get the answer of somebody who knows nothing.
import { afterEach, beforeEach, expect, test } from "vitest";
import { TILE } from "../../src/testing/plato-caller.ts";
import { openStream } from "../live-stream.ts";
import { READS, World, WRITES, type Sent } from "./world.ts";

let world: World;
let operator = "";
let worker = "";
let observer = "";

beforeEach(async () => {
  world = await World.open();
  operator = await world.key({ name: "operator", role: "operator" });
  worker = await world.key({ name: "worker", role: "agent" });
  observer = await world.key({ name: "observer", role: "observer" });
});

afterEach(async () => await world.close());

function withKey(key: string, body?: object): Sent {
  return { headers: { "x-api-key": key }, ...(body !== undefined && { body }) };
}

test("wrong key", async () => {
  const before = await world.state();
  const wrong = [
    {},
    { "x-api-key": `hk_${"a".repeat(43)}` },
    { "x-api-key": operator.slice(0, -1) },
    { "x-api-key": `${operator}x` },
    { "x-api-key": operator.toUpperCase() },
    { authorization: `Basic ${btoa(`operator:${operator}`)}` },
    { authorization: "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoib3BlcmF0b3IifQ." },
    { authorization: `Bearer ${observer}`, "x-api-key": operator },
    { cookie: `key=${operator}` },
  ];
  for (const headers of wrong) {
    for (const { port, path, body } of [...READS, ...WRITES]) {
      const sent = { headers: headers as Record<string, string>, ...(body !== undefined && { body }) };
      const { status, text } = await world.call(path, sent, port);
      expect([path, headers, status]).toEqual([path, headers, 401]);
      expect(text).not.toContain(operator);
    }
  }
  // A role may do what it may on every port, and no more.
  for (const { port, path, body } of WRITES) {
    const { status } = await world.call(path, withKey(observer, body), port);
    expect([port, path, status]).toEqual([port, path, 403]);
  }
  for (const [port, path] of [
    ["router", "/reset"],
    ["router", "/v1/fleet/reset"],
    ["main", "/v1/fleet/reset"],
  ] as const)
    expect([path, (await world.call(path, withKey(worker, {}), port)).status]).toEqual([path, 403]);
  expect(await world.state()).toBe(before);
});

test("key in query", async () => {
  const before = await world.state();
  for (const name of ["key", "api_key", "api%5Fkey", "access_token", "token", "x"]) {
    for (const { port, path, body } of [...READS, ...WRITES]) {
      const { status, text } = await world.call(`${path}?${name}=${operator}`, withKey(operator, body), port);
      expect([path, name, status]).toEqual([path, name, 400]);
      expect(text).not.toContain(operator);
    }
  }
  expect(await world.state()).toBe(before);
});

/** Starts a session of the operator with one task in it, and answers its id. */
async function startSession(name: string): Promise<string> {
  const body = { session_name: name, agent_id: "oracle1", scout_room: name };
  const { text } = await world.call("/v1/sessions", withKey(operator, body));
  const { session_id } = JSON.parse(text) as { session_id: string };
  await world.call(`/v1/sessions/${session_id}/tasks`, withKey(operator, { task_id: "a" }));
  return session_id;
}

test("another's session", async () => {
  const mine = await startSession("mine");
  const theirs = await startSession("theirs");
  const scope = { sessions: [mine, "sess_none"], rooms: ["mine"] };
  const key = await world.key({ name: "guest", role: "agent", ...scope });
  const before = await world.state();
  const reads = [
    "",
    "/persist",
    "/states/1",
    "/tasks",
    "/tasks/a",
    "/tasks/a/result",
    "/events",
    "/tiles",
    "/blobs",
  ];
  for (const path of reads) {
    const asked = await world.call(`/v1/sessions/${theirs}${path}`, withKey(key));
    const none = await world.call(`/v1/sessions/sess_none${path}`, withKey(key));
    expect([path, asked.status]).toEqual([path, 404]);
    expect(asked.text.replaceAll(theirs, "ID")).toBe(none.text.replaceAll("sess_none", "ID"));
  }
  const writes = ["/end", "/fork", "/tasks", "/tasks/a/start", "/tasks/a/complete", "/tasks/a/cancel"];
  for (const path of writes) {
    const asked = await world.call(`/v1/sessions/${theirs}${path}`, withKey(key, {}));
    const none = await world.call(`/v1/sessions/sess_none${path}`, withKey(key, {}));
    expect([path, asked.status]).toEqual([path, none.status]);
    expect([403, 404, 400]).toContain(asked.status);
    expect(asked.text.replaceAll(theirs, "ID")).toBe(none.text.replaceAll("sess_none", "ID"));
  }
  expect((await world.call("/v1/sessions", withKey(key))).text).not.toContain(theirs);
  // PLATO's rooms, and fleets, which are one whole.
  expect(JSON.parse((await world.call("/room/theirs", withKey(key))).text)).toMatchObject({ tiles: [] });
  for (const port of ["main", "router"] as const)
    expect((await world.call("/v1/fleet/graph", withKey(key), port)).status).toBe(403);
  const live = await openStream(
    world.server.port,
    `?after=start&stream=session:${theirs}&stream=session:${mine}`,
    {
      "x-api-key": key,
    },
  );
  await live.take(2);
  expect(new Set(live.sent.map(({ data }) => data["stream"]))).toEqual(new Set([`session:${mine}`]));
  live.close();
  expect(await world.state()).toBe(before);
});

test("mass-assigned role", async () => {
  const given = { role: "operator", principal: { role: "operator" }, is_admin: true, sessions: null };
  const before = await world.state();
  for (const [field, value] of Object.entries(given)) {
    const body = { session_name: "s", agent_id: "a", [field]: value };
    const { status, text } = await world.call("/v1/sessions", withKey(worker, body));
    expect([field, status]).toEqual([field, 400]);
    expect(text).toContain(field);
  }
  expect(await world.state()).toBe(before);
  const submitted = await world.call("/submit", withKey(worker, { ...TILE, ...given }));
  expect(submitted.status).toBe(200);
  const { tiles } = JSON.parse((await world.call("/room/hall", withKey(worker))).text) as { tiles: object[] };
  expect(tiles).toMatchObject([given]);
  const agent = { agent_id: "a", ...given };
  expect((await world.call("/register/agent", withKey(worker, agent), "router")).status).toBe(200);
  // Nobody became more than they were.
  expect((await world.call("/reset", withKey(worker, {}), "router")).status).toBe(403);
  expect((await world.call("/submit", withKey(observer, { ...TILE, ...given }))).status).toBe(403);
});
