// Every row of the first part of the wire contract, called over a real port as its clients call it: by a program that
// knows HTTP and JSON and nothing of ours. Then the same store once more, in a server started anew.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { Store } from "../src/store/port.ts";
import { verifyStore } from "../src/store/verify.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { need } from "./need.ts";

const FIXTURES = ["session-start", "task-start", "session-end"] as const;
const ROOM = "gc/research/scout-reports/holodeck-session";
const FIELDS = ["domain", "question", "answer", "tags", "confidence", "source"];

let folder = "";
let store: Store;
let server: RunningServer;

function report(error: unknown): void {
  throw error;
}

async function start(): Promise<void> {
  store = await openSqliteStore(join(folder, "h.db"));
  server = await startServer({
    store,
    clock: new TestClock(),
    port: 0,
    routerPort: 0,
    version: "1.2.3",
    report,
  });
}

async function stop(): Promise<void> {
  await server.close();
  await store.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-plato-"));
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

function url(): string {
  return `http://127.0.0.1:${server.port}`;
}

/** `curl`, and the status and body it printed. */
async function curl(...args: readonly string[]): Promise<{ status: number; text: string }> {
  const path = args.at(-1) ?? "";
  const { stdout } = await promisify(execFile)("curl", [
    "-s",
    "-w",
    "\n%{http_code}",
    ...args.slice(0, -1),
    `${url()}${path}`,
  ]);
  const cut = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(cut + 1)), text: stdout.slice(0, cut) };
}

async function get(path: string): Promise<Record<string, unknown>> {
  const { status, text } = await curl(path);
  expect(status, text).toBe(200);
  return JSON.parse(text) as Record<string, unknown>;
}

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const { status, text } = await curl(
    "-H",
    "Content-Type: application/json",
    "-d",
    JSON.stringify(body),
    path,
  );
  expect(status, text).toBe(200);
  return JSON.parse(text) as Record<string, unknown>;
}

function fixture(name: string): object {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.tile.json`, import.meta.url), "utf8")) as object;
}

function tilesIn(body: Record<string, unknown>): readonly Record<string, unknown>[] {
  return body["tiles"] as readonly Record<string, unknown>[];
}

test.skipIf(!need("curl"))("curl walks every row of the contract", async () => {
  const tile = {
    room: ROOM,
    domain: "research",
    question: "what is emergence?",
    answer: "more loops than vertices, less two",
  };
  const submitted = await post("/submit", tile);
  expect(submitted).toMatchObject({ status: "accepted", room: ROOM, room_tile_count: 1, lamport: 1 });
  expect(Object.keys(submitted).sort()).toEqual([
    "lamport",
    "room",
    "room_tile_count",
    "status",
    "tile_hash",
    "tile_id",
  ]);
  expect(await post("/room/a%2Fb/tile", { ...tile, room: undefined })).toMatchObject({ room: "a/b" });
  expect(
    await post("/submit_batch", { tiles: [{ ...tile, question: "and what else?" }, tile] }),
  ).toMatchObject({
    accepted: 1,
    rejected: 1,
    details: [{ status: "accepted" }, { status: "rejected", reason: "duplicate", gate: "P0" }],
  });
  expect(await get("/health")).toEqual({ status: "ok", instance: "holodeck", tiles: 3 });
  const service = await get("/");
  expect(service).toMatchObject({ version: "1.2.3", instance: "holodeck", tiles: 3, rooms: 2 });
  expect(service["api"]).toContain("POST /submit");
  expect((await curl("-H", "Accept: text/html", "/")).text).toContain("<!doctype html>");
  expect(await get("/status")).toEqual({
    status: "active",
    version: "1.2.3",
    uptime: 0,
    gate_stats: { accepted: 3, rejected: 1, reasons: { duplicate: 1 } },
    rooms: 2,
    total_tiles: 3,
    accepts_object_answers: true,
  });
  expect(await get("/rooms")).toMatchObject({ [ROOM]: { tile_count: 2 }, "a/b": { tile_count: 1 } });
  expect(tilesIn(await get(`/room/${ROOM}?limit=1`))).toHaveLength(1);
  expect(await get(`/room/${ROOM}/history`)).toMatchObject({ room: ROOM, tile_count: 2 });
  expect(await get("/room/nowhere")).toMatchObject({ room: "nowhere", tile_count: 0, tiles: [] });
  expect(tilesIn(await get("/tiles/recent?limit=2"))).toHaveLength(2);
  expect(await get("/search?q=emergence&limit=1")).toMatchObject({ query: "emergence", results: [{}] });
  expect((await curl("/search")).status).toBe(400);
  expect(await get("/stats")).toMatchObject({
    total_tiles: 3,
    total_rooms: 2,
    total_agents: 1,
    tiles_24h: 3,
  });
  const hash = String(submitted["tile_hash"]);
  expect(await get(`/verify/${hash}`)).toMatchObject({
    tile_hash: hash,
    stream: `room:${ROOM}`,
    seq: 1,
    verified: true,
  });
  expect(await get(`/provenance/chain?room=${ROOM}`)).toMatchObject({
    room: ROOM,
    verified: true,
    chain: [{}, {}],
  });
  const new_tile = { question: "what is emergence, then?", answer: "β₁ above V − 2, as the router sees it" };
  const superseded = await post("/supersede", { room: ROOM, old_hash: hash, new_tile });
  expect(superseded).toMatchObject({
    old_hash: hash,
    new_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  await post("/retract", { room: ROOM, tile_hash: superseded["new_hash"], reason: "a try" });
  const lines = (await curl("/export/plato-tile-spec")).text.trim().split("\n");
  const states = lines.map((line) => (JSON.parse(line) as { state: string }).state);
  expect(states).toEqual(["Superseded", "Active", "Active", "Retracted"]);
});

test.skipIf(!need("curl"))("refusals have the contract's statuses", async () => {
  const json = ["-H", "Content-Type: application/json"];
  const tile = JSON.stringify({
    domain: "hall",
    question: "what is it?",
    answer: "this is never so, I think",
  });
  const refused = await curl(...json, "-d", tile, "/submit");
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
    403,
    { status: "rejected", reason: "absolute_word", room: "hall", gate: "P0" },
  ]);
  for (const [body, status] of [
    ["{", 400],
    ['{"domain":"hall"}', 400],
  ] as const) {
    const answer = await curl(...json, "-d", body, "/submit");
    expect([answer.status, Object.keys(JSON.parse(answer.text) as object)]).toMatchObject([
      status,
      expect.arrayContaining(["error"]),
    ]);
  }
  expect(
    (await curl(...json, "-d", `{"room":"hall","tile_hash":"${"0".repeat(64)}"}`, "/retract")).status,
  ).toBe(404);
  expect(
    (
      await curl(
        ...json,
        "-d",
        `{"room":"hall","old_hash":"${"0".repeat(64)}","new_tile":{"question":"what then?","answer":"twenty characters, a few"}}`,
        "/supersede",
      )
    ).status,
  ).toBe(404);
  for (const room of ["../x", "a%2f..%2fb", "a%00b", "a//b", "x".repeat(257)])
    expect([room, (await curl("--path-as-is", `/room/${room}`)).status]).toEqual([room, 400]);
  const large = join(folder, "large.json");
  writeFileSync(large, JSON.stringify({ ...(JSON.parse(tile) as object), answer: "x".repeat(1024 * 1024) }));
  expect((await curl(...json, "-d", `@${large}`, "/submit")).status).toBe(413);
  expect((await curl(`/verify/${"0".repeat(64)}`)).status).toBe(404);
  expect((await curl("/nothing")).status).toBe(404);
});

test.skipIf(!need("curl"))("a room is read page by page, under each of its names", async () => {
  const tile = { room: "a/b", domain: "d", answer: "twenty characters, a few" };
  for (const question of ["what is first?", "what is second?", "what is third?"])
    await post("/submit", { ...tile, question });
  const questions: unknown[] = [];
  for (let before = ""; ;) {
    const page = await get(`/room/a%2Fb?limit=2&before=${before}`);
    questions.push(...tilesIn(page).map(({ question }) => question));
    if (page["next"] === null) break;
    before = encodeURIComponent(page["next"] as string);
  }
  expect(questions).toHaveLength(3);
  expect(new Set(questions).size).toBe(3);
  for (const name of ["a/b/tiles", "a/b/history", "a%2Fb%2Ftiles"])
    expect(await get(`/room/${name}`)).toMatchObject({ room: "a/b", tile_count: 3 });
  await post("/submit", { ...tile, room: "a/b/tiles", question: "what is the longer name?" });
  expect(await get("/room/a/b/tiles")).toMatchObject({ room: "a/b/tiles", tile_count: 1 });
  expect(await get("/search?q=longer&room=a/b")).toMatchObject({ results: [] });
  expect(await get("/search?q=longer&room=a/b/tiles")).toMatchObject({ results: [{}] });
});

test("the fixtures survive a restart as they were submitted, and repeated keys answer as before it", async () => {
  const submit = async (name: string): Promise<unknown> => {
    const response = await fetch(`${url()}/submit`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": name },
      body: JSON.stringify(fixture(name)),
    });
    return { ...((await response.json()) as object), room_tile_count: 3 };
  };
  const first = [];
  for (const name of FIXTURES) first.push(await submit(name));
  await stop();
  await start();
  const room = (await (await fetch(`${url()}/room/${ROOM}`)).json()) as Record<string, unknown>;
  expect(room["tile_count"]).toBe(3);
  for (const name of FIXTURES) {
    const wanted = fixture(name);
    const found = tilesIn(room).find(
      ({ question }) => question === (wanted as { question: string }).question,
    );
    const tile = Object.fromEntries(FIELDS.map((field) => [field, found?.[field]]));
    expect(JSON.stringify(tile)).toBe(JSON.stringify(wanted));
  }
  const again = [];
  for (const name of FIXTURES) again.push(await submit(name));
  expect(again).toEqual(first);
  expect(await verifyStore(store)).toMatchObject({ ok: true, events: 3 });
});
