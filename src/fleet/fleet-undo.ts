// Takes back what an event does to a fleet: for a router that decided, and found that another had been first. What the
// event is about to touch is kept, so that a lost race costs what it decided, and not a million agents read anew.
import type { Happened } from "../event/decider.ts";
import { type FleetFact, taskKey } from "./fleet-facts.ts";
import { changeLoad, type FleetState } from "./fleet-state.ts";
import type { Tie, VertexKind } from "./graph.ts";

/** The vertex an event may bring, change or take, and those whose ties to it it may change. */
interface Touched {
  readonly own: string;
  readonly others: readonly string[];
}

/** Called before an event: what takes it back, as long as nothing that came after it stands. Null for a reset. */
export function undoOf(state: FleetState, event: Happened<FleetFact>): (() => void) | null {
  if (event.type === "fleet_reset") return null;
  const { createdAt, emergence, settings } = state;
  const history = state.history.undo();
  const touched = touchedBy(state, event);
  const vertex = touched === null ? null : undoVertex(state, touched);
  return () => {
    vertex?.();
    history();
    state.createdAt = createdAt;
    state.emergence = emergence;
    state.settings = settings;
  };
}

function undoVertex(state: FleetState, { own, others }: Touched): () => void {
  const { graph, tasks, deadlines } = state;
  const kind = graph.kindOf(own);
  const registered = kind === "agent" ? undoRegistration(state, own) : null;
  const due = deadlines.of(own);
  const ties = others.map((other) => graph.tie(own, other));
  const kept = [own, ...others].map((id) => [id, tasks.get(id)] as const);
  return () => {
    if (kind !== null && !graph.has(own)) graph.addVertex(own, kind);
    registered?.();
    for (const tie of ties) if (graph.has(tie.a) && graph.has(tie.b)) setTie(state, tie);
    for (const [id, task] of kept) {
      if (task === undefined) tasks.delete(id);
      else tasks.set(id, task);
    }
    if (due === null) deadlines.clear(own);
    else deadlines.set(own, due);
    if (kind === null && graph.has(own)) dropVertex(state, own, graph.kindOf(own));
  };
}

function undoRegistration({ selection, heartbeats }: FleetState, id: string): () => void {
  const capabilities = selection.capabilities(id);
  const capacity = selection.capacity(id);
  const seconds = heartbeats.get(id);
  return () => {
    selection.register(id, capabilities, capacity);
    if (seconds === undefined) heartbeats.delete(id);
    else heartbeats.set(id, seconds);
  };
}

function setTie(state: FleetState, tie: Tie): void {
  const isAssigned = (): boolean => (state.graph.tie(tie.a, tie.b).tallies[0] ?? 0) > 0;
  const before = isAssigned();
  state.graph.setTie(tie);
  const after = isAssigned();
  if (before !== after) changeLoad(state, tie, after ? 1 : -1);
}

/** Takes out a vertex that an event brought; its ties are gone. */
function dropVertex({ graph, selection, heartbeats }: FleetState, id: string, kind: VertexKind | null): void {
  graph.removeVertex(id);
  if (kind !== "agent") return;
  selection.remove(id);
  heartbeats.delete(id);
}

function touchedBy(
  { graph }: FleetState,
  event: Exclude<Happened<FleetFact>, { readonly type: "fleet_reset" }>,
): Touched | null {
  const whole = (own: string): Touched => ({ own, others: graph.has(own) ? [...graph.neighbours(own)] : [] });
  switch (event.type) {
    case "agent_registered":
    case "agent_heard":
      return { own: event.data.agent_id, others: [] };
    case "agent_unregistered":
      return whole(event.data.agent_id);
    case "task_registered":
    case "task_confirmed":
      return { own: taskKey(event.data), others: [] };
    case "task_routed":
      return { own: taskKey(event.data), others: event.data.agent_ids };
    case "task_completed":
    case "assignment_expired":
      return whole(taskKey(event.data));
    case "resource_added":
      return { own: event.data.resource_id, others: [] };
    case "resource_removed":
      return whole(event.data.resource_id);
    case "edge_added":
    case "edge_removed":
      return { own: event.data.a, others: [event.data.b] };
    case "fleet_configured":
    case "emergence_crossed":
      return null;
  }
}
