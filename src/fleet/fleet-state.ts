// A fleet as its events have made it: the graph, who can be chosen, what falls due, and what each event changes.
// An agent's load is the number of tasks it is assigned to; the assignment edges of the graph say which.
import type { Happened } from "../event/decider.ts";
import { Deadlines } from "./deadlines.ts";
import { crossed, EMERGENCE_INITIAL, type EmergenceState } from "./emergence.ts";
import {
  type AgentRegistered,
  type EdgeChanged,
  type FleetConfigured,
  type FleetFact,
  type TaskRouted,
  taskKey,
} from "./fleet-facts.ts";
import { FleetGraph } from "./graph.ts";
import { H1History } from "./h1-history.ts";
import { Selection } from "./selection.ts";
import { ShardedMap } from "./sharded-map.ts";

export interface FleetTask {
  readonly taskId: string;
  readonly sessionId: string | null;
  readonly required: readonly string[];
  /** It came with its route and goes with it, should its session never confirm. */
  readonly byRoute: boolean;
  /** Agents whose assignment its session has not confirmed yet. */
  readonly unconfirmed: readonly string[];
}

export interface FleetState {
  readonly graph: FleetGraph;
  readonly selection: Selection;
  /** By vertex: an unconfirmed task's, or an agent's next heartbeat. */
  readonly deadlines: Deadlines;
  readonly tasks: ShardedMap<FleetTask>;
  /** Heartbeat intervals of the agents that have one, in seconds. */
  readonly heartbeats: Map<string, number>;
  readonly history: H1History;
  emergence: EmergenceState;
  /** Null as long as nobody has configured the fleet: then each process goes by its own options. */
  settings: FleetConfigured | null;
  /** Told before each event, while a snapshot is being written; null when none is. */
  image: { before(event: Happened<FleetFact>): void; spoil(): void } | null;
  /** When the first event happened; 0 before it. */
  createdAt: number;
}

export function initialFleet(): FleetState {
  return {
    graph: new FleetGraph(),
    selection: new Selection(),
    deadlines: new Deadlines(),
    tasks: new ShardedMap(),
    heartbeats: new Map(),
    history: new H1History(),
    emergence: EMERGENCE_INITIAL,
    settings: null,
    image: null,
    createdAt: 0,
  };
}

/** When an agent heard at `at` is given up: heartbeats within a quarter of the interval are not recorded, so that is added. */
export function heartbeatDue(at: number, seconds: number): number {
  return at + seconds * 1250;
}

/** What an event changes. Changes the state in place and gives it back. */
export function evolveFleet(state: FleetState, event: Happened<FleetFact>): FleetState {
  state.image?.before(event);
  if (state.createdAt === 0) state.createdAt = event.at;
  apply(state, event);
  state.history.note(event, state.graph.counts());
  return state;
}

function apply(state: FleetState, event: Happened<FleetFact>): void {
  switch (event.type) {
    case "agent_registered":
      registerAgent(state, event.data, event.at);
      break;
    case "agent_unregistered":
      removeAgent(state, event.data.agent_id);
      break;
    case "agent_heard":
      setHeartbeat(state, event.data.agent_id, event.at);
      break;
    case "task_registered":
      registerTask(state, event.data);
      break;
    case "task_routed":
      assignRouted(state, event.data);
      break;
    case "task_confirmed":
      confirm(state, taskKey(event.data));
      break;
    case "task_completed":
      removeTask(state, taskKey(event.data));
      break;
    case "assignment_expired":
      expireAssignment(state, taskKey(event.data));
      break;
    case "resource_added":
      state.graph.addVertex(event.data.resource_id, "resource");
      break;
    case "resource_removed":
      state.graph.removeVertex(event.data.resource_id);
      break;
    case "edge_added":
      addEdge(state, event.data);
      break;
    case "edge_removed":
      removeEdge(state, event.data);
      break;
    case "emergence_crossed":
      state.emergence = crossed(state.emergence, event.data);
      break;
    case "fleet_reset":
      reset(state);
      break;
    case "fleet_configured":
      state.settings = configuredBy(event.data);
      break;
  }
}

/** What an event says beside the settings is none of them: they are compared as they are. */
function configuredBy(data: FleetConfigured): FleetConfigured {
  const { offset, room, plato_url, deliver_tiles, min_confidence } = data;
  return { offset, room, plato_url, deliver_tiles, min_confidence };
}

function registerAgent(state: FleetState, agent: AgentRegistered, at: number): void {
  const id = agent.agent_id;
  if (!state.graph.has(id)) state.graph.addVertex(id, "agent");
  state.selection.register(id, agent.capabilities, agent.capacity);
  if (agent.heartbeat_seconds === null) {
    state.heartbeats.delete(id);
    state.deadlines.clear(id);
  } else {
    state.heartbeats.set(id, agent.heartbeat_seconds);
    setHeartbeat(state, id, at);
  }
}

function setHeartbeat(state: FleetState, id: string, at: number): void {
  const seconds = state.heartbeats.get(id);
  if (seconds !== undefined) state.deadlines.set(id, heartbeatDue(at, seconds));
}

function removeAgent(state: FleetState, id: string): void {
  for (const key of state.graph.neighbours(id, "assignment")) dropUnconfirmed(state, key, id);
  state.graph.removeVertex(id);
  state.selection.remove(id);
  state.heartbeats.delete(id);
  state.deadlines.clear(id);
}

function dropUnconfirmed(state: FleetState, key: string, agent: string): void {
  const task = state.tasks.get(key);
  if (task === undefined || !task.unconfirmed.includes(agent)) return;
  const unconfirmed = task.unconfirmed.filter((other) => other !== agent);
  state.tasks.set(key, { ...task, unconfirmed });
}

function registerTask(
  state: FleetState,
  task: {
    readonly task_id: string;
    readonly session_id: string | null;
    readonly required_capabilities: readonly string[];
  },
): void {
  const key = taskKey(task);
  if (!state.graph.has(key)) state.graph.addVertex(key, "task");
  state.tasks.set(key, {
    taskId: task.task_id,
    sessionId: task.session_id,
    required: task.required_capabilities,
    byRoute: false,
    unconfirmed: state.tasks.get(key)?.unconfirmed ?? [],
  });
}

function assignRouted(state: FleetState, routed: TaskRouted): void {
  const key = taskKey(routed);
  const known = state.tasks.get(key);
  if (known === undefined) state.graph.addVertex(key, "task");
  for (const agent of routed.agent_ids) {
    addEdge(state, { a: agent, b: key, kind: "assignment", directed: false });
  }
  const waits = routed.confirm_by !== null;
  state.tasks.set(key, {
    taskId: routed.task_id,
    sessionId: routed.session_id,
    required: routed.required_capabilities,
    byRoute: known === undefined ? waits : known.byRoute,
    unconfirmed: waits ? [...(known?.unconfirmed ?? []), ...routed.agent_ids] : [],
  });
  if (routed.confirm_by !== null) state.deadlines.set(key, routed.confirm_by);
}

function confirm(state: FleetState, key: string): void {
  const task = state.tasks.get(key);
  if (task === undefined) return;
  state.tasks.set(key, { ...task, byRoute: false, unconfirmed: [] });
  state.deadlines.clear(key);
}

function removeTask(state: FleetState, key: string): void {
  for (const agent of state.graph.neighbours(key, "assignment")) {
    state.selection.setLoad(agent, state.selection.load(agent) - 1);
  }
  state.graph.removeVertex(key);
  state.tasks.delete(key);
  state.deadlines.clear(key);
}

function expireAssignment(state: FleetState, key: string): void {
  const task = state.tasks.get(key);
  if (task === undefined) return;
  if (task.byRoute) {
    removeTask(state, key);
    return;
  }
  for (const agent of task.unconfirmed) {
    const edge: EdgeChanged = { a: agent, b: key, kind: "assignment", directed: false };
    if (state.graph.multiplicity(edge) > 0) removeEdge(state, edge);
  }
  confirm(state, key);
}

function addEdge(state: FleetState, edge: EdgeChanged): void {
  state.graph.addEdge(edge);
  if (edge.kind === "assignment" && state.graph.multiplicity(edge) === 1) changeLoad(state, edge, 1);
}

function removeEdge(state: FleetState, edge: EdgeChanged): void {
  state.graph.removeEdge(edge);
  if (edge.kind === "assignment" && state.graph.multiplicity(edge) === 0) changeLoad(state, edge, -1);
}

/** Counts an assignment in its agent's load. */
export function changeLoad(
  state: FleetState,
  edge: { readonly a: string; readonly b: string },
  change: number,
): void {
  const agent = state.selection.has(edge.a) ? edge.a : edge.b;
  state.selection.setLoad(agent, state.selection.load(agent) + change);
}

/** Clears edges, as the field's `/reset` does: agents, tasks and resources stay, and so do deadlines. */
function reset(state: FleetState): void {
  state.graph.clearEdges();
  for (const id of state.selection.ids()) if (state.selection.load(id) > 0) state.selection.setLoad(id, 0);
}
