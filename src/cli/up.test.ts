// The server as a process of its own, on free ports.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../store/open.ts";
import { openRaw, statusIn } from "../../test/raw-http.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const TILE = { domain: "hall", question: "what is it?", answer: "twenty characters, a few" };

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Said {
  readonly port: number;
  readonly router_port: number;
  readonly store: string;
}

let folder = "";
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-up-"));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

type Env = Readonly<Record<string, string>>;

function holodeck(args: readonly string[], env: Env = {}) {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH, HOLODECK_HOME: folder, PLATO_PORT: "0", H1_ROUTER_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let out = "";
  let err = "";
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.includes("\n")) resolve(out);
    });
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<Ran>(
    (resolve) => void child.once("close", (code) => resolve({ code, out, err })),
  );
  const said = async () => JSON.parse(await firstLine) as Said;
  const stop = async (): Promise<Ran> => (child.kill("SIGTERM"), await ended);
  return { child, said, ended, stop };
}

function up(args: readonly string[] = [], env: Env = {}) {
  return holodeck(["up", "--json", ...args], env);
}

/** A key of this role, made by a process of its own. */
async function makeKey(...args: readonly string[]): Promise<string> {
  const { code, out } = await holodeck(["key", "new", ...args]).ended;
  expect(code).toBe(0);
  return out.trim();
}

async function ranKey(...args: readonly string[]): Promise<Ran> {
  return await holodeck(["key", ...args]).ended;
}

async function statusWith(port: number, key: string | null, path = "/rooms"): Promise<number> {
  const headers = key === null ? {} : { "x-api-key": key };
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
}

test("up serves until SIGTERM, says where, and exits with 0", async () => {
  const { said, stop } = up();
  const { port, router_port, store } = await said();
  expect(store).toBe(join(folder, "holodeck.db"));
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(await health.json()).toMatchObject({ status: "ok", tiles: 0 });
  const router = await fetch(`http://127.0.0.1:${router_port}/status`);
  expect(await router.json()).toMatchObject({ n_agents: 0, description: "empty" });
  const { code, err } = await stop();
  expect(code).toBe(0);
  const lines = err.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: "info", message: `PLATO on http://127.0.0.1:${port}`, port, store },
    { level: "info", message: "stopping" },
  ]);
});

test("a port that is taken is one sentence and an exit code", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  for (const flag of ["--port", "--router-port"]) {
    const { code, err } = await holodeck(["up", flag, String(port)]).ended;
    expect([code, err]).toEqual([
      1,
      `holodeck: Port ${port} of 127.0.0.1 is taken. Stop who has it, or choose another port.\n`,
    ]);
  }
  await new Promise((resolve) => other.close(resolve));
});

test("a folder that cannot be written is one sentence and an exit code", async () => {
  writeFileSync(join(folder, "file"), "");
  const { code, err } = await holodeck(["up"], { HOLODECK_HOME: join(folder, "file") }).ended;
  expect(code).toBe(1);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(err).toMatch(/^holodeck: .*file\/holodeck\.db/);
});

test("a second server on one file is one sentence and an exit code; the file stays open to all else", async () => {
  const first = up();
  const { store, port } = await first.said();
  const second = await holodeck(["up"]).ended;
  expect([second.code, second.err]).toEqual([
    1,
    `holodeck: Another server serves ${store} already. Use that one, stop it, or name another store with --store.\n`,
  ]);
  expect((await holodeck(["verify"]).ended).code).toBe(0);
  expect(await statusWith(port, null)).toBe(200);
  first.child.kill("SIGKILL");
  await first.ended;
  const third = up();
  expect(await statusWith((await third.said()).port, null)).toBe(200);
  expect((await third.stop()).code).toBe(0);
});

test("a key that is made opens a server that runs, and one that is revoked no more", async () => {
  const server = up();
  const { port, router_port } = await server.said();
  expect(await statusWith(port, null)).toBe(200);
  const key = await makeKey("ci", "--role", "agent", "--room", "hall", "--room", "side");
  expect(key).toMatch(/^hk_[\w-]{43}$/);
  expect([await statusWith(port, null), await statusWith(port, key)]).toEqual([401, 200]);
  expect([
    await statusWith(router_port, null, "/status"),
    await statusWith(router_port, key, "/status"),
  ]).toEqual([401, 403]);
  expect(await statusWith(port, null, "/health")).toBe(200);
  const listed = await holodeck(["key", "ls", "--json"]).ended;
  expect(JSON.parse(listed.out)).toMatchObject({
    keys: [{ name: "ci", role: "agent", rooms: ["hall", "side"], sessions: [], status: "active" }],
  });
  expect((await holodeck(["key", "revoke", "ci"]).ended).code).toBe(0);
  expect(await statusWith(port, key)).toBe(401);
  for (const { out, err } of [listed, await server.stop()]) expect(out + err).not.toContain(key.slice(3));
});

test("what keys are made of is checked before one is made", async () => {
  expect(await ranKey("ls")).toMatchObject({ code: 3 });
  expect(await ranKey("new", "ci")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--role") as string,
  });
  expect((await ranKey("new", "ci", "--role", "root")).code).toBe(2);
  expect((await ranKey("new", "ci", "--role", "operator", "--room", "hall")).code).toBe(2);
  expect((await ranKey("revoke", "ci")).code).toBe(3);
});

test("a wider bind is denied without a key, and with one says who can reach it", async () => {
  const denied = await holodeck(["up", "--host", "0.0.0.0"]).ended;
  expect([denied.code, denied.err]).toEqual([
    4,
    expect.stringMatching(/^holodeck: Bound to 0\.0\.0\.0, .*holodeck key new/) as string,
  ]);
  const key = "an-operators-key-0123456789";
  const server = up(["--host", "0.0.0.0", "--allow-host", "holodeck.example.org"], { PLATO_API_KEY: key });
  const { port } = await server.said();
  expect([await statusWith(port, null), await statusWith(port, key)]).toEqual([401, 200]);
  const ask = async (host: string): Promise<number> => {
    const { socket, ended } = openRaw(port);
    socket.write(`GET /rooms HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${key}\r\nConnection: close\r\n\r\n`);
    return statusIn(await ended);
  };
  expect(await ask("holodeck.example.org")).toBe(200);
  expect(await ask("evil.example.org")).toBe(421);
  expect(await ask(`0.0.0.0:${port}`)).toBe(421);
  const { code, err } = await server.stop();
  expect(code).toBe(0);
  expect(err).toContain('"level":"warn","message":"Others can reach this server');
});

test("ports that are none are faults of usage", async () => {
  expect((await holodeck(["up"], { PLATO_PORT: "http" }).ended).code).toBe(2);
  expect((await holodeck(["up", "--port", "65536"]).ended).code).toBe(2);
});

test("the log tells of requests as far as LOG_LEVEL says, and of keys nothing", async () => {
  const key = "an-operators-key-0123456789";
  const server = up([], { PLATO_API_KEY: key, LOG_LEVEL: "debug" });
  const { port } = await server.said();
  expect(await statusWith(port, key, "/search?q=private")).toBe(200);
  expect(await statusWith(port, `${key}-wrong`)).toBe(401);
  expect(await statusWith(port, null, `/rooms?api_key=${key}`)).toBe(400);
  const { err } = await server.stop();
  const lines = err
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines.slice(1, 4)).toMatchObject([
    { level: "debug", method: "GET", path: "/search", status: 200, by: "operator" },
    { level: "info", path: "/rooms", status: 401, by: null },
    { level: "debug", path: "/rooms", status: 400, by: null },
  ]);
  expect(err).not.toContain(key);
  expect(err).not.toContain("private");
  const silent = up([], { LOG_LEVEL: "silent" });
  await silent.said();
  expect((await silent.stop()).err).toBe("");
});

test("a configuration file says how to serve, and what is shown beside it is what is served", async () => {
  const yaml = "port: 0\nrouter_port: 0\nstore: data/own.db\nlog_level: silent\n";
  writeFileSync(join(folder, "holodeck.yaml"), yaml);
  const env = { PLATO_PORT: "", H1_ROUTER_PORT: "", HOLODECK_HOME: "" };
  const server = up([], env);
  const { port, store } = await server.said();
  expect(store).toBe(join(folder, "data", "own.db"));
  expect((await holodeck(["key", "new", "ci", "--role", "agent"], env).ended).code).toBe(0);
  expect(await statusWith(port, null)).toBe(401);
  expect(JSON.parse((await holodeck(["verify", "--json"], env).ended).out)).toMatchObject({ streams: 1 });
  expect((await server.stop()).err).toBe("");
  expect(existsSync(join(folder, ".holodeck"))).toBe(false);
  writeFileSync(join(folder, "holodeck.yaml"), "prt: 1");
  expect(await holodeck(["up"], env).ended).toMatchObject({
    code: 2,
    err: expect.stringContaining("holodeck.yaml:1: prt is not a key of a configuration.") as string,
  });
});

test("SIGTERM lets a request under way end and takes no new one", async () => {
  const server = up();
  const { port } = await server.said();
  const body = JSON.stringify(TILE);
  const { socket, ended } = openRaw(port);
  const head = `POST /submit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  await new Promise<void>((resolve) => void socket.write(head + body.slice(0, 9), () => resolve()));
  // Answered behind it on another connection: so the first has reached the server.
  await statusWith(port, null);
  server.child.kill("SIGTERM");
  while ((await fetch(`http://127.0.0.1:${port}/health`).catch(() => null)) !== null);
  socket.write(body.slice(9));
  expect(statusIn(await ended)).toBe(200);
  expect((await server.ended).code).toBe(0);
  const tiles = await holodeck(["tiles", "--room", "hall", "--json"]).ended;
  expect(JSON.parse(tiles.out)).toMatchObject({ tiles: [{ question: TILE.question }] });
});

test("SIGTERM ends a stream that nobody reads, and still exits with 0 within ten seconds", async () => {
  const server = up();
  const { port } = await server.said();
  const answer = { text: "x".repeat(30_000) };
  for (let batch = 0; batch < 20; batch++) {
    const tiles = Array.from({ length: 25 }, (_, n) => ({
      ...TILE,
      question: `what ${batch}.${n}?`,
      answer,
    }));
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify({ tiles }) };
    expect((await fetch(`http://127.0.0.1:${port}/submit_batch`, request)).status).toBe(200);
  }
  const { socket, ended } = openRaw(port);
  const reading = new Promise((resolve) => void socket.once("data", resolve));
  socket.write("GET /export/plato-tile-spec HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await reading;
  socket.pause();
  const before = performance.now();
  expect((await server.stop()).code).toBe(0);
  // It is the promise itself that is looked at: ten seconds, however slow the machine.
  expect(performance.now() - before).toBeLessThan(10_000);
  socket.resume();
  await ended;
}, 30_000);

test.each([
  ["with its key", true],
  // Over HTTP nothing comes in then; the server itself knows that it has them.
  ["without one", false],
])(
  "a session of another process, %s, has its tiles in this server's room, each once, and nothing waits",
  async (_name, hasKey) => {
    const key = "an-operators-key-0123456789";
    const server = up([], { PLATO_API_KEY: key });
    const { port, store } = await server.said();
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(
      join(folder, "plan.yaml"),
      `version: 1\nname: small\nagent_id: a\nscout_room: hall\nplato_url: ${url}\ntasks:\n  - {id: good, run: "echo '{}'"}\n`,
    );
    const env = hasKey ? { PLATO_API_KEY: key, PLATO_URL: url } : {};
    expect((await holodeck(["run", "plan.yaml", "--json"], env).ended).code).toBe(0);
    const opened = await openStore(store);
    for (;;) {
      const { items } = await opened.heads({ filter: { kind: "outbox" } });
      if (items.length === 1 && items[0]?.status === "done") break;
      await setTimeout(20);
    }
    const { events } = await opened.tail({ after: null });
    expect(events.filter(({ event }) => event.type === "tile_parked")).toEqual([]);
    await opened.close();
    const response = await fetch(`${url}/room/hall`, { headers: { "x-api-key": key } });
    const { tiles } = (await response.json()) as { tiles: readonly { question: string }[] };
    expect(tiles.map(({ question }) => question).toSorted()).toEqual([
      "[SESSION_END] a:small — SUCCESS",
      "[SESSION_START] a:small",
      "[TASK_END] good — SUCCESS",
      "[TASK_START] good → a",
    ]);
    expect((await server.stop()).code).toBe(0);
  },
  60_000,
);

test("the router takes its threshold from the environment and its agents from a file", async () => {
  const file = join(folder, "fleet.yaml");
  writeFileSync(file, "router: {emergence_threshold_offset: 7}\nagents: [{id: a}, {id: b}, {id: c}]\n");
  const { said, stop } = up(["--fleet", file], { EMERGENCE_THRESHOLD: "-3" });
  const snapshot = await fetch(`http://127.0.0.1:${(await said()).router_port}/h1-snapshot`);
  expect(await snapshot.json()).toMatchObject({ n_agents: 3, threshold: 0 });
  expect((await stop()).code).toBe(0);
});

test.each([
  [{ EMERGENCE_THRESHOLD: "low" }, [], 2, /EMERGENCE_THRESHOLD/],
  [{ PLATO_URL: "ftp://example.org" }, [], 2, /PLATO_URL/],
  [{}, ["--fleet", "nowhere.yaml"], 3, /nowhere\.yaml/],
])("a router that is told nonsense does not start: %j %j", async (env, args, code, what) => {
  const ended = await up(args, env).ended;
  expect([ended.code, ended.err]).toEqual([code, expect.stringMatching(what) as string]);
});
