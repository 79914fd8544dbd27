// The clients in the field, call by call: each call of the Python and the JavaScript client of SuperInstance/plato-sdk
// makes one HTTP request. Here the same request is made (method, path, headers, body), and what the client reads of the
// answer is there.
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { World } from "./attacks/world.ts";

type Json = Readonly<Record<string, unknown>>;

let world: World;
let first = "";

const ROOM = "fishing/research";
const ANSWER = "the fish bite an hour before dusk";

beforeEach(async () => {
  world = await World.open();
  const { body } = await python("/submit", {
    room: ROOM,
    domain: "fishing",
    question: "when do they bite?",
    answer: ANSWER,
    agent: "sdk-agent",
    confidence: 0.5,
  });
  first = String(body["tile_hash"]);
});

afterEach(async () => await world.close());

interface Answered {
  readonly status: number;
  readonly body: Json;
}

/** As it stands on the wire: with these headers and no others. */
async function send(
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<Answered> {
  const data = body === undefined ? "" : JSON.stringify(body);
  const { port } = world.server;
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(data)) };
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        agent: false,
        headers: { ...headers, Host: `localhost:${port}`, ...length },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Json }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(data);
  });
}

/** As urllib sends it. */
async function python(path: string, body?: object): Promise<Answered> {
  const headers = {
    "Accept-Encoding": "identity",
    "User-Agent": "cocapn-plato-sdk/1.0",
    Connection: "close",
  };
  return await send(
    path,
    { ...headers, ...(body !== undefined && { "Content-Type": "application/json" }) },
    body,
  );
}

/** As Node's fetch sends it. */
async function javascript(path: string, body?: object): Promise<Answered> {
  const headers = {
    Accept: "application/json",
    "Accept-Language": "*",
    "Sec-Fetch-Mode": "cors",
    "User-Agent": "node",
    "Accept-Encoding": "gzip, deflate",
  };
  return await send(
    path,
    { ...headers, ...(body !== undefined && { "Content-Type": "application/json" }) },
    body,
  );
}

function list(body: Json, name: string): readonly Json[] {
  return body[name] as readonly Json[];
}

describe("PlatoClient in Python", () => {
  test("status: GET / tells version, tiles and rooms as numbers", async () => {
    const { status, body } = await python("/");
    expect([status, body]).toMatchObject([200, { version: "1", tiles: 1, rooms: 1 }]);
  });

  test("rooms: GET /rooms is an object of rooms with their tile_count", async () => {
    const { status, body } = await python("/rooms");
    expect([status, body]).toMatchObject([200, { [ROOM]: { tile_count: 1 } }]);
  });

  test("room: GET /room/{name}, its slashes as they are, has tile_count and tiles", async () => {
    const { status, body } = await python(`/room/${ROOM}`);
    expect([status, body["tile_count"]]).toEqual([200, 1]);
    expect(list(body, "tiles")).toMatchObject([{ question: "when do they bite?", answer: ANSWER }]);
    expect((await python("/room/nowhere")).body).toMatchObject({ tile_count: 0, tiles: [] });
  });

  test("recent: GET /tiles/recent?limit=50 has tiles", async () => {
    const { body } = await python("/tiles/recent?limit=50");
    expect(list(body, "tiles")).toMatchObject([{ question: "when do they bite?" }]);
  });

  test("search: GET /search?q=, its spaces as plus, has results with room and question", async () => {
    const { body } = await python("/search?q=fish+dusk");
    expect(list(body, "results")).toMatchObject([{ room: ROOM, question: "when do they bite?" }]);
  });

  test("submit: POST /submit tells status, tile_hash and lamport, and a refusal as JSON too", async () => {
    const tile = {
      room: "hall",
      domain: "d",
      question: "what is drift?",
      agent: "sdk-agent",
      confidence: 0.5,
    };
    const { status, body } = await python("/submit", { ...tile, answer: "a change of what was measured" });
    expect([status, body]).toMatchObject([
      200,
      { status: "accepted", tile_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, lamport: 2 },
    ]);
    const refused = await python("/submit", { ...tile, answer: "too short" });
    expect([refused.status, refused.body]).toMatchObject([
      403,
      { status: "rejected", room: "hall", gate: "P0" },
    ]);
    expect((await python("/submit", { ...tile, question: "", answer: "" })).body).toHaveProperty("error");
  });

  test("submit with t_minus_event: it is kept and read back", async () => {
    const tile = {
      room: "hall",
      domain: "d",
      question: "what comes?",
      answer: "the calibration, in three hours",
    };
    await python("/submit", {
      ...tile,
      agent: "a",
      confidence: 0.5,
      t_minus_event: "T-3h: calibration cycle",
    });
    const { body } = await python("/room/hall");
    expect(list(body, "tiles")).toMatchObject([{ t_minus_event: "T-3h: calibration cycle", agent: "a" }]);
  });

  test("submit_tile: POST /submit with what a TileBuilder built", async () => {
    const built = {
      question: "what is drift?",
      answer: "a change of what was measured",
      tags: ["drift"],
      confidence: 0,
    };
    const { body } = await python("/submit", { ...built, source: "forge", room: "hall", domain: "general" });
    expect(body).toMatchObject({ status: "accepted", room: "hall" });
    const tiles = list((await python("/room/hall")).body, "tiles");
    expect(tiles).toMatchObject([{ ...built, source: "forge", domain: "general" }]);
  });

  test("stats: GET /stats has the numbers of the whole server", async () => {
    const { status, body } = await python("/stats");
    const numbers = { total_tiles: 1, total_rooms: 1, total_agents: 1, tiles_24h: 1 };
    expect([status, body]).toMatchObject([200, { ...numbers, sync_enabled: false, fleet_connected: false }]);
  });

  test("retract_tile: POST /retract, without a reason too; get_active_tiles then leaves it out", async () => {
    const { status, body } = await python("/retract", { room: ROOM, tile_hash: first, reason: "" });
    expect([status, body]).toMatchObject([200, { status: "retracted" }]);
    const tiles = list((await python(`/room/${ROOM}`)).body, "tiles");
    expect(tiles.map(({ state }) => state)).toEqual(["Retracted"]);
  });

  test("supersede_tile: POST /supersede tells status, old_hash, new_hash, lamport; get_active_tiles has the new one", async () => {
    const new_tile = { question: "when do they bite now?", answer: "an hour before dawn, since spring" };
    const { status, body } = await python("/supersede", { room: ROOM, old_hash: first, new_tile });
    const new_hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect([status, body]).toMatchObject([
      200,
      { status: "superseded", old_hash: first, new_hash, lamport: 2 },
    ]);
    const active = list((await python(`/room/${ROOM}`)).body, "tiles").filter(
      ({ state }) => state === "Active",
    );
    expect(active).toMatchObject([{ ...new_tile, tile_hash: body["new_hash"] }]);
  });

  // armor_catalog, keys, spawn, chat, agent_submit, sync_status, sync_toggle: the spawner and the sync of one server
  // are no part of the contract.
  test.each([
    ["armor_catalog", "/armor"],
    ["keys", "/keys"],
    ["sync_status", "/sync/status"],
    ["spawn", "/spawn", { description: "a scout", room: "general", temperature: 0.7 }],
    ["chat", "/agent/s1/chat", { message: "hello", temperature: 0.7 }],
    ["agent_submit", "/agent/s1/submit", { room: "r", domain: "d", question: "q", answer: "a" }],
    ["sync_toggle", "/sync/toggle", { enabled: true }],
  ] as const)(
    "%s: there is no such thing here, which is told as the JSON that the client reads",
    async (_, path, body?) => {
      const answer = await python(path, body);
      expect([answer.status, answer.body]).toMatchObject([404, { error: expect.any(String) as string }]);
    },
  );
});

describe("PlatoClient in JavaScript", () => {
  test("rooms: GET /rooms, a room's tile_count and created", async () => {
    const { status, body } = await javascript("/rooms");
    expect([status, body]).toMatchObject([
      200,
      { [ROOM]: { tile_count: 1, created: expect.any(Number) as number } },
    ]);
  });

  test("room: GET /room/{name}, its slashes encoded, has tiles", async () => {
    const { status, body } = await javascript(`/room/${encodeURIComponent(ROOM)}`);
    expect([status, body["room"]]).toEqual([200, ROOM]);
    expect(list(body, "tiles")).toMatchObject([{ question: "when do they bite?" }]);
  });

  test("submit: POST /room/{name}/tile, with a tile that names no room of its own", async () => {
    const built = {
      question: "SDK test tile",
      answer: "Hello from a client in the field!",
      tags: ["test", "sdk"],
    };
    const tile = { ...built, confidence: 0.5, source: "quickstart-example" };
    const { status, body } = await javascript(`/room/${encodeURIComponent("a/b")}/tile`, tile);
    expect([status, body]).toMatchObject([200, { status: "accepted", room: "a/b", room_tile_count: 1 }]);
    expect(list((await javascript("/room/a%2Fb")).body, "tiles")).toMatchObject([tile]);
    // What is refused is no 2xx, which is all it looks at.
    expect((await javascript("/room/a%2Fb/tile", { ...tile, answer: "short" })).status).toBe(403);
  });

  test("search: GET /rooms, then each room; question and answer are texts to look into", async () => {
    const rooms = Object.keys((await javascript("/rooms")).body);
    const tiles = await Promise.all(
      rooms.map(async (room) => list((await javascript(`/room/${encodeURIComponent(room)}`)).body, "tiles")),
    );
    const texts = tiles
      .flat()
      .map(({ question, answer }) => `${String(question)} ${String(answer)}`.toLowerCase());
    expect(texts.filter((text) => text.includes("dusk"))).toHaveLength(1);
  });

  test("roomsWithTag: every tile has tags as a list, one that was sent without them too", async () => {
    const [tile] = list((await javascript(`/room/${encodeURIComponent(ROOM)}`)).body, "tiles");
    expect(tile?.["tags"]).toEqual([]);
  });

  test("ping: GET /rooms of a server without a room is 200 and an object", async () => {
    const empty = await World.open();
    const { status, text } = await empty.call("/rooms", { headers: { accept: "application/json" } });
    expect([status, JSON.parse(text)]).toEqual([200, {}]);
    await empty.close();
  });
});
