import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import type { Session } from "../session/session.ts";
import { SystemClock } from "../session/system-clock.ts";
import { bootId } from "./host.ts";
import { sessionConfigOf } from "./plan-session.ts";
import { parsePlan, PlanError } from "./plan.ts";
import { runPlan } from "./runner.ts";

let folder = "";
let manager: SessionManager | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-plan-routing-"));
});

afterEach(async () => {
  await manager?.close();
  manager = null;
  rmSync(folder, { recursive: true, force: true });
});

const HEAD = "version: 1\nname: test\nagent_id: oracle1\nrouting: h1\n";
const AGENTS = `agents:
  - {id: reader, capabilities: [read]}
  - {id: writer, capabilities: [read, write]}
  - {id: elder, capabilities: [write]}
`;

async function run(tasks: string): Promise<Session> {
  const plan = parsePlan({ text: `${HEAD}${AGENTS}tasks:\n${tasks}`, file: "plan.yaml", cores: 4 });
  manager = new SessionManager(sessionConfigOf(plan), { store: "memory:" });
  const session = await manager.startSession();
  const clock = new SystemClock(bootId());
  await runPlan({
    session,
    store: await manager.store(),
    clock,
    plan,
    folder,
    spool: join(folder, "spool"),
    environment: process.env,
    router: manager,
  });
  return session;
}

test("tasks that ask for capabilities and name nobody are routed to the plan's agents", async () => {
  const session = await run(`
  - {id: a, run: "true", capabilities: [write]}
  - {id: b, run: "true", capabilities: [read], after: [a]}
  - {id: named, run: "true", agent: reader, capabilities: [read], after: [b]}
  - {id: own, run: "true"}`);
  expect(session.outcome).toBe("success");
  expect(session.tasks.map((task) => [task.taskId, task.agentId, task.routing?.agent_id ?? null])).toEqual([
    ["a", "elder", "elder"],
    ["b", "reader", "reader"],
    ["named", "reader", null],
    ["own", "oracle1", null],
  ]);
  expect(await manager?.getH1Status()).toMatchObject({ vertices: 3, edges: 0 });
  expect(session.h1).toEqual({ start: 0, end: 0 });
});

test("an agent gets no more tasks at once than it does, and all are done", async () => {
  const tasks = Array.from(
    { length: 6 },
    (_, index) => `  - {id: t${index}, run: "true", capabilities: [read]}`,
  );
  const session = await run(tasks.join("\n"));
  expect(session.totals).toMatchObject({ total: 6, succeeded: 6 });
  const agents = new Set(session.tasks.map((task) => task.agentId));
  expect([...agents].sort()).toEqual(["reader", "writer"]);
  const running = new Map<string, number>();
  for await (const { type, data } of session.events()) {
    const agent = JSON.stringify(data["agent_id"]);
    if (type === "task_started") running.set(agent, (running.get(agent) ?? 0) + 1);
    if (type === "task_ended") running.set(agent, (running.get(agent) ?? 0) - 1);
    for (const count of running.values()) expect(count).toBeLessThanOrEqual(1);
  }
});

test("a task is routed once: its retries stay with its agent", async () => {
  const session = await run(`  - {id: a, run: "false", capabilities: [write], retries: {max: 2}}`);
  expect(session.getTask("a")).toMatchObject({ outcome: "failed", attempts: 3, agentId: "elder" });
  const routed: string[] = [];
  for await (const { type } of session.events()) if (type === "task_routed") routed.push(type);
  expect(routed).toHaveLength(1);
});

test("who the plan does not have does not do its tasks, whatever the router says", async () => {
  const plan = parsePlan({
    text: `${HEAD}${AGENTS}tasks: [{id: a, run: "true", capabilities: [write]}]`,
    file: "plan.yaml",
  });
  manager = new SessionManager(sessionConfigOf(plan), { store: "memory:" });
  const session = await manager.startSession();
  const stranger = {
    registerAgent: async () => await Promise.resolve(),
    routeTaskH1: async (...[taskId, capabilities = []]: Parameters<SessionManager["routeTaskH1"]>) => {
      await manager?.registerAgent("stranger", ["write"]);
      return (await manager?.routeTaskH1(taskId, capabilities)) ?? expect.unreachable();
    },
  };
  const clock = new SystemClock(bootId());
  const { environment, store } = { environment: process.env, store: await manager.store() };
  const spool = join(folder, "spool");
  await runPlan({ session, store, clock, plan, folder, spool, environment, router: stranger });
  expect(session.getTask("a")).toMatchObject({ outcome: "success", agentId: "writer" });
  expect(session.getTask("a")?.routing?.agent_id).toBe("stranger");
});

function faultsOf(text: string): readonly string[] {
  try {
    parsePlan({ text, file: "plan.yaml" });
    return [];
  } catch (error) {
    return error instanceof PlanError ? error.faults.map(({ path }) => path) : expect.unreachable();
  }
}

test("the check tells what a fleet would refuse", () => {
  const tasks = "tasks: [{id: a, run: x}]";
  const long = "x".repeat(65);
  const url = "h1_router_url: http://localhost:8902\n";
  expect(faultsOf(`${HEAD}${url}${tasks}`)).toEqual([]);
  expect(faultsOf(`${HEAD.replace("h1", "load")}${url}${tasks}`)).toEqual(["h1_router_url"]);
  expect(faultsOf(`${HEAD.replace("h1", "random")}${tasks}`)).toEqual(["routing"]);
  expect(faultsOf(`${HEAD}agents: [{id: b, capabilities: [${long}]}]\n${tasks}`)).toEqual([
    "agents[0].capabilities",
  ]);
  expect(
    faultsOf(`${HEAD.replace("h1", "load")}agents: [{id: b, capabilities: [${long}]}]\n${tasks}`),
  ).toEqual([]);
});
