import { expect, test } from "vitest";
import { isRefusal } from "../event/decider.ts";
import { FleetRun, routedIn } from "./fleet-run.ts";
import { CONFIRM_MS, createFleet } from "./router.ts";
import { CANDIDATES_MAX } from "./routing.ts";

test("a fleet without agents routes to nobody, with confidence 0", () => {
  const routed = new FleetRun().route("t", { required_capabilities: ["x"] });
  expect(routed).toMatchObject({ agent_id: "", confidence: 0, h1_before: 0, h1_after: 0, task_id: "t" });
});

test("a fresh task goes to the least loaded capable agent, and the reasons admit that H¹ had no say", () => {
  const run = new FleetRun();
  for (const agent_id of ["b", "a", "c"]) {
    run.give({ type: "register_agent", agent_id, capabilities: agent_id === "c" ? ["other"] : ["x", "y"] });
  }
  run.route("t1", { required_capabilities: ["x"] });
  const routed = run.route("t2", { required_capabilities: ["x"] });
  expect(routed).toMatchObject({
    agent_id: "b",
    h1_before: 0,
    h1_after: 0,
    confidence: 1,
    emergence_risk: 0,
    capability_match_score: 1,
    decided_by: "load",
  });
  expect(routed.reasoning).toMatch(/H¹ could not tell the candidates apart/);
  expect(routed.reasoning).toMatch(/load decided: b has 0, a, the next, 1/);
  expect(routed.candidates).toEqual([
    { agent_id: "b", load: 0, h1_delta: 0, capability_match_score: 1, why_not: null },
    { agent_id: "a", load: 1, h1_delta: 0, capability_match_score: 1, why_not: "load" },
  ]);
});

test("where the task has ties already, H¹ chooses the agent who closes no loop, though it has more to do", () => {
  const run = new FleetRun();
  run.agents("near", "far");
  run.route("other", { prefer_agents: ["far"] });
  run.give({ type: "register_task", task_id: "dep" });
  run.give({ type: "register_task", task_id: "t" });
  run.ties("dependency", "t dep", "near dep");
  const routed = run.route("t");
  expect(routed).toMatchObject({ agent_id: "far", h1_before: 0, h1_after: 0, decided_by: "h1" });
  expect(routed.reasoning).toMatch(/far closes no loop, where near \(load 0\) would close 1/);
  expect(routed.reasoning).not.toMatch(/could not tell/);
});

test("by load or by blast radius another agent is chosen than by H¹", () => {
  const run = new FleetRun();
  run.agents("near", "far", "x1", "x2");
  run.route("other", { prefer_agents: ["far"] });
  for (const task_id of ["dep", "t"]) run.give({ type: "register_task", task_id });
  run.ties("dependency", "t dep", "near dep");
  run.ties("delegation", "x1 x2", "x2 far");
  run.give({ type: "register_agent", agent_id: "x1", capacity: 0 });
  run.give({ type: "register_agent", agent_id: "x2", capacity: 0 });
  const ask = (policy: "h1" | "load" | "blast-radius"): string => {
    const decided = run.fleet.decide(run.state, { type: "route", task_id: "t", policy, now: run.now });
    return routedIn(decided)?.agent_id ?? "";
  };
  expect([ask("h1"), ask("load"), ask("blast-radius")]).toEqual(["far", "near", "near"]);
});

test.for([
  { components: 1, ties: ["a b", "b c"], delta: 2 },
  { components: 2, ties: ["a b"], delta: 1 },
  { components: 3, ties: [], delta: 0 },
])("a fresh task joined to 3 agents in $components components adds $delta loops", ({ ties, delta }) => {
  const run = new FleetRun();
  run.agents("a", "b", "c");
  run.ties("delegation", ...ties);
  const routed = run.route("t", { agents_needed: 3 });
  expect(routed.agent_ids).toHaveLength(3);
  expect(routed.h1_after - routed.h1_before).toBe(delta);
  expect(run.h1()).toBe(routed.h1_after);
});

test("several agents are taken from as many components as there are", () => {
  const run = new FleetRun();
  run.agents("a1", "a2", "a3", "b1");
  run.ties("delegation", "a1 a2", "a2 a3");
  const routed = run.route("t", { agents_needed: 2 });
  expect(routed.agent_ids).toEqual(["a1", "b1"]);
  expect(routed.h1_after).toBe(0);
});

test("preferred agents come first, unless they alone would bring emergence", () => {
  const run = new FleetRun();
  run.agents("0lone", "a", "b", "c", "d");
  expect(run.route("first", { prefer_agents: ["c"] })).toMatchObject({
    agent_id: "c",
    decided_by: "preference",
  });
  run.give({ type: "complete", task_id: "first" });
  run.ties("delegation", "a b", "a c", "a d", "b c", "b d", "c d");
  run.give({ type: "register_task", task_id: "t" });
  run.ties("dependency", "t a", "t b");
  const routed = run.route("t", { prefer_agents: ["c"] });
  expect(routed.agent_id).toBe("0lone");
  expect(routed.candidates.find(({ agent_id }) => agent_id === "c")?.why_not).toBe("crossing");
  expect(run.crossings()).toEqual([]);
});

test("by load too, the walk goes on past those who would bring emergence", () => {
  const run = new FleetRun();
  run.agents("a1", "a2", "a3", "a4", "z");
  run.route("other", { prefer_agents: ["z"] });
  for (const task_id of ["t", "dep"]) run.give({ type: "register_task", task_id });
  run.ties("delegation", "a1 a2", "a2 a3", "a3 a4");
  run.ties("dependency", "t dep", "dep a1");
  const strict = createFleet({ offset: -run.state.graph.counts().vertices });
  const decided = strict.decide(run.state, { type: "route", task_id: "t", policy: "load", now: run.now });
  expect(routedIn(decided)).toMatchObject({ agent_id: "z", decided_by: "crossing" });
});

test("when nobody is capable the best fallback is chosen, with its true share", () => {
  const run = new FleetRun();
  run.give({ type: "register_agent", agent_id: "a", capabilities: ["x"] });
  run.give({ type: "register_agent", agent_id: "b", capabilities: ["x", "y"] });
  const routed = run.route("t", { required_capabilities: ["x", "y", "z"] });
  expect(routed).toMatchObject({ agent_id: "b", fallback: true, decided_by: "match" });
  expect(routed.capability_match_score).toBeCloseTo(2 / 3);
  expect(routed.confidence).toBeCloseTo(2 / 3);
  expect(routed.reasoning).toMatch(/^Fallback: nobody has all/);
});

test("a task is refused when every capable agent is full, and not given to a stranger", () => {
  const run = new FleetRun();
  run.give({ type: "register_agent", agent_id: "a", capabilities: ["x"], capacity: 1 });
  run.agents("stranger");
  run.route("t1", { required_capabilities: ["x"] });
  expect(run.give({ type: "route", task_id: "t2", required_capabilities: ["x"] })).toMatchObject({
    code: "fleet_full",
  });
  expect(run.state.graph.has("t2")).toBe(false);
  run.give({ type: "complete", task_id: "t1" });
  expect(run.route("t2", { required_capabilities: ["x"] }).agent_id).toBe("a");
});

test("an assignment by hand counts as load and is refused by a full agent", () => {
  const run = new FleetRun();
  run.give({ type: "register_agent", agent_id: "a", capacity: 1 });
  for (const task_id of ["t1", "t2"]) run.give({ type: "register_task", task_id });
  run.ties("assignment", "a t1");
  expect(run.state.selection.load("a")).toBe(1);
  expect(run.give({ type: "add_edge", a: "t2", b: "a", kind: "assignment" })).toMatchObject({
    code: "fleet_full",
  });
  run.give({ type: "remove_edge", a: "t1", b: "a", kind: "assignment" });
  expect(run.state.selection.load("a")).toBe(0);
});

test("a task assigned to an agent twice over is one task, until the last of the assignments goes", () => {
  const run = new FleetRun();
  run.agents("a");
  run.route("t");
  run.ties("assignment", "a t");
  expect(run.state.selection.load("a")).toBe(1);
  run.give({ type: "remove_edge", a: "a", b: "t", kind: "assignment" });
  expect(run.state.selection.load("a")).toBe(1);
  run.give({ type: "remove_edge", a: "a", b: "t", kind: "assignment" });
  expect(run.state.selection.load("a")).toBe(0);
});

test("an agent registered again changes its capabilities and keeps its load", () => {
  const run = new FleetRun();
  run.agents("a");
  run.route("t");
  run.give({ type: "register_agent", agent_id: "a", capabilities: ["new"] });
  expect([run.state.selection.load("a"), run.state.selection.capabilities("a")]).toEqual([1, ["new"]]);
});

test("an assignment that its session does not confirm in time is freed, and the task it brought goes with it", () => {
  const run = new FleetRun();
  run.agents("a");
  run.route("t", { session_id: "s" });
  run.give({ type: "register_task", task_id: "kept", session_id: "s" });
  run.route("kept", { session_id: "s" });
  run.now += CONFIRM_MS - 1;
  run.settle();
  expect(run.state.selection.load("a")).toBe(2);
  run.now += 1;
  expect(run.give({ type: "confirm", task_id: "t", session_id: "s" })).toMatchObject({
    code: "task_not_found",
  });
  expect(run.state.selection.load("a")).toBe(0);
  expect([run.state.graph.has("s/t"), run.state.graph.has("s/kept")]).toEqual([false, true]);
  expect(run.fleet.head(run.state).dueAt).toBe(null);
});

test("a confirmed assignment stays, and one without a session needs no confirming", () => {
  const run = new FleetRun();
  run.agents("a");
  run.route("t", { session_id: "s" });
  run.route("plain");
  run.give({ type: "confirm", task_id: "t", session_id: "s" });
  run.now += 10 * CONFIRM_MS;
  run.settle();
  expect(run.state.selection.load("a")).toBe(2);
  expect(run.give({ type: "confirm", task_id: "t", session_id: "s" })).toEqual([]);
});

test("tasks of two sessions may have the same name", () => {
  const run = new FleetRun();
  run.agents("a");
  run.route("t", { session_id: "s1" });
  run.route("t", { session_id: "s2" });
  run.give({ type: "complete", task_id: "t", session_id: "s1" });
  expect(run.state.graph.count("task")).toBe(1);
  expect(run.state.graph.has("s2/t")).toBe(true);
});

test("an agent that falls silent is unregistered and its tasks freed; heartbeats keep it, and few are recorded", () => {
  const run = new FleetRun();
  run.give({ type: "register_agent", agent_id: "a", heartbeat_seconds: 40 });
  run.route("t");
  for (let beat = 0; beat < 20; beat++) {
    run.now += 5000;
    run.give({ type: "heartbeat", agent_id: "a" });
  }
  expect(run.facts.filter(({ type }) => type === "agent_heard")).toHaveLength(10);
  run.now += 40_000;
  run.settle();
  expect(run.state.selection.has("a")).toBe(true);
  run.now += 10_000;
  run.settle();
  expect(run.state.selection.has("a")).toBe(false);
  expect(run.facts.findLast(({ type }) => type === "agent_unregistered")?.data).toEqual({
    agent_id: "a",
    reason: "timeout",
    freed: ["t"],
    n_freed: 1,
  });
  expect(run.give({ type: "heartbeat", agent_id: "a" })).toMatchObject({ code: "not_found" });
});

test("emergence is reported once for each upward crossing, and the route that brings it is named", () => {
  const run = new FleetRun();
  run.agents("a", "b", "c");
  run.ties("delegation", "a b", "b c", "a c");
  expect(run.crossings()).toEqual([]);
  const routed = run.route("t", { agents_needed: 3 });
  expect(routed).toMatchObject({ h1_before: 1, h1_after: 3, emergence_risk: 0.3 });
  expect(routed.confidence).toBeCloseTo(0.7);
  expect(run.crossings()).toMatchObject([
    {
      direction: "up",
      crossing: 1,
      h1_dimension: 3,
      v_threshold: 2,
      routing_decision: { task_id: "t", agent_ids: ["a", "b", "c"] },
    },
  ]);
  run.agents("idle");
  expect(run.crossings().map(({ direction }) => direction)).toEqual(["up", "down"]);
  run.give({ type: "unregister_agent", agent_id: "idle" });
  expect(run.crossings().map(({ direction, crossing }) => `${direction} ${crossing}`)).toEqual([
    "up 1",
    "down 1",
    "up 2",
  ]);
});

test("a crossing that a removal brings falls due at once, so it is reported after a restart too", () => {
  const run = new FleetRun();
  run.agents("a", "b", "c", "d", "idle");
  run.ties("delegation", "a b", "a c", "a d", "b c", "b d", "c d");
  const removed = run.fleet.decide(run.state, { type: "unregister_agent", agent_id: "idle", now: run.now });
  if (isRefusal(removed)) throw new Error(removed.what);
  for (const fact of removed) run.fleet.evolve(run.state, { ...fact, at: run.now, seq: 99 });
  expect(run.fleet.head(run.fleet.snapshot.load(run.fleet.snapshot.save(run.state))).dueAt).toBe(0);
  run.settle();
  expect(run.crossings()).toHaveLength(1);
});

test("reset clears edges and loads, and keeps agents and tasks", () => {
  const run = new FleetRun();
  run.agents("a", "b");
  run.route("t", { agents_needed: 2 });
  run.give({ type: "reset" });
  expect(run.state.graph.counts()).toEqual({ vertices: 3, edges: 0, components: 3 });
  expect(run.state.selection.load("a")).toBe(0);
  expect(run.route("t").agent_id).toBe("a");
});

test("at most 64 candidates are weighed, and the decision says when there were more", () => {
  const run = new FleetRun();
  run.agents(...Array.from({ length: CANDIDATES_MAX + 10 }, (_, number) => `a${1000 + number}`));
  run.give({ type: "register_task", task_id: "t" });
  for (const id of run.state.selection.ids()) run.ties("delegation", `${id} a1000`);
  run.ties("dependency", "a1000 t");
  const routed = run.route("t", { prefer_agents: ["a1001"] });
  expect(routed).toMatchObject({ capped: false, agent_id: "a1001" });
  const again = run.route("t");
  expect(again.agent_id).toBe("a1000");
  run.give({ type: "register_task", task_id: "u" });
  run.ties("dependency", "t u");
  const wide = run.route("u");
  expect(wide).toMatchObject({ capped: true, considered: CANDIDATES_MAX });
  expect(wide.reasoning).toMatch(/only 64 of the candidates were looked at/);
});
