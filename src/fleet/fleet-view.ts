// A fleet as the router's status pages tell it, spec/wire.md §2.
import { describeGraph } from "./describe-graph.ts";
import { EMERGENCE_OFFSET_DEFAULT, isEmergent, marginOf, thresholdOf } from "./emergence.ts";
import type { FleetState } from "./fleet-state.ts";
import { loops } from "./graph.ts";
import type { RigidityDescription } from "./rigidity.ts";

export type FleetStatus = {
  readonly n_agents: number;
  readonly n_tasks: number;
  readonly n_edges: number;
  readonly n_vertices: number;
  readonly h1_dimension: number;
  readonly n_components: number;
  readonly description: RigidityDescription;
  readonly emergence_detected: boolean;
  readonly margin: number;
};

export type H1Snapshot = {
  readonly n_vertices: number;
  readonly n_edges: number;
  readonly n_components: number;
  readonly h1_dimension: number;
  readonly threshold: number;
  readonly emergence: boolean;
  readonly laman_rigid: boolean;
  readonly laman_margin: number;
  readonly n_agents: number;
  readonly n_tasks: number;
  readonly description: RigidityDescription;
};

export type AgentView = {
  readonly agent_id: string;
  readonly capabilities: readonly string[];
  readonly n_tasks: number;
};

/** `GET /status`. Answers at once, however large the fleet. */
export function fleetStatus(state: FleetState, offset = EMERGENCE_OFFSET_DEFAULT): FleetStatus {
  const counts = state.graph.counts();
  return {
    n_agents: state.graph.count("agent"),
    n_tasks: state.graph.count("task"),
    n_edges: counts.edges,
    n_vertices: counts.vertices,
    h1_dimension: loops(counts),
    n_components: counts.components,
    description: describeGraph(state.graph),
    emergence_detected: isEmergent(counts, offset),
    margin: marginOf(counts, offset),
  };
}

/** `GET /h1-snapshot`. `laman_rigid` is minimally rigid: the description `rigid`. `laman_margin` is β₁ − (V − 2), whatever the offset. */
export function h1Snapshot(state: FleetState, offset = EMERGENCE_OFFSET_DEFAULT): H1Snapshot {
  const counts = state.graph.counts();
  const description = describeGraph(state.graph);
  return {
    n_vertices: counts.vertices,
    n_edges: counts.edges,
    n_components: counts.components,
    h1_dimension: loops(counts),
    threshold: thresholdOf(counts, offset),
    emergence: isEmergent(counts, offset),
    laman_rigid: description === "rigid",
    laman_margin: marginOf(counts, EMERGENCE_OFFSET_DEFAULT),
    n_agents: state.graph.count("agent"),
    n_tasks: state.graph.count("task"),
    description,
  };
}

/** `GET /agents`, one by one in order of registration. */
export function* agentViews(state: FleetState): Generator<AgentView> {
  for (const id of state.selection.ids()) yield agentView(state, id);
}

/** Throws `not_found` for an unknown agent. */
export function agentView({ selection }: FleetState, id: string): AgentView {
  return { agent_id: id, capabilities: selection.capabilities(id), n_tasks: selection.load(id) };
}
