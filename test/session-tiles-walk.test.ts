// Every row of the third part of the wire contract, from `holodeck up` as a process of its own, by curl alone; and the
// three fixtures, made by a session with clock, id and routing given, read from it before and after it started anew.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import type { TaskRouter } from "../src/session/router.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { fixedRouter } from "../src/testing/test-manager.ts";
import { need } from "./need.ts";

const MAIN = join(import.meta.dirname, "..", "src", "cli", "main.ts");
const ROOM = "gc/research/scout-reports/holodeck-session";
const FIELDS = ["domain", "question", "answer", "tags", "confidence", "source"] as const;

type Tile = Readonly<Record<string, unknown>> & { readonly question: string; readonly answer: object };

interface Up {
  readonly port: number;
  readonly router_port: number;
}

let folder = "";
let child: ChildProcess | null = null;
let up: Up = { port: 0, router_port: 0 };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-tiles-"));
  await start();
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const { PATH = "" } = process.env;
  const env = { PATH, HOLODECK_HOME: folder, PLATO_PORT: "0", H1_ROUTER_PORT: "0" };
  const started = spawn(process.execPath, [MAIN, "up", "--json"], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  child = started;
  let out = "";
  await new Promise<void>((resolve) => {
    started.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.includes("\n")) resolve();
    });
  });
  up = JSON.parse(out) as Up;
}

async function stop(): Promise<void> {
  const ended = new Promise((resolve) => void child?.once("close", resolve));
  child?.kill("SIGTERM");
  await ended;
}

/** What `curl` prints of this path; it fails for what is refused. */
async function curl(path: string, body?: object, port = up.port): Promise<string> {
  const sent = body === undefined ? [] : ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)];
  const args = ["-sS", "--fail-with-body", ...sent, `http://127.0.0.1:${port}${path}`];
  const { stdout } = await promisify(execFile)("curl", args);
  return stdout;
}

/** The room's tiles, the oldest first. */
async function tilesIn(room: string): Promise<readonly Tile[]> {
  const { tiles } = JSON.parse(await curl(`/room/${room}`)) as { tiles: readonly Tile[] };
  return tiles.toReversed();
}

/** A tile's question, the keys of its answer in their order, its tags and its confidence. */
function row({ question, answer, tags, confidence }: Tile) {
  return [question, Object.keys(answer).join(" "), (tags as readonly string[]).join(" "), confidence];
}

test.skipIf(!need("curl"))("curl walks every row of a session's tiles", async () => {
  const { session_id } = JSON.parse(
    await curl("/v1/sessions", {
      session_name: "walk",
      agent_id: "oracle1",
      scout_room: "walk/room",
      tags: ["t"],
    }),
  ) as { session_id: string };
  expect(session_id).toMatch(/^sess_[0-9a-z]+$/);
  const tasks = `/v1/sessions/${session_id}/tasks`;
  await curl(tasks, { task_id: "one", retries: { max: 1 } });
  await curl(`${tasks}/one/start`, {});
  await curl(`${tasks}/one/fail`, { error: "no luck" });
  await curl(`${tasks}/one/start`, {});
  await curl(`${tasks}/one/complete`, { outcome: "success", result: { found: 5 } });
  await curl(tasks, { task_id: "two" });
  await curl(`${tasks}/two/start`, { agent_id: "scout" });
  await curl(`${tasks}/two/fail`, { error: "no luck" });
  await curl(`/v1/sessions/${session_id}/end`, { outcome: "failed", error: "the room is on fire" });
  const tiles = await tilesIn("walk/room");
  const task = "session_id task_id agent_id";
  expect(tiles.map(row)).toEqual([
    [
      "[SESSION_START] oracle1:walk",
      "session_id agent_id session_name started tags max_tasks task_timeout_seconds h1_router_enabled",
      "scout session start oracle1",
      1,
    ],
    ["[TASK_START] one → oracle1", task, "scout task start", 0.9],
    ["[TASK_START] one → oracle1", `${task} attempt`, "scout task start", 0.9],
    ["[TASK_END] one — SUCCESS", `${task} outcome duration_ms result attempt`, "scout task end success", 0.9],
    ["[TASK_START] two → scout", task, "scout task start", 0.9],
    ["[TASK_END] two — FAILED", `${task} outcome duration_ms error`, "scout task end failed", 0.9],
    ["[SESSION_ERROR] oracle1:walk", "session_id agent_id error at", "scout session error", 1],
    [
      "[SESSION_END] oracle1:walk — FAILED",
      "session_id outcome duration_seconds tasks patterns",
      "scout session end failed",
      0.95,
    ],
  ]);
  for (const tile of tiles) {
    expect(tile).toMatchObject({
      source: "holodeck-session-manager",
      domain: "walk/room",
      answer: { session_id },
    });
    for (const text of JSON.stringify(tile).match(/\d{4}-\d\d-\d\dT[^"]*/g) ?? [])
      expect(text).toMatch(/T\d\d:\d\d:\d\d(?:\.(?!000)\d{3})?Z$/);
  }
});

test.skipIf(!need("curl"))("a crossing while a session routes stands in its room as an alert", async () => {
  for (const agent_id of ["a", "b", "c"]) await curl("/register/agent", { agent_id }, up.router_port);
  for (const [a, b] of ["ab", "bc", "ca"]) await curl("/v1/fleet/edges", { a, b, kind: "delegation" });
  const config = { sessionName: "s", agentId: "a", h1RouterEnabled: true, scoutRoom: ROOM };
  await using manager = new SessionManager(config, { store: join(folder, "holodeck.db") });
  await using session = await manager.startSession();
  for (let turn = 0; turn < 3; turn++) await manager.routeTaskH1("t");
  const alert = (await tilesIn(ROOM)).find(({ question }) => question.startsWith("[EMERGENCE"));
  expect(row(alert!)).toEqual([
    "[EMERGENCE ALERT] β₁=3 > V-2=2",
    "timestamp h1_dimension v_threshold n_vertices n_edges routing_decision recommendation session_id",
    "emergency h1 emergence routing",
    0.95,
  ]);
  expect(alert).toMatchObject({ domain: ROOM, answer: { session_id: session.sessionId } });
});

test.skipIf(!need("curl"))(
  "a session makes the three fixtures, and they are the same after a restart",
  async () => {
    await playFixtures(join(folder, "holodeck.db"));
    const before = await curl(`/room/${ROOM}`);
    const tiles = await tilesIn(ROOM);
    for (const name of ["session-start", "task-start", "session-end"]) {
      const text = readFileSync(new URL(`fixtures/${name}.tile.json`, import.meta.url), "utf8");
      const wanted = JSON.parse(text) as Tile;
      const found = tiles.find(({ question }) => question === wanted.question);
      const tile = Object.fromEntries(FIELDS.map((field) => [field, found?.[field]]));
      expect(JSON.stringify(tile)).toBe(JSON.stringify(wanted));
    }
    await stop();
    await start();
    expect(await curl(`/room/${ROOM}`)).toBe(before);
  },
);

/** The session of the fixtures, into the store that the server serves. */
async function playFixtures(store: string): Promise<void> {
  const clock = new TestClock();
  const fixed = fixedRouter();
  // β₁ before and after each routing: one before the first, in the end one more.
  const loops: Readonly<Record<string, readonly [number, number]>> = {
    survey: [2, 3],
    "analyze-fleet-h1": [3, 4],
  };
  const route: TaskRouter["route"] = async (asked) => {
    const [h1Before, h1After] = loops[asked.taskId] ?? [3, 3];
    return { ...(await fixed.route(asked)), h1Before, h1After };
  };
  const router = { ...fixed, route };
  const config = {
    sessionName: "constraint-theory-research",
    agentId: "oracle1",
    scoutRoom: ROOM,
    tags: ["research", "constraint-theory", "h1"],
    h1RouterEnabled: true,
  };
  await using manager = new SessionManager(config, { store, clock, router });
  const session = await manager.startSession({ sessionId: "sess_abc123" });
  for (const [id, outcome] of [
    ["survey", "failed"],
    ["analyze-fleet-h1", "success"],
    ["third", "success"],
    ["fourth", "success"],
    ["fifth", "success"],
  ] as const) {
    await session.addTask(id);
    await manager.routeTaskH1(id);
    await session.startTask(id);
    await session.completeTask(id, outcome);
  }
  await clock.advance(847_500);
  await session.endSession("success");
}
