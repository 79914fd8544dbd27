import * as fc from "fast-check";
import { expect, test } from "vitest";
import { agentViews, fleetStatus, h1Snapshot } from "./fleet-view.ts";
import { FleetRun } from "./fleet-run.ts";
import { plainGraph } from "./plain-graph.ts";
import { rigidityOf } from "./rigidity.ts";

test("K₃,₄ of agents and tasks reads as the wire has it", () => {
  const run = new FleetRun();
  for (const agent_id of ["a", "b", "c"]) run.give({ type: "register_agent", agent_id, capabilities: ["x"] });
  for (const task_id of ["p", "q", "r", "s"]) run.route(task_id, { agents_needed: 3 });
  expect(fleetStatus(run.state)).toEqual({
    n_agents: 3,
    n_tasks: 4,
    n_edges: 12,
    n_vertices: 7,
    h1_dimension: 6,
    n_components: 1,
    description: "over-constrained",
    emergence_detected: true,
    margin: 1,
  });
  expect(h1Snapshot(run.state, 0)).toEqual({
    n_vertices: 7,
    n_edges: 12,
    n_components: 1,
    h1_dimension: 6,
    threshold: 7,
    emergence: false,
    laman_rigid: false,
    laman_margin: 1,
    n_agents: 3,
    n_tasks: 4,
    description: "over-constrained",
  });
  expect([...agentViews(run.state)][0]).toEqual({ agent_id: "a", capabilities: ["x"], n_tasks: 4 });
});

test("an empty fleet is empty and below every line", () => {
  expect(fleetStatus(new FleetRun().state)).toMatchObject({
    description: "empty",
    margin: 0,
    h1_dimension: 0,
  });
});

test("few loops are described by their counts as the pebble game would", () => {
  const tie = fc.tuple(fc.nat(6), fc.nat(6));
  fc.assert(
    fc.property(fc.nat(7), fc.array(tie, { maxLength: 12 }), (agents, ties) => {
      const run = new FleetRun();
      for (let agent = 0; agent < agents; agent++) run.agents(`a${agent}`);
      for (const [a, b] of ties) run.ties("delegation", `a${a} a${b}`);
      expect(fleetStatus(run.state).description).toBe(
        rigidityOf(plainGraph(run.state.graph)).whole.description,
      );
    }),
    { numRuns: 500 },
  );
});
