// `npm start` as package.json has it: the server, with the demo's tiles in it, until it is told to stop.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

let folder = "";
let child: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-start-"));
});

afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** As npm does it: a shell of its own, which gets npm's signals. */
function start(env: Readonly<Record<string, string>>) {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  const PATH = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  const started = spawn("sh", ["-c", scripts.start], {
    cwd: ROOT,
    env: { PATH, HOLODECK_HOME: folder, PLATO_PORT: "0", H1_ROUTER_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = started;
  let err = "";
  const ended = new Promise<number | null>((resolve) => void started.once("close", resolve));
  const listening = new Promise<string>((resolve) => {
    started.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      const url = /The tiles are at (http:\S+)\/rooms\. Ctrl-C ends the server\./.exec(err)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  let out = "";
  started.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  return { started, listening, ended, said: () => ({ out, err }) };
}

test("npm start serves, plays the demo into the server, and stays until it is told to stop", async () => {
  const { started, listening, ended, said } = start({});
  const url = await listening;
  const rooms = (await (await fetch(`${url}/rooms`)).json()) as Record<string, { tile_count: number }>;
  expect(rooms["gc/research/scout-reports/holodeck-session"]?.tile_count).toBeGreaterThan(5);
  const found = (await (await fetch(`${url}/search?q=compute-cohomology`)).json()) as {
    results: readonly { question: string }[];
  };
  expect(found.results.map(({ question }) => question)).toContain("[TASK_END] compute-cohomology — FAILED");
  expect(said().out).toContain("repo-audit ended as success");
  expect(said().out).toMatch(/tasks {5}10: 9 succeeded, 1 timed out/);
  started.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 60_000);

test("when its port is taken it says so in a sentence, and plays nothing", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const { ended, said } = start({ PLATO_PORT: String(port) });
  expect(await ended).toBe(1);
  expect(said()).toEqual({
    out: "",
    err: `holodeck: Port ${port} of 127.0.0.1 is taken. Stop who has it, or choose another port.\n`,
  });
  await new Promise((resolve) => other.close(resolve));
}, 60_000);

test("Ctrl-C during the demo ends both, with 0", async () => {
  const { started, ended, said } = start({});
  await new Promise<void>((resolve) => {
    started.stderr?.on("data", () => {
      if (said().err.includes("task_started")) resolve();
    });
  });
  started.kill("SIGINT");
  expect(await ended).toBe(0);
}, 60_000);
