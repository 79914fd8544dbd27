import { expect, test } from "vitest";
import { PlatoCaller, TILE } from "../testing/plato-caller.ts";
import { testManager } from "../testing/test-manager.ts";
import { tileOf } from "../tile/tile.ts";
import { platoApp } from "./plato.ts";

test("rooms take their slashes raw or encoded, and two suffixes unless a room is called so", async () => {
  const server = new PlatoCaller();
  await server.post("/room/gc%2Fresearch/tile", { question: "what is it?", answer: TILE.answer });
  for (const path of [
    "/room/gc/research",
    "/room/gc%2Fresearch",
    "/room/gc/research/history",
    "/room/gc%2fresearch%2ftiles",
  ])
    expect((await server.get(path)).body).toMatchObject({ room: "gc/research", tile_count: 1 });
  await server.submit({ domain: "gc/research/history" });
  expect((await server.get("/room/gc/research/history")).body["room"]).toBe("gc/research/history");
  const nothing = await server.get("/room/nowhere");
  expect([nothing.status, nothing.body.tiles, typeof nothing.body["message"]]).toEqual([200, [], "string"]);
  for (const path of [
    "/room/..%2fx",
    "/room/a%00b",
    "/room/a//b",
    "/room/",
    "/room/%ff",
    "/room/__proto__",
    "/room/a%252fb",
    `/room/${"x".repeat(257)}`,
  ])
    expect((await server.get(path)).status, path).toBe(400);
});

test("a room's pages go back to its first tile", async () => {
  const server = new PlatoCaller();
  for (let n = 0; n < 5; n++) {
    await server.submit({ question: `question ${n}` });
    await server.clock.advance(1_000);
  }
  const seen: string[] = [];
  for (let path: string | null = "/room/hall?limit=2"; path !== null;) {
    const { body } = await server.get(path);
    seen.push(...body.tiles.map(({ question }) => question));
    path = body.next === null ? null : `/room/hall?limit=2&before=${body.next}`;
  }
  expect(seen).toEqual([4, 3, 2, 1, 0].map((n) => `question ${n}`));
  expect((await server.get("/tiles/recent?limit=2")).body.tiles).toMatchObject([
    { question: "question 4" },
    { question: "question 3" },
  ]);
  for (const query of ["limit=0", "limit=-1", "limit=NaN", "limit=1e3", "before=nonsense"])
    expect((await server.get(`/room/hall?${query}`)).status, query).toBe(400);
  expect((await server.get("/room/hall?limit=100000")).status).toBe(200);
});

test("a session's tiles stand in its room beside those submitted, and can be retracted too", async () => {
  const server = new PlatoCaller();
  const { manager } = testManager(
    { scoutRoom: "hall" },
    { clock: server.clock, openStore: async () => await Promise.resolve(server.store) },
  );
  const session = await manager.startSession();
  await server.submit();
  const { body } = await server.get("/room/hall");
  expect(body["tile_count"]).toBe(2);
  const start = body.tiles.find(({ agent }) => agent === "oracle1");
  expect(start).toMatchObject({
    question: "[SESSION_START] oracle1:constraint-theory-research",
    stream: `session:${session.sessionId}`,
    seq: 1,
    state: "Active",
  });
  const tile_hash = start?.["tile_hash"];
  expect((await server.post("/retract", { room: "hall", tile_hash })).status).toBe(200);
  expect((await server.get(`/verify/${String(tile_hash)}`)).body["state"]).toBe("Retracted");
  expect((await server.get("/provenance/chain?room=hall")).body).toMatchObject({
    verified: true,
    streams: [{}, {}],
  });
  expect((await server.get("/search?q=constraint")).body.results).toHaveLength(1);
});

test("a session's tile that is sent to the server of its own store stands in the room once", async () => {
  const server = new PlatoCaller();
  const openStore = async () => await Promise.resolve(server.store);
  const { manager } = testManager({ scoutRoom: "hall" }, { clock: server.clock, openStore });
  await manager.startSession();
  const [start] = (await server.store.room({ name: "hall" })).items;
  const tile = start === undefined ? null : tileOf(start.event);
  const sent = await server.post("/submit", tile, { "idempotency-key": start?.hash ?? "" });
  expect(sent.body).toMatchObject({ status: "accepted", tile_hash: start?.hash, room_tile_count: 1 });
  // A tile of a session of another store, under a hash this one does not know, is taken in.
  const other = await server.post("/submit", tile, { "idempotency-key": "f".repeat(64) });
  expect(other.body).toMatchObject({ status: "accepted", room_tile_count: 2 });
  // As does what is answered once more when there are more.
  await server.submit({ question: "one that comes between" });
  expect((await server.post("/submit", tile, { "idempotency-key": "f".repeat(64) })).body).toEqual(
    other.body,
  );
});

test("search finds words where people read, those in the question first", async () => {
  const server = new PlatoCaller();
  await server.submit({ question: "about foxes, red", answer: "nothing of importance here" });
  await server.clock.advance(1);
  await server.submit({ question: "about hens", answer: "they fear foxes, and so on" });
  await server.submit({ room: "attic", question: "other foxes", answer: "they sleep in the attic" });
  const questions = async (query: string): Promise<unknown> =>
    (await server.get(`/search?${query}`)).body.results.map(({ question }) => question);
  expect(await questions("q=foxes&limit=2")).toEqual(["other foxes", "about foxes, red"]);
  expect(await questions("q=foxes&room=hall")).toEqual(["about foxes, red", "about hens"]);
  // The name of a field is no text of a tile.
  expect(await questions("q=answer")).toEqual([]);
  expect(await questions("q=(a%2B)%2Bb%20.*")).toEqual([]);
  for (const query of ["", "?q=", "?q=%20", `?q=${Array.from({ length: 70 }, (_, n) => `w${n}`).join("+")}`])
    expect((await server.get(`/search${query}`)).status).toBe(400);
});

test("numbers count agents and the last day", async () => {
  const server = new PlatoCaller();
  await server.submit({ agent: "a" });
  await server.clock.advance(25 * 3_600_000);
  await server.submit({ question: "second one", agent: "b" });
  await server.submit({ question: "third one", agent: "b", room: "attic" });
  expect((await server.get("/stats")).body).toEqual({
    instance: "holodeck",
    total_tiles: 3,
    total_rooms: 2,
    total_agents: 2,
    tiles_24h: 2,
    sync_enabled: false,
    fleet_connected: false,
  });
});

test("the totals follow what other processes append", async () => {
  const server = new PlatoCaller();
  await server.submit();
  expect((await server.get("/rooms")).body["hall"]).toMatchObject({ tile_count: 1 });
  const other = new PlatoCaller();
  const shared = platoApp({
    store: server.store,
    moment: () => ({ now: other.clock.now() + 5_000, boot: other.clock.boot() }),
    version: "1",
    report: () => undefined,
  });
  for (let n = 0; n < 3; n++)
    await shared.request("/submit", {
      method: "POST",
      body: JSON.stringify({ ...TILE, question: `number ${n}` }),
    });
  expect((await server.get("/rooms")).body).toEqual({
    hall: { tile_count: 4, latest: 1_779_230_705, created: 1_779_230_700 },
  });
});

test("the page for browsers escapes what others submitted", async () => {
  const server = new PlatoCaller();
  await server.submit({ room: `<script>alert("1")</script>` });
  const response = await server.app.request("/", { headers: { accept: "text/html,*/*" } });
  const page = await response.text();
  expect(response.headers.get("content-type")).toContain("text/html");
  expect(page).toContain("&lt;script&gt;");
  expect(page).not.toContain("<script");
});

test("an error of the store is told to whoever runs the server, not to whoever asked", async () => {
  const server = new PlatoCaller();
  server.store.room = async () => await Promise.reject(new Error("secret path /var/x"));
  const { status, body } = await server.get("/room/hall");
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toContain("secret");
  expect(server.reported).toHaveLength(1);
});

test("a damaged chain is told by verify", async () => {
  const server = new PlatoCaller();
  const { tile_hash } = (await server.submit()).body;
  await server.submit({ question: "second one" });
  const read = server.store.read.bind(server.store);
  server.store.read = async (params) => {
    const events = await read(params);
    return events.map((stored) =>
      stored.event.seq === 2 ? { ...stored, bytes: Buffer.from("{}") } : stored,
    );
  };
  expect((await server.get(`/verify/${String(tile_hash)}`)).body).toMatchObject({
    verified: true,
    chain: { verified: false, broken_at: 2 },
  });
  expect((await server.get("/provenance/chain?room=hall")).body["verified"]).toBe(false);
});
