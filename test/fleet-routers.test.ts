// Two real routers over one real PostgreSQL store, and one over a file that is killed and started again: one fleet,
// each decision once, each crossing told once.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../src/store/open.ts";
import { verifyStore } from "../src/store/verify.ts";
import { TestPlato } from "../src/testing/test-plato.ts";
import { need } from "./need.ts";
import { PostgresServer } from "./servers/postgres.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const ROOM = "gc/research/h1-routing-experiment";

type Json = Readonly<Record<string, unknown>>;

let folder = "";
let plato: TestPlato;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-routers-"));
  plato = await new TestPlato().start();
});

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  await plato.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `holodeck up` in a process of its own. */
class RouterProcess {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #platoUrl: string;

  private constructor(child: ChildProcess, ports: { readonly port: number; readonly router_port: number }) {
    this.#child = child;
    this.#url = `http://127.0.0.1:${ports.router_port}`;
    this.#platoUrl = `http://127.0.0.1:${ports.port}`;
  }

  static async start(store: string, more: readonly string[] = []): Promise<RouterProcess> {
    const { PATH = "" } = process.env;
    const args = [MAIN, "up", "--json", "--store", store, ...more];
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { PATH, HOLODECK_HOME: folder, PLATO_PORT: "0", H1_ROUTER_PORT: "0", PLATO_URL: plato.url },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let told = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
    const line = await new Promise<string>((resolve, reject) => {
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        if (out.includes("\n")) resolve(out);
      });
      child.once("exit", () => reject(new Error(told)));
    });
    return new RouterProcess(child, JSON.parse(line) as { port: number; router_port: number });
  }

  async get(path: string): Promise<Json> {
    return (await (await fetch(this.#url + path)).json()) as Json;
  }

  async plato(path: string): Promise<Json> {
    return (await (await fetch(this.#platoUrl + path)).json()) as Json;
  }

  async post(path: string, body: Json): Promise<{ readonly status: number; readonly body: Json }> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.#url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Json };
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => void this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await ended;
    running.delete(this.#child);
  }
}

describe.skipIf(!need("postgres"))("two routers on one PostgreSQL store", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => server.stop());

  test("are one fleet through a kill, and tell each crossing once", { timeout: 90_000 }, async () => {
    const address = server.newStore();
    const one = await RouterProcess.start(address);
    let other = await RouterProcess.start(address);
    const both = (number: number): RouterProcess => (number % 2 === 0 ? one : other);
    const agents = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(
      agents.map(async (agent_id, n) => await both(n).post("/register/agent", { agent_id, capacity: 5 })),
    );
    const routes = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => await both(n).post("/route", { task_id: `t${n}` })),
    );
    // 30 places, whoever gives them away.
    const chosen = routes.flatMap(({ status, body }) => (status === 200 ? [String(body["agent_id"])] : []));
    expect(chosen.toSorted()).toEqual(agents.flatMap((agent) => [agent, agent, agent, agent, agent]));
    expect(routes.filter(({ status }) => status === 409)).toHaveLength(10);
    expect(await one.get("/status")).toEqual(await other.get("/status"));

    await cross(one, other, agents);
    await other.end("SIGKILL");
    expect((await one.post("/complete", { task_id: "t0" })).status).toBe(200);
    other = await RouterProcess.start(address);
    expect(await other.get("/v1/fleet")).toMatchObject({
      crossings: 1,
      n_edges: 15,
      emergence_detected: true,
    });
    expect(await other.get("/status")).toEqual(await one.get("/status"));
    await cross(other, one, agents);

    const routed = chosen.length + 2 * SHARED.length;
    while (plato.tiles.length < routed + 2) await setTimeout(20);
    const alerts = plato.tiles.filter(({ tile }) => tile.question.startsWith("[EMERGENCE ALERT]"));
    expect(alerts.map(({ tile }) => tile.domain)).toEqual([ROOM, ROOM]);
    expect(new Set(plato.tiles.map(({ key }) => key)).size).toBe(plato.tiles.length);
    await one.end("SIGTERM");
    await other.end("SIGTERM");
    expect(plato.tiles).toHaveLength(routed + 2);
    const store = await openStore(address);
    expect((await verifyStore(store)).problems).toEqual([]);
    await store.close();
  });
});

const SHARED = ["x", "y"];

/** All tasks end; then two that every agent shares bring emergence, asked for at both routers at once. */
async function cross(one: RouterProcess, other: RouterProcess, agents: readonly string[]): Promise<void> {
  const tasks = [...Array.from({ length: 40 }, (_, n) => `t${n}`), ...SHARED];
  for (const task_id of tasks) await one.post("/complete", { task_id });
  await one.post("/reset", {});
  expect(await other.get("/status")).toMatchObject({ n_tasks: 0, n_edges: 0, emergence_detected: false });
  await one.post("/register/task", { task_id: "t0" });
  await one.post("/v1/fleet/edges", { a: "t0", b: "a", kind: "dependency" });
  const routed = await Promise.all(
    SHARED.map(async (task_id, n) => {
      const router = n === 0 ? one : other;
      return await router.post("/route", { task_id, agents_needed: agents.length });
    }),
  );
  expect(routed.map(({ status }) => status)).toEqual([200, 200]);
  for (const [a, b] of [
    ["a", "b"],
    ["c", "d"],
    ["e", "f"],
  ])
    await other.post("/v1/fleet/edges", { a, b, kind: "delegation" });
}

test(
  "a router that is killed and started again has its fleet, from a file or not",
  { timeout: 60_000 },
  async () => {
    const file = join(folder, "fleet.yaml");
    writeFileSync(
      file,
      `agents:\n  - {id: a, capabilities: [x]}\n  - {id: b}\ntasks:\n  - {id: t, required_capabilities: [x]}\n`,
    );
    const store = join(folder, "holodeck.db");
    const first = await RouterProcess.start(store, ["--fleet", file]);
    expect((await first.post("/route", { task_id: "t" })).body).toMatchObject({ agent_id: "a" });
    await first.post("/route", { task_id: "u", session_id: "sess_1" });
    const before = await first.get("/v1/fleet");
    while (plato.tiles.length < 2) await setTimeout(20);
    await first.end("SIGKILL");
    const again = await RouterProcess.start(store, ["--fleet", file]);
    expect(await again.get("/v1/fleet")).toEqual(before);
    expect((await again.post("/complete", { task_id: "t" })).status).toBe(200);
    // The tiles of the fleet stand in the room of the very server, and went to the other one.
    const { tiles } = (await again.plato(`/room/${ROOM}`)) as { tiles: readonly { question: string }[] };
    expect(tiles.map(({ question }) => question)).toEqual(["[H1_ROUTE] b → u", "[H1_ROUTE] a → t"]);
    expect(plato.questions).toEqual(["[H1_ROUTE] a → t", "[H1_ROUTE] b → u"]);
    expect((await again.plato("/v1/fleet"))["n_tasks"]).toBe(1);
    await again.end("SIGTERM");
  },
);
