import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
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

function up(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, "up", ...args], {
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
  return { child, firstLine, ended };
}

test("up serves until SIGTERM, says in a line where, and exits with 0", async () => {
  const { child, firstLine, ended } = up(["--json"]);
  const said = JSON.parse(await firstLine) as { port: number; router_port: number; store: string };
  expect(said.store).toBe(join(folder, "holodeck.db"));
  const health = await fetch(`http://127.0.0.1:${said.port}/health`);
  expect(await health.json()).toMatchObject({ status: "ok", tiles: 0 });
  const router = await fetch(`http://127.0.0.1:${said.router_port}/status`);
  expect(await router.json()).toMatchObject({ n_agents: 0, description: "empty" });
  child.kill("SIGTERM");
  const { code, err } = await ended;
  expect(code).toBe(0);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(err).toContain(`http://127.0.0.1:${said.port}`);
});

test("a port that is taken is one sentence and an exit code", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  for (const args of [
    ["--port", String(port)],
    ["--router-port", String(port)],
  ]) {
    const { code, err } = await up(args).ended;
    expect([code, err]).toEqual([
      1,
      `holodeck: Port ${port} of 127.0.0.1 is taken. Stop who has it, or choose another port.\n`,
    ]);
  }
  await new Promise((resolve) => other.close(resolve));
});

test("a wider bind is denied, and ports that are none are faults of usage", async () => {
  const wide = await up(["--host", "0.0.0.0"]).ended;
  expect([wide.code, wide.err]).toEqual([4, expect.stringMatching(/no keys/) as string]);
  expect((await up([], { PLATO_PORT: "http" }).ended).code).toBe(2);
  expect((await up(["--port", "65536"]).ended).code).toBe(2);
});

test("the router takes its threshold from the environment and its agents from a file", async () => {
  const file = join(folder, "fleet.yaml");
  writeFileSync(file, "router: {emergence_threshold_offset: 7}\nagents: [{id: a}, {id: b}, {id: c}]\n");
  const { child, firstLine, ended } = up(["--json", "--fleet", file], { EMERGENCE_THRESHOLD: "-3" });
  const said = JSON.parse(await firstLine) as { router_port: number };
  const snapshot = await fetch(`http://127.0.0.1:${said.router_port}/h1-snapshot`);
  expect(await snapshot.json()).toMatchObject({ n_agents: 3, threshold: 0 });
  child.kill("SIGTERM");
  expect((await ended).code).toBe(0);
});

test.each([
  [{ EMERGENCE_THRESHOLD: "low" }, [], 2, /EMERGENCE_THRESHOLD/],
  [{ PLATO_URL: "ftp://example.org" }, [], 2, /PLATO_URL/],
  [{}, ["--fleet", "nowhere.yaml"], 3, /nowhere\.yaml/],
])("a router that is told nonsense does not start: %j %j", async (env, args, code, what) => {
  const ended = await up(args, env).ended;
  expect([ended.code, ended.err]).toEqual([code, expect.stringMatching(what) as string]);
});
