import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isRefusal, type Refusal } from "../event/decider.ts";
import { isEmergent } from "./emergence.ts";
import type { FleetFact } from "./fleet-facts.ts";
import { FleetImage } from "./fleet-image.ts";
import type { FleetRow } from "./fleet-rows.ts";
import { type Asked, canonical, FleetRun, routedIn } from "./fleet-run.ts";
import { fleetSnapshot } from "./fleet-snapshot.ts";
import type { FleetState } from "./fleet-state.ts";
import { loops } from "./graph.ts";
import { createFleet } from "./router.ts";

const agent_id = fc.constantFrom("a1", "a2", "a3", "a4", "a5", "a6");
const task_id = fc.constantFrom("t1", "t2", "t3", "t4", "t5");
const session_id = fc.constant("s");
const anyId = fc.oneof(agent_id, task_id, fc.constantFrom("s/t1", "r"));
const skills = fc.subarray(["x", "y", "z"]);

const registerAgent = fc.record({
  type: fc.constant("register_agent" as const),
  agent_id,
  capabilities: skills,
  capacity: fc.option(fc.nat(3)),
  heartbeat_seconds: fc.option(fc.constant(50)),
});
const routeTask = fc.record(
  {
    type: fc.constant("route" as const),
    task_id,
    session_id,
    required_capabilities: skills,
    agents_needed: fc.integer({ min: 1, max: 3 }),
    policy: fc.constantFrom("h1" as const, "load" as const, "blast-radius" as const),
    prefer_agents: fc.subarray(["a1", "a3", "zz"]),
  },
  { requiredKeys: ["type", "task_id"] },
);
const changeEdge = fc.record({
  type: fc.constantFrom("add_edge" as const, "add_edge" as const, "remove_edge" as const),
  a: anyId,
  b: anyId,
  kind: fc.constantFrom("assignment" as const, "delegation" as const, "dependency" as const),
  directed: fc.boolean(),
});
const ofTask = fc.record(
  {
    type: fc.constantFrom("complete" as const, "confirm" as const, "register_task" as const),
    task_id,
    session_id,
  },
  { requiredKeys: ["type", "task_id"] },
);
const ofAgent = fc.record({
  type: fc.constantFrom("unregister_agent" as const, "heartbeat" as const, "agent_timeout" as const),
  agent_id,
});
const rare = fc.constantFrom<Asked>(
  { type: "add_resource", resource_id: "r" },
  { type: "remove_resource", resource_id: "r" },
  { type: "reset" },
);
const anyCommand: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 4, arbitrary: registerAgent },
  { weight: 8, arbitrary: routeTask },
  { weight: 8, arbitrary: changeEdge },
  { weight: 5, arbitrary: ofTask },
  { weight: 2, arbitrary: ofAgent },
  { weight: 1, arbitrary: rare },
);

test("whatever is asked: deciding changes nothing, loads equal assignments, each crossing is told once, replay and snapshot agree", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyCommand, fc.nat(20_000)), { maxLength: 60, size: "max" }), (steps) => {
      const run = new FleetRun();
      for (const [asked, wait] of steps) {
        run.now += wait;
        run.settle();
        const before = canonical(run.state);
        run.fleet.decide(run.state, { ...asked, now: run.now });
        expect(canonical(run.state)).toEqual(before);
        const decided = run.give(asked);
        checkLoads(run.state);
        checkRoute(run.state, decided);
        expect(run.state.emergence.above).toBe(isEmergent(run.state.graph.counts(), -2));
      }
      const directions = run.crossings().map(({ direction }) => direction);
      expect(directions).toEqual(directions.map((_, index) => (index % 2 === 0 ? "up" : "down")));
      expect(canonical(run.fleet.snapshot.load(structuredClone(run.fleet.snapshot.save(run.state))))).toEqual(
        canonical(run.state),
      );
    }),
    { numRuns: 400 },
  );
});

function checkLoads(state: FleetState): void {
  for (const id of state.selection.ids()) {
    expect(state.selection.load(id)).toBe([...state.graph.neighbours(id, "assignment")].length);
  }
}

function checkRoute(state: FleetState, decided: readonly FleetFact[] | Refusal): void {
  if (isRefusal(decided)) return;
  for (const fact of decided) {
    if (fact.type === "task_routed") expect(fact.data.h1_after).toBe(loops(state.graph.counts()));
  }
}

const AGENTS = ["a1", "a2", "a3", "a4", "a5", "a6"];
const TIES = [...AGENTS, "t1"].flatMap((a, place) =>
  [...AGENTS, "t1"].slice(place + 1).map((b) => ({ a, b })),
);

test("the agent chosen is the one a scan of all agents would choose, near the line of emergence too", () => {
  const scene = fc.record({
    skills: fc.array(skills, { minLength: 6, maxLength: 6 }),
    loads: fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }),
    ties: fc.subarray(TIES, { maxLength: 12 }),
    idle: fc.nat(4),
    isKnown: fc.boolean(),
  });
  const asked = fc.record({
    required_capabilities: fc.subarray(["x", "y"]),
    policy: fc.constantFrom("h1" as const, "load" as const, "blast-radius" as const),
    prefer_agents: fc.subarray(AGENTS, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(scene, asked, fc.nat(1), ({ skills: known, loads, ties, idle, isKnown }, question, slack) => {
      const run = new FleetRun();
      for (const [place, agent] of AGENTS.entries()) {
        run.give({ type: "register_agent", agent_id: agent, capabilities: known[place] ?? [], capacity: 3 });
      }
      for (const [place, agent] of AGENTS.entries()) {
        for (let task = 0; task < loads[place]!; task++) {
          run.give({ type: "register_task", task_id: `${agent}-${task}` });
          run.ties("assignment", `${agent} ${agent}-${task}`);
        }
      }
      for (let number = 0; number < idle; number++) run.agents(`idle-${number}`);
      if (isKnown) run.give({ type: "register_task", task_id: "t1" });
      for (const { a, b } of ties) run.give({ type: "add_edge", a, b, kind: "delegation" });
      fc.pre(!run.state.emergence.above);
      const counts = run.state.graph.counts();
      const offset = loops(counts) - counts.vertices - (isKnown ? 0 : 1) + slack;
      const decided = createFleet({ offset }).decide(run.state, {
        type: "route",
        task_id: "t1",
        ...question,
        now: run.now,
      });
      expect(routedIn(decided)?.agent_id ?? null).toBe(scan(run, "t1", question, offset));
    }),
    { numRuns: 1500 },
  );
});

interface Question {
  readonly required_capabilities: readonly string[];
  readonly policy: "h1" | "load" | "blast-radius";
  readonly prefer_agents: readonly string[];
}

/** Tries each agent on a copy of the fleet and compares by the order the design gives. */
function scan(run: FleetRun, task: string, question: Question, offset: number): string | null {
  const { required_capabilities: required, policy, prefer_agents } = question;
  const { snapshot } = run.fleet;
  const saved = snapshot.save(run.state);
  const known = run.state.graph.has(task);
  const tried = [...run.state.selection.ids()].map((id) => {
    const { graph, selection } = snapshot.load(saved);
    if (!known) graph.addVertex(task, "task");
    const before = loops(graph.counts());
    const held = graph.multiplicity({ a: id, b: task, kind: "assignment" }) > 0;
    graph.addEdge({ a: id, b: task, kind: "assignment" });
    return {
      id,
      missing: required.filter((name) => !selection.capabilities(id).includes(name)).length,
      free: selection.hasRoom(id) && !held,
      crosses: !run.state.emergence.above && isEmergent(graph.counts(), offset) ? 1 : 0,
      other: prefer_agents.includes(id) ? 0 : 1,
      delta: policy === "h1" ? loops(graph.counts()) - before : 0,
      radius: policy === "blast-radius" ? graph.componentCounts(graph.componentOf(task)).vertices : 0,
      load: selection.load(id),
    };
  });
  if (tried.length === 0) return "";
  const capable = tried.filter(({ missing }) => missing === 0);
  const [best] = (capable.length > 0 ? capable : tried)
    .filter(({ free }) => free)
    .sort(
      (a, b) =>
        a.missing - b.missing ||
        a.crosses - b.crosses ||
        a.other - b.other ||
        a.delta - b.delta ||
        a.radius - b.radius ||
        a.load - b.load ||
        (a.id < b.id ? -1 : 1),
    );
  return best?.id ?? null;
}

const manyCommands = fc.array(anyCommand, { maxLength: 40, size: "max" });

test("the rows of an image are those of the moment it was opened, whatever happens while they are taken", () => {
  fc.assert(
    fc.property(manyCommands, manyCommands, fc.integer({ min: 1, max: 4 }), (first, then, limit) => {
      const run = new FleetRun();
      for (const command of first) run.give(command);
      const image = new FleetImage(run.state);
      const before = canonical(run.state);
      const rows: FleetRow[] = [];
      for (const command of then) {
        run.give(command);
        rows.push(...(image.take(limit) ?? []));
      }
      if (then.some(({ type }) => type === "reset")) return;
      rows.push(...rest(image));
      expect(canonical(fleetSnapshot.load(rows))).toEqual(before);
      expect(run.state.image).toBeNull();
    }),
    { numRuns: 1000 },
  );
});

test("what was decided for nothing is taken back whole, under an image too, and the fleet goes on as if it had not been", () => {
  const configure = fc.constant<Asked>({ type: "configure", offset: -8, room: "other" });
  const detour = fc.array(
    fc.tuple(fc.oneof({ weight: 12, arbitrary: anyCommand }, configure), fc.nat(40_000)),
    {
      maxLength: 12,
      size: "max",
    },
  );
  fc.assert(
    fc.property(manyCommands, detour, manyCommands, fc.nat(6), (first, away, then, limit) => {
      const [run, twin] = [new FleetRun(), new FleetRun()];
      for (const command of first) for (const one of [run, twin]) one.give(command);
      const image = new FleetImage(run.state);
      const rows = [...(image.take(limit) ?? [])];
      const opened = whole(run.state);
      if (!takeDetour(run, away)) return;
      expect(whole(run.state)).toEqual(opened);
      rows.push(...(image.take(1) ?? []));
      for (const command of then) {
        for (const one of [run, twin]) one.give(command);
        expect(canonical(run.state)).toEqual(canonical(twin.state));
        checkLoads(run.state);
      }
      if (then.some(({ type }) => type === "reset")) return;
      rows.push(...rest(image));
      expect(whole(fleetSnapshot.load(rows))).toEqual(opened);
    }),
    { numRuns: 1000 },
  );
});

/** Goes some way and takes back each step; false when one of them was a reset, which stays. */
function takeDetour(run: FleetRun, steps: readonly (readonly [Asked, number])[]): boolean {
  const { fleet, now } = run;
  const evolve = fleet.evolve.bind(fleet);
  const undos: ((() => void) | null)[] = [];
  fleet.evolve = (state, event) => {
    undos.push(fleet.undo?.(state, event) ?? null);
    return evolve(state, event);
  };
  for (const [asked, wait] of steps) {
    run.now += wait;
    run.give(asked);
  }
  fleet.evolve = evolve;
  run.now = now;
  if (undos.includes(null)) return false;
  for (const undo of undos.toReversed()) undo?.();
  return true;
}

/** A state with what a decision does not show at once. */
function whole(state: FleetState): unknown {
  const { history, settings, createdAt, deadlines } = state;
  const due = deadlines.due(Number.POSITIVE_INFINITY, 100).map((id) => [id, deadlines.of(id)]);
  return [canonical(state), history.samples(), settings, createdAt, due];
}

function rest(image: FleetImage): FleetRow[] {
  const rows: FleetRow[] = [];
  for (let more = image.take(7) ?? []; more.length > 0; more = image.take(7) ?? []) rows.push(...more);
  return rows;
}
