// A plan that an H1 router routes, by the command: its agents are registered there, an upward crossing exits with 6,
// and a router that is away does not keep the plan from being done.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WireRouter } from "./wire-router.ts";

const MAIN = join(import.meta.dirname, "..", "src", "cli", "main.ts");
let folder = "";
let router = new WireRouter();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-h1-plan-"));
  router = await new WireRouter({ confirms: true }).start();
  writeFileSync(
    join(folder, "plan.yaml"),
    `version: 1
name: routed
agent_id: oracle1
routing: h1
h1_router_url: ${router.url}
agents: [{id: ann, capabilities: [swim]}, {id: bob, capabilities: [swim]}]
tasks:
  - {id: a, run: "true", capabilities: [swim]}
  - {id: b, run: "true", capabilities: [swim], after: [a]}
`,
  );
});

afterEach(async () => {
  await router.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function holodeck(...args: readonly string[]) {
  const { PATH = "" } = process.env;
  const env = { PATH, HOLODECK_STORE: join(folder, "h.db") };
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => (out += String(piece)));
  child.stderr.on("data", (piece) => (err += String(piece)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

test("its agents are registered, its tasks routed, confirmed and completed at the router", async () => {
  const { code, out } = await holodeck("run", "plan.yaml", "--json", "--fail-on-emergence");
  expect([code, JSON.parse(out)]).toMatchObject([
    0,
    { outcome: "success", emergence_alerts: 0, h1: { start: 0 } },
  ]);
  expect(router.to("/register/agent").map(({ agent_id }) => agent_id)).toEqual(["ann", "bob"]);
  expect(router.to("/route")).toMatchObject([
    { task_id: "a", prefer_agents: ["ann", "bob"] },
    { task_id: "b" },
  ]);
  expect(router.to("/v1/fleet/confirm")).toHaveLength(2);
  expect(router.tasks).toBe(0);
  const shown = JSON.parse((await holodeck("session", "show", "latest", "--json")).out) as object;
  expect(shown).toMatchObject({
    h1_router_url: router.url,
    tasks: [{ router: router.url, routing: { fallback: false } }, {}],
  });
});

test("with --fail-on-emergence an alert is exit 6, and without it none", async () => {
  const snapshot = {
    n_vertices: 4,
    n_edges: 6,
    n_components: 1,
    h1_dimension: 3,
    threshold: 2,
    emergence: true,
  };
  const decision = { agent_id: "ann", h1_before: 2, h1_after: 3, confidence: 0.7, emergence_risk: 0.3 };
  router.script = ({ path, body }) => {
    if (path === "/h1-snapshot") return { status: 200, body: JSON.stringify(snapshot) };
    if (path !== "/route") return "answer";
    const told = { ...decision, task_id: body["task_id"], capability_match_score: 1, reasoning: "" };
    return { status: 200, body: JSON.stringify(told) };
  };
  const { code, out } = await holodeck("run", "plan.yaml", "--json", "--fail-on-emergence");
  expect([code, JSON.parse(out)]).toMatchObject([6, { outcome: "success", emergence_alerts: 1 }]);
  expect((await holodeck("run", "plan.yaml", "--quiet")).code).toBe(0);
});

test("a router that is away does not keep the plan from being done", async () => {
  await router.stop();
  const { code, out } = await holodeck("run", "plan.yaml", "--json");
  expect([code, JSON.parse(out)]).toMatchObject([0, { outcome: "success" }]);
  const shown = JSON.parse((await holodeck("session", "show", "latest", "--json")).out) as object;
  expect(shown).toMatchObject({
    tasks: [{ routing: { agent_id: "ann", fallback: true } }, { routing: { fallback: true } }],
  });
});
