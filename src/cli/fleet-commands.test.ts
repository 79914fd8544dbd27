import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { streamId } from "../event/event.ts";
import { Runtime, type Untimed } from "../event/runtime.ts";
import type { FleetCommand } from "../fleet/fleet-facts.ts";
import { createFleet } from "../fleet/router.ts";
import { openStore } from "../store/open.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holodeck-fleet-cli-"));
const address = join(folder, "h.db");

const now = () => ({ now: Date.now(), boot: { id: "", offsetMs: 0 } });

beforeAll(async () => {
  const store = await openStore(address);
  const runtime = new Runtime({ aggregate: createFleet(), log: store, moment: now });
  const give = async (fleet: string, ...commands: Untimed<FleetCommand>[]): Promise<void> => {
    for (const command of commands)
      expect((await runtime.execute(streamId("fleet", fleet), command)).refusal).toBeNull();
  };
  for (const agent_id of ["ann", "bob", "cy"])
    await give("default", {
      type: "register_agent",
      agent_id,
      capabilities: agent_id === "cy" ? ["fly", "swim"] : ["swim"],
    });
  const tie = { type: "add_edge", kind: "delegation" } as const;
  await give(
    "default",
    { ...tie, a: "ann", b: "bob" },
    { ...tie, a: "bob", b: "cy" },
    { ...tie, a: "cy", b: "ann" },
  );
  await give(
    "default",
    { ...tie, a: "ann", b: "bob", directed: true },
    { ...tie, a: "bob", b: "ann", directed: true },
  );
  await give("chain", ...["a", "b", "c"].map((agent_id) => ({ type: "register_agent", agent_id }) as const));
  await give("chain", { ...tie, a: "a", b: "b" }, { ...tie, a: "b", b: "c" });
  await store.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: readonly string[]): {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
} {
  const { PATH = "" } = process.env;
  const env = { PATH, HOLODECK_STORE: address, TZ: "UTC" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

function json(...args: readonly string[]): unknown {
  const { out, err } = run(...args, "--json");
  return out === "" ? expect.unreachable(err) : JSON.parse(out);
}

test("fleet status tells the loops, their threshold, and the shape", () => {
  expect(json("fleet", "status")).toMatchObject({
    n_agents: 3,
    n_edges: 3,
    h1_dimension: 1,
    threshold: 1,
    description: "rigid",
    emergence_detected: false,
    margin: 0,
    flagged_components: [],
  });
  expect(run("fleet", "status").out).toMatch(/β₁ = 1, not above the threshold V−2 = 1 \(margin 0\)/);
});

test("fleet agents lists them, and says when there are more", () => {
  expect(json("fleet", "agents")).toMatchObject({
    total: 3,
    agents: [{ agent_id: "ann", n_tasks: 0 }, {}, {}],
  });
  const { out, err } = run("fleet", "agents", "--limit", "1");
  expect([out.includes("ann"), out.includes("bob"), err]).toEqual([
    true,
    false,
    expect.stringContaining("3 in all"),
  ]);
});

test("fleet cycles names who is in each loop, and who hands work to and fro", () => {
  expect(json("fleet", "cycles")).toMatchObject({
    total: 1,
    cycles: [expect.arrayContaining(["ann", "bob", "cy"])],
    waits: [],
    ping_pongs: [{ a: "ann", b: "bob", there: 1, back: 1 }],
  });
  expect(run("fleet", "cycles", "--fleet", "chain").err).toContain("No loops");
});

test("fleet articulation names single points of failure", () => {
  expect(json("fleet", "articulation", "--fleet", "chain")).toEqual({
    points: [{ id: "b", kind: "agent" }],
    bridges: [
      ["a", "b"],
      ["b", "c"],
    ],
  });
  expect(run("fleet", "articulation").err).toContain("None");
});

test("what-if answers as route would, and changes nothing", () => {
  const asked = ["t", "--capabilities", "swim,fly"] as const;
  expect(json("fleet", "what-if", ...asked)).toMatchObject({
    task_id: "t",
    agent_id: "cy",
    capability_match_score: 1,
  });
  expect(json("fleet", "status")).toMatchObject({ n_tasks: 0 });
  const told = run("fleet", "what-if", "t", "--capabilities", "swim", "--prefer", "bob").out;
  expect(told).toContain("t would go to bob: bob has all 1 required capabilities; bob was preferred to ann");
  expect(told).toMatch(/ann +0 +0 +100 % +another was preferred/);
});

test("route gives the task out and says why not the next; complete frees its agent", () => {
  const { out, code } = run("route", "swimming", "--capabilities", "swim");
  expect(code).toBe(0);
  expect(out).toContain("swimming goes to ann: ann has all 1 required capabilities; load too is equal (0)");
  expect(json("fleet", "status")).toMatchObject({ n_tasks: 1, n_edges: 4 });
  expect(json("fleet", "complete", "swimming")).toEqual({ task_id: "swimming", freed: ["ann"] });
  expect(json("fleet", "status")).toMatchObject({ n_tasks: 0, n_edges: 3 });
  expect(run("fleet", "complete", "swimming").code).toBe(3);
});

test("a fleet that is not there is not found, and a policy that is none is a fault of usage", () => {
  expect(run("fleet", "status", "--fleet", "nobody")).toMatchObject({ code: 3, out: "" });
  expect(run("route", "t", "--policy", "luck").code).toBe(2);
});
