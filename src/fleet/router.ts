// The fleet as an aggregate: commands in, facts out, spec/wire.md §2. Pure; time comes with the commands.
// What a command adds is reckoned before it happens, so a crossing into emergence stands in the same append as its
// cause. What a removal brings is known once it has happened: it falls due at once, and `expire` reports it.
import type { Aggregate, Decision } from "../event/decider.ts";
import type { Head } from "../event/log.ts";
import { crossingTo, thresholdOf } from "./emergence.ts";
import {
  type AgentAsked,
  type CommandOf,
  type EmergenceCrossed,
  type FleetCommand,
  type FleetFact,
  type Freed,
  type RoutingDecision,
  taskKey,
} from "./fleet-facts.ts";
import { faultOf } from "./fleet-limits.ts";
import { evolveFleet, type FleetState, heartbeatDue, initialFleet } from "./fleet-state.ts";
import {
  agentFull,
  full,
  invalid,
  noAgent,
  noEdge,
  noTask,
  noVertex,
  takenBy,
  taskTaken,
} from "./fleet-refusals.ts";
import { configure, type FleetOptions, type Settings, settingsOf } from "./fleet-settings.ts";
import { fleetSnapshot } from "./fleet-snapshot.ts";
import { undoOf } from "./fleet-undo.ts";
import { type GraphCounts, loops } from "./graph.ts";
import { chooseAgents, type RouteRequest } from "./routing.ts";
import { decisionOf, nobody } from "./routing-decision.ts";

/** An assignment its session has not confirmed within this time is freed. */
export const CONFIRM_MS = 60_000;

/** How many of a removed vertex's neighbours its event names, and in how many characters, that it stays under 64 KiB. */
const FREED_NAMED_MAX = 100;
const FREED_LENGTH_MAX = 12_000;

/** How many deadlines one `expire` handles; the rest stay due. */
const EXPIRED_MAX = 256;

type Fleet = Aggregate<FleetState, FleetCommand, FleetFact>;

/**
 * The fleet's decider. `options` count as long as the fleet itself has not been configured. `decide` with `route` answers one `task_routed` whose data is the decision; asked without
 * evolving, it is a what-if. Refusals: `invalid_argument`, `not_found`, `task_not_found`, `conflict`, `fleet_full`.
 *
 * @example
 * const fleet = createFleet();
 * const facts = fleet.decide(fleet.initial(), { type: "register_agent", agent_id: "a", now: 0 });
 */
export function createFleet(options: FleetOptions = {}): Fleet {
  return {
    initial: initialFleet,
    decide: (state, command) => faultOf(command) ?? decide(state, command, settingsOf(state, options)),
    evolve: evolveFleet,
    head: (state) => headOf(state, settingsOf(state, options)),
    settle: (state, { now }) => {
      const due = dueAt(state, settingsOf(state, options));
      return due !== null && due <= now ? { type: "expire", now } : null;
    },
    snapshot: fleetSnapshot,
    undo: undoOf,
  };
}

function decide(state: FleetState, command: FleetCommand, settings: Settings): Decision<FleetFact> {
  switch (command.type) {
    case "register_agent":
      return registerAgent(state, command, settings);
    case "unregister_agent":
      return unregisterAgent(state, command.agent_id, "asked");
    case "agent_timeout":
      return unregisterAgent(state, command.agent_id, "timeout");
    case "heartbeat":
      return hear(state, command);
    case "register_task":
      return registerTask(state, command, settings);
    case "route":
      return route(state, command, settings);
    case "confirm":
      return confirm(state, command);
    case "complete":
      return complete(state, command);
    case "add_resource":
      return addResource(state, command.resource_id, settings);
    case "remove_resource":
      if (state.graph.kindOf(command.resource_id) !== "resource") return noVertex(command.resource_id);
      return [fact("resource_removed", { resource_id: command.resource_id })];
    case "add_edge":
      return addEdge(state, command, settings);
    case "remove_edge":
      return removeEdge(state, command);
    case "reset":
      return [fact("fleet_reset", {})];
    case "configure":
      return configure(state, command, settings);
    case "expire":
      return expire(state, command.now, settings);
  }
}

function registerAgent(
  state: FleetState,
  command: CommandOf<"register_agent">,
  settings: Settings,
): Decision<FleetFact> {
  const id = command.agent_id;
  const kind = state.graph.kindOf(id);
  if (kind !== null && kind !== "agent") return takenBy(id, kind);
  const had = kind === null ? NEW_AGENT : agentOf(state, id);
  const { capabilities = had.capabilities, capacity = had.capacity } = command;
  const { heartbeat_seconds = had.heartbeat_seconds } = command;
  const registered = fact("agent_registered", {
    agent_id: id,
    capabilities: [...new Set(capabilities)].sort(),
    capacity,
    heartbeat_seconds,
  });
  return kind === null ? withVertex(state, registered, settings) : [registered];
}

type AgentHad = Required<Omit<AgentAsked, "agent_id">>;

const NEW_AGENT: AgentHad = { capabilities: [], capacity: null, heartbeat_seconds: null };

function agentOf({ selection, heartbeats }: FleetState, id: string): AgentHad {
  return {
    capabilities: selection.capabilities(id),
    capacity: selection.capacity(id),
    heartbeat_seconds: heartbeats.get(id) ?? null,
  };
}

function unregisterAgent(state: FleetState, id: string, reason: "asked" | "timeout"): Decision<FleetFact> {
  if (!state.selection.has(id)) return noAgent(id);
  return [fact("agent_unregistered", { agent_id: id, reason, ...freedBy(state, id) })];
}

/** A heartbeat is recorded once a quarter of the interval has gone by since the last, so that streams stay short. */
function hear(state: FleetState, command: CommandOf<"heartbeat">): Decision<FleetFact> {
  const id = command.agent_id;
  if (!state.selection.has(id)) return noAgent(id);
  const seconds = state.heartbeats.get(id);
  const due = state.deadlines.of(id);
  if (seconds === undefined || due === null) return [];
  const isFresh = heartbeatDue(command.now, seconds) - due < seconds * 250;
  return isFresh ? [] : [fact("agent_heard", { agent_id: id })];
}

function registerTask(
  state: FleetState,
  command: CommandOf<"register_task">,
  settings: Settings,
): Decision<FleetFact> {
  const key = taskKey(command);
  const taken = taskTaken(state, key, command.session_id);
  if (taken !== null) return taken;
  const registered = fact("task_registered", {
    task_id: command.task_id,
    session_id: command.session_id ?? null,
    required_capabilities: [...new Set(command.required_capabilities)].sort(),
  });
  return state.graph.has(key) ? [registered] : withVertex(state, registered, settings);
}

function route(state: FleetState, command: CommandOf<"route">, settings: Settings): Decision<FleetFact> {
  const key = taskKey(command);
  const taken = taskTaken(state, key, command.session_id);
  if (taken !== null) return taken;
  const request: RouteRequest = {
    key,
    required: command.required_capabilities ?? state.tasks.get(key)?.required ?? [],
    preferred: command.prefer_agents ?? [],
    needed: command.agents_needed ?? 1,
    policy: command.policy ?? "h1",
  };
  const choice = chooseAgents(state, request, settings.offset);
  const isEmpty = state.selection.size === 0;
  if (!isEmpty && choice.picks.length < request.needed) return full(request, choice.picks.length);
  const decision = isEmpty
    ? nobody(command.task_id, request, choice.before)
    : decisionOf(command.task_id, request, choice, settings);
  const routed: FleetFact = {
    type: "task_routed",
    room: settings.room,
    data: {
      ...decision,
      session_id: command.session_id ?? null,
      required_capabilities: request.required,
      confirm_by: command.session_id === undefined ? null : command.now + CONFIRM_MS,
    },
  };
  return [routed, ...crossing(state, choice.after, settings, decision)];
}

function confirm(state: FleetState, command: CommandOf<"confirm">): Decision<FleetFact> {
  const key = taskKey(command);
  if (!state.tasks.has(key)) return noTask(key);
  if (state.deadlines.of(key) === null) return [];
  return [fact("task_confirmed", { task_id: command.task_id, session_id: command.session_id ?? null })];
}

function complete(state: FleetState, command: CommandOf<"complete">): Decision<FleetFact> {
  const key = taskKey(command);
  if (!state.tasks.has(key)) return noTask(key);
  const session = command.session_id ?? null;
  return [fact("task_completed", { task_id: command.task_id, session_id: session, ...freedBy(state, key) })];
}

function addResource(state: FleetState, id: string, settings: Settings): Decision<FleetFact> {
  const kind = state.graph.kindOf(id);
  if (kind === "resource") return [];
  if (kind !== null) return takenBy(id, kind);
  return withVertex(state, fact("resource_added", { resource_id: id }), settings);
}

function addEdge(state: FleetState, command: CommandOf<"add_edge">, settings: Settings): Decision<FleetFact> {
  const { graph, selection } = state;
  const { a, b, kind } = command;
  for (const id of [a, b]) if (!graph.has(id)) return noVertex(id);
  if (a === b) return invalid("An edge joins a vertex to itself.", "Name two different vertices.");
  if (kind === "assignment") {
    const isPair = selection.has(a)
      ? graph.kindOf(b) === "task"
      : selection.has(b) && graph.kindOf(a) === "task";
    if (command.directed === true || !isPair) {
      return invalid(
        "An assignment joins an agent and a task, without direction.",
        "Name one of each, or use delegation or dependency.",
      );
    }
    const agent = selection.has(a) ? a : b;
    if (graph.multiplicity({ a, b, kind }) === 0 && !selection.hasRoom(agent)) return agentFull(agent);
  }
  const added = fact("edge_added", { a, b, kind, directed: command.directed ?? false });
  const counts = graph.counts();
  if (graph.adjacent(a, b)) return [added];
  const isLoop = graph.componentOf(a) === graph.componentOf(b);
  const after = { ...counts, edges: counts.edges + 1, components: counts.components - (isLoop ? 0 : 1) };
  return [added, ...crossing(state, after, settings, null)];
}

function removeEdge(state: FleetState, command: CommandOf<"remove_edge">): Decision<FleetFact> {
  const { a, b, kind, directed = false } = command;
  if (state.graph.multiplicity({ a, b, kind, directed }) === 0) {
    return noEdge(command);
  }
  return [fact("edge_removed", { a, b, kind, directed })];
}

/** Reports what a removal has brought, unregisters agents that fell silent, frees what no session confirmed. */
function expire(state: FleetState, now: number, settings: Settings): Decision<FleetFact> {
  const facts: FleetFact[] = crossing(state, state.graph.counts(), settings, null);
  for (const id of state.deadlines.due(now, EXPIRED_MAX)) {
    const task = state.tasks.get(id);
    facts.push(
      task === undefined
        ? fact("agent_unregistered", { agent_id: id, reason: "timeout", ...freedBy(state, id) })
        : fact("assignment_expired", {
            task_id: task.taskId,
            session_id: task.sessionId,
            agent_ids: task.unconfirmed,
          }),
    );
  }
  return facts;
}

/** A crossing that nobody has reported falls due at once; then come heartbeats and confirmations. */
function dueAt(state: FleetState, settings: Settings): number | null {
  if (crossingTo(state.emergence, state.graph.counts(), settings.offset) !== null) return 0;
  return state.deadlines.next();
}

function withVertex(state: FleetState, added: FleetFact, settings: Settings): FleetFact[] {
  const counts = state.graph.counts();
  const after = { ...counts, vertices: counts.vertices + 1, components: counts.components + 1 };
  return [added, ...crossing(state, after, settings, null)];
}

function crossing(
  state: FleetState,
  counts: GraphCounts,
  settings: Settings,
  decision: RoutingDecision | null,
): FleetFact[] {
  const found = crossingTo(state.emergence, counts, settings.offset);
  if (found === null) return [];
  const data: EmergenceCrossed = {
    ...found,
    h1_dimension: loops(counts),
    v_threshold: thresholdOf(counts, settings.offset),
    n_vertices: counts.vertices,
    n_edges: counts.edges,
    n_components: counts.components,
    routing_decision: decision === null ? null : { agent_ids: decision.agent_ids, task_id: decision.task_id },
    recommendation:
      found.direction === "up"
        ? "Some ties are redundant: finish or free tasks that several agents share before adding more; the fleet's cycles name the loops."
        : "Nothing to do: the fleet is back below the line.",
  };
  return [{ type: "emergence_crossed", room: found.direction === "up" ? settings.room : null, data }];
}

/** The agents of a task, or the tasks of an agent, that its removal sets free. */
function freedBy(state: FleetState, id: string): Freed {
  const freed: string[] = [];
  let named = 0;
  let count = 0;
  for (const other of state.graph.neighbours(id, "assignment")) {
    count++;
    named += other.length;
    if (freed.length < FREED_NAMED_MAX && named <= FREED_LENGTH_MAX) freed.push(other);
  }
  return { freed: freed.sort(), n_freed: count };
}

function headOf(state: FleetState, settings: Settings): Head {
  const counts = state.graph.counts();
  return {
    kind: "fleet",
    status: state.emergence.above ? "emergent" : "calm",
    createdAt: state.createdAt,
    dueAt: dueAt(state, settings),
    labels: [],
    summary: {
      n_agents: state.graph.count("agent"),
      n_tasks: state.graph.count("task"),
      n_vertices: counts.vertices,
      n_edges: counts.edges,
      n_components: counts.components,
      h1_dimension: loops(counts),
      crossings: state.emergence.crossings,
    },
  };
}

/** A fact that has no tile. */
function fact<Type extends FleetFact["type"]>(
  type: Type,
  data: Extract<FleetFact, { readonly type: Type }>["data"],
): { readonly type: Type; readonly room: null; readonly data: typeof data } {
  return { type, room: null, data };
}
