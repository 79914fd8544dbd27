// A server with rooms that somebody does not see answers them as a server without those rooms would.
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { authenticate } from "./authenticate.ts";
import { KeyRing } from "./key-ring.ts";
import { platoApp } from "./plato.ts";

const ANSWER = "the walrus was found in the pond";

interface World {
  readonly request: (path: string, body?: object) => Promise<{ status: number; body: unknown; text: string }>;
  readonly asOperator: (path: string) => Promise<unknown>;
  readonly submit: (room: string, question: string) => Promise<string>;
}

/** A server whose `hidden` rooms a key for `hall` and `hall/side` does not see, or a server without them. */
async function world(hidden: readonly string[]): Promise<World> {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const operator = "the operator's own key";
  const keys = new KeyRing({ store, moment, operatorKeys: [operator] });
  const door = authenticate({ keys, isLocal: true });
  const app = platoApp({ store, moment, version: "1", report, authenticate: door });
  const key = await keys.create({ name: "ci", role: "agent", rooms: ["hall", "hall/side"] });
  const ask = async (as: string, path: string, body?: object) => {
    const headers = { "x-api-key": as, "content-type": "application/json" };
    const response = await app.request(path, {
      headers,
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : null, text };
  };
  const submit = async (room: string, question: string): Promise<string> => {
    const { body } = await ask(operator, "/submit", { room, domain: room, question, answer: ANSWER });
    return (body as { tile_hash: string }).tile_hash;
  };
  await submit("hall", "what was seen first?");
  for (const room of hidden)
    for (let count = 0; count < 30; count++) await submit(room, `hall walrus ${room} ${count}?`);
  await submit("hall/side", "what was seen last?");
  const request: World["request"] = async (path, body) => await ask(key, path, body);
  return { request, asOperator: async (path) => await ask(operator, path), submit };
}

/** What differs in any case: where in the log a tile stands. */
function withoutPlaces(text: string): string {
  return text.replaceAll(/"lamport":\d+/g, '"lamport":0');
}

test.each([
  "/",
  "/status",
  "/stats",
  "/rooms",
  "/room/hall",
  "/room/hall/side",
  "/room/cellar",
  "/room/cellar/tiles",
  "/room/hall/history",
  "/room/cellar?limit=1",
  "/room/cellar?before=nonsense",
  "/tiles/recent",
  "/tiles/recent?limit=1",
  "/search?q=walrus",
  "/search?q=walrus&limit=1",
  "/search?q=walrus&room=cellar",
  "/search?q=walrus&room=hall",
  "/provenance/chain?room=cellar",
  "/provenance/chain?room=hall",
  "/export/plato-tile-spec",
])("GET %s tells nothing of a room that is not seen", async (path) => {
  const without = await world([]);
  const beside = await world(["cellar", "hall/history", "hall/tiles"]);
  // What another was told before is not told again.
  await beside.asOperator(path);
  const [expected, answer] = [await without.request(path), await beside.request(path)];
  expect(withoutPlaces(answer.text)).toBe(withoutPlaces(expected.text));
  expect(answer.status).toBe(expected.status);
  expect(expected.text).not.toContain("cellar walrus");
});

test("a browser's page shows the rooms that are seen", async () => {
  const { request } = await world(["cellar"]);
  expect((await request("/")).text).not.toContain("cellar");
});

test("a tile in a room that is not seen is as unknown as one that there is not", async () => {
  const { request, submit } = await world(["cellar"]);
  const hidden = await submit("cellar", "where is it now?");
  const answer = await request(`/verify/${hidden}`);
  const unknown = await request(`/verify/${"0".repeat(64)}`);
  expect(answer.status).toBe(404);
  expect(answer.text.replaceAll(hidden, "")).toBe(unknown.text.replaceAll("0".repeat(64), ""));
  expect((await request(`/verify/${await submit("hall", "and this one?")}`)).status).toBe(200);
});

test("nothing is written to a room that is not seen, and it is not told whether there is one", async () => {
  const { request, submit } = await world(["cellar"]);
  const hash = await submit("cellar", "where is it now?");
  const tile = { domain: "cellar", question: "may I come in?", answer: ANSWER };
  const refusals = await Promise.all(
    ["cellar", "attic"].map(async (room) => [
      await request("/submit", { ...tile, room }),
      await request(`/room/${room}/tile`, tile),
      await request("/retract", { room, tile_hash: hash, reason: "no" }),
      await request("/supersede", { room, old_hash: hash, new_tile: tile }),
    ]),
  );
  const [cellar, attic] = refusals.map((answers) => JSON.stringify(answers));
  expect(cellar?.replaceAll("cellar", "attic")).toBe(attic);
  expect(refusals.flat().map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 403));
  const { body } = await request("/submit_batch", {
    tiles: [
      { ...tile, room: "hall" },
      { ...tile, room: "cellar" },
    ],
  });
  expect(body).toMatchObject({
    accepted: 1,
    rejected: 1,
    details: [
      { status: "accepted", room: "hall" },
      { status: "rejected", reason: "room_not_allowed" },
    ],
  });
});

test("the gate's counts are of what the key itself submitted", async () => {
  const { request } = await world(["cellar"]);
  await request("/submit", { domain: "hall", question: "is it so?", answer: "short" });
  await request("/submit", { domain: "cellar", question: "is it so?", answer: ANSWER });
  expect((await request("/status")).body).toMatchObject({
    gate_stats: { accepted: 0, rejected: 2, reasons: { answer_length: 1, room_not_allowed: 1 } },
  });
});

test("a key for sessions alone sees no room", async () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const keys = new KeyRing({ store, moment });
  const app = platoApp({
    store,
    moment,
    version: "1",
    report: () => undefined,
    authenticate: authenticate({ keys, isLocal: true }),
  });
  const all = await keys.create({ name: "all", role: "agent" });
  const one = await keys.create({ name: "one", role: "agent", sessions: ["sess_1"] });
  const headers = { "x-api-key": all, "content-type": "application/json" };
  const body = JSON.stringify({ domain: "hall", question: "who is there?", answer: ANSWER });
  expect((await app.request("/submit", { method: "POST", headers, body })).status).toBe(200);
  expect(await (await app.request("/rooms", { headers: { "x-api-key": one } })).json()).toEqual({});
  expect(Object.keys((await (await app.request("/rooms", { headers })).json()) as object)).toEqual(["hall"]);
});

function report(error: unknown): never {
  throw error;
}
