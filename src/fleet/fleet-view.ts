// A fleet as the router's status pages tell it, spec/wire.md §2.
import { EMERGENCE_OFFSET_DEFAULT, isEmergent, marginOf, thresholdOf } from "./emergence.ts";
import type { FleetState } from "./fleet-state.ts";
import { type GraphCounts, loops } from "./graph.ts";
import { plainGraph } from "./plain-graph.ts";
import { type RigidityDescription, rigidityOf } from "./rigidity.ts";

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

/**
 * How redundant the fleet is as one framework. With three loops and more it walks the whole graph, O(V + E) and more:
 * keep it until the next event.
 */
export function describeFleet({ graph }: FleetState): RigidityDescription {
  return describeLoops(graph.counts()) ?? rigidityOf(plainGraph(graph)).whole.description;
}

/**
 * What the counts alone say: the smallest redundant framework is K₄, which has three loops, so that below them every
 * edge counts. Null from three loops on.
 */
export function describeLoops(counts: GraphCounts): RigidityDescription | null {
  const { vertices, edges } = counts;
  if (vertices < 2) return "empty";
  if (loops(counts) >= 3) return null;
  return edges < 2 * vertices - 3 ? "under-constrained" : "rigid";
}

/** `GET /status`. */
export function fleetStatus(
  state: FleetState,
  offset = EMERGENCE_OFFSET_DEFAULT,
  description = describeFleet(state),
): FleetStatus {
  const counts = state.graph.counts();
  return {
    n_agents: state.graph.count("agent"),
    n_tasks: state.graph.count("task"),
    n_edges: counts.edges,
    n_vertices: counts.vertices,
    h1_dimension: loops(counts),
    n_components: counts.components,
    description,
    emergence_detected: isEmergent(counts, offset),
    margin: marginOf(counts, offset),
  };
}

/** `GET /h1-snapshot`. `laman_rigid` is minimally rigid: the description `rigid`. `laman_margin` is β₁ − (V − 2), whatever the offset. */
export function h1Snapshot(
  state: FleetState,
  offset = EMERGENCE_OFFSET_DEFAULT,
  description = describeFleet(state),
): H1Snapshot {
  const counts = state.graph.counts();
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
