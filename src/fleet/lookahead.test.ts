import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FleetRun } from "./fleet-run.ts";
import { lookahead, type SlotOption } from "./lookahead.ts";
import { AGENTS_AHEAD_MAX, routeAhead, TASKS_AHEAD_MAX } from "./route-ahead.ts";

/** Loops closed by edges put in one after another. */
function loopsOf(edges: readonly SlotOption[]): number {
  const roots = new Map<number, number>();
  const find = (start: number): number => {
    let at = start;
    while (roots.get(at) !== undefined) at = roots.get(at)!;
    return at;
  };
  let loops = 0;
  for (const { a, b } of edges) {
    if (find(a) === find(b)) loops++;
    else roots.set(find(a), find(b));
  }
  return loops;
}

/** Tries every way to fill the slots: the least loops, then the least cost. */
function bruteForce(slots: readonly (readonly SlotOption[])[]): readonly [loops: number, cost: number] {
  let ways: SlotOption[][] = [[]];
  for (const options of slots) {
    if (options.length > 0) ways = ways.flatMap((way) => options.map((chosen) => way.concat(chosen)));
  }
  const scores = ways.map((way): [number, number] => [
    loopsOf(way),
    way.reduce((sum, { cost }) => sum + cost, 0),
  ]);
  return scores.sort((one, other) => one[0] - other[0] || one[1] - other[1])[0]!;
}

const option = fc.record({ a: fc.nat(5), b: fc.nat(5), cost: fc.nat(6) });

test("to six slots, the loops and then the cost are the least that brute force finds", () => {
  fc.assert(
    fc.property(fc.array(fc.array(option, { maxLength: 4 }), { maxLength: 6 }), (slots) => {
      const { choices, loops } = lookahead(slots);
      const way = slots.flatMap((options, slot) => options[choices[slot] ?? -1] ?? []);
      expect(way).toHaveLength(slots.filter((options) => options.length > 0).length);
      const cost = way.reduce((sum, chosen) => sum + chosen.cost, 0);
      expect([loops, cost]).toEqual(bruteForce(slots));
      expect(loopsOf(way)).toBe(loops);
    }),
    { numRuns: 2000 },
  );
});

test("64 slots with 32 options each are answered", () => {
  const slots = Array.from({ length: 64 }, (_, slot) =>
    Array.from({ length: 32 }, (__, place) => ({ a: slot % 9, b: (slot * 7 + place * 5) % 80, cost: place })),
  );
  expect(lookahead(slots).loops).toBe(0);
});

/** Task A in Y may go to X (cheaper) or Z, task B in Y only to X. */
function twoTasks(): FleetRun {
  const run = new FleetRun();
  const register = (agent_id: string, ...capabilities: string[]): void => {
    run.give({ type: "register_agent", agent_id, capabilities });
  };
  register("x", "a", "b");
  register("z", "a");
  run.route("busy", { prefer_agents: ["z"] });
  for (const task_id of ["A", "B"]) run.give({ type: "register_task", task_id });
  run.ties("dependency", "A B");
  return run;
}

test("greedy closes a loop where looking ahead closes none", () => {
  const run = twoTasks();
  const ahead = routeAhead(run.state, [
    { task_id: "A", required_capabilities: ["a"] },
    { task_id: "B", required_capabilities: ["b"] },
  ]);
  expect(ahead).toMatchObject({
    assignments: [
      { task_id: "A", agent_id: "z" },
      { task_id: "B", agent_id: "x" },
    ],
    h1_delta: 0,
    capped: false,
  });
  run.route("A", { required_capabilities: ["a"] });
  run.route("B", { required_capabilities: ["b"] });
  expect(run.h1()).toBe(1);
  const followed = twoTasks();
  followed.route("A", { required_capabilities: ["a"], prefer_agents: ["z"] });
  followed.route("B", { required_capabilities: ["b"], prefer_agents: ["x"] });
  expect(followed.h1()).toBe(0);
});

test("what is foreseen is what happens when each task then goes to its agent", () => {
  const pair = fc.tuple(fc.nat(9), fc.nat(9));
  fc.assert(
    fc.property(
      fc.array(pair, { maxLength: 12, size: "max" }),
      fc.integer({ min: 1, max: 5 }),
      (pairs, count) => {
        const run = new FleetRun();
        const ids = ["a0", "a1", "a2", "a3", "a4", "t0", "t1", "t2", "t3", "t4"];
        run.agents(...ids.slice(0, 5));
        for (const task_id of ids.slice(5, 9)) run.give({ type: "register_task", task_id });
        for (const [a, b] of pairs) run.ties("dependency", `${ids[a]} ${ids[b]}`);
        const tasks = ids.slice(10 - count).map((task_id) => ({ task_id }));
        const before = run.h1();
        const ahead = routeAhead(run.state, tasks);
        if (!("assignments" in ahead)) throw new Error("refused");
        for (const { task_id, agent_id } of ahead.assignments) {
          run.give({ type: "register_task", task_id });
          run.give({ type: "add_edge", a: agent_id, b: task_id, kind: "assignment" });
        }
        expect(run.h1() - before).toBe(ahead.h1_delta);
      },
    ),
    { numRuns: 300 },
  );
});

test("a cap is admitted, a batch too large or with a task twice is refused, and nobody capable is an empty id", () => {
  const run = new FleetRun();
  run.agents(...Array.from({ length: AGENTS_AHEAD_MAX + 1 }, (_, number) => `agent-${number}`));
  expect(routeAhead(run.state, [{ task_id: "t" }])).toMatchObject({ capped: true, h1_delta: 0 });
  const many = Array.from({ length: TASKS_AHEAD_MAX + 1 }, (_, number) => ({ task_id: `t${number}` }));
  expect(routeAhead(run.state, many)).toMatchObject({ code: "invalid_argument" });
  expect(routeAhead(run.state, [{ task_id: "t" }, { task_id: "t" }])).toMatchObject({
    code: "invalid_argument",
  });
  expect(routeAhead(run.state, [{ task_id: "agent-1" }])).toMatchObject({ code: "conflict" });
  expect(routeAhead(run.state, [{ task_id: "t", required_capabilities: ["x"] }])).toMatchObject({
    assignments: [{ task_id: "t", agent_id: "" }],
  });
});
