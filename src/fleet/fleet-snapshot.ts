// A fleet beside its events: rows that can be written in chunks, a million agents without one long pause.
// Capability sets are written once and named by their number, vertices likewise. Loads follow from the edges.
import type { SnapshotForm } from "../event/decider.ts";
import type { Json } from "../event/json.ts";
import { type FleetTask, type FleetState, initialFleet } from "./fleet-state.ts";
import type { TalliedEdge } from "./graph.ts";
import { type FleetConfigured, taskKey } from "./fleet-facts.ts";
import type { H1Sample } from "./h1-history.ts";

export type FleetRow =
  | readonly ["fleet", createdAt: number, above: boolean, crossings: number]
  | readonly ["settings", settings: FleetConfigured]
  | readonly ["h1", sample: H1Sample]
  | readonly ["capabilities", ...names: string[]]
  | readonly [
      "agent",
      id: string,
      set: number,
      capacity: number | null,
      heartbeat: number | null,
      due: number | null,
    ]
  | readonly [
      "task",
      id: string,
      session: string | null,
      required: readonly string[],
      byRoute: boolean,
      unconfirmed: readonly string[],
      due: number | null,
    ]
  | readonly ["resource", id: string]
  | readonly ["edge", a: number, b: number, ...tallies: number[]];

export const fleetSnapshot: SnapshotForm<FleetState> = {
  version: 2,
  save: (state): Json => [...fleetRows(state)],
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own rows, chosen by their version
  load: (json) => loadFleet(json as unknown as Iterable<FleetRow>),
};

/** The rows of a state, one by one; good until the next event. */
export function* fleetRows(state: FleetState): Generator<FleetRow> {
  yield ["fleet", state.createdAt, state.emergence.above, state.emergence.crossings];
  if (state.settings !== null) yield ["settings", state.settings];
  for (const sample of state.history.samples()) yield ["h1", sample];
  const numbers = new Map<string, number>();
  const sets = new Map<string, number>();
  for (const id of state.graph.vertices()) {
    numbers.set(id, numbers.size);
    const task = state.tasks.get(id);
    if (task !== undefined) yield taskRow(state, id, task);
    else if (state.selection.has(id)) yield* agentRows(state, id, sets);
    else yield ["resource", id];
  }
  for (const { a, b, tallies } of state.graph.tallied()) {
    yield ["edge", numbers.get(a) ?? 0, numbers.get(b) ?? 0, ...tallies];
  }
}

/** The state that rows were written from. */
export function loadFleet(rows: Iterable<FleetRow>): FleetState {
  const state = initialFleet();
  const sets: (readonly string[])[] = [];
  const ids: string[] = [];
  const edges: TalliedEdge[] = [];
  for (const row of rows) {
    switch (row[0]) {
      case "fleet":
        state.createdAt = row[1];
        state.emergence = { above: row[2], crossings: row[3] };
        break;
      case "settings":
        state.settings = row[1];
        break;
      case "h1":
        state.history.add(row[1]);
        break;
      case "capabilities":
        sets.push(row.slice(1));
        break;
      case "agent":
        ids.push(row[1]);
        loadAgent(state, row, sets[row[2]] ?? []);
        break;
      case "task":
        ids.push(loadTask(state, row));
        break;
      case "resource":
        ids.push(row[1]);
        state.graph.addVertex(row[1], "resource");
        break;
      case "edge": {
        const [, a, b, ...tallies] = row;
        edges.push({ a: ids[a] ?? "", b: ids[b] ?? "", tallies });
        break;
      }
    }
  }
  state.graph.restore(edges);
  countLoads(state);
  return state;
}

function* agentRows(state: FleetState, id: string, sets: Map<string, number>): Generator<FleetRow> {
  const capabilities = state.selection.capabilities(id);
  const key = JSON.stringify(capabilities);
  const set = sets.get(key) ?? sets.size;
  if (set === sets.size) yield ["capabilities", ...capabilities];
  sets.set(key, set);
  const heartbeat = state.heartbeats.get(id) ?? null;
  yield ["agent", id, set, state.selection.capacity(id), heartbeat, state.deadlines.of(id)];
}

function taskRow(state: FleetState, key: string, task: FleetTask): FleetRow {
  const { taskId, sessionId, required, byRoute, unconfirmed } = task;
  return ["task", taskId, sessionId, required, byRoute, unconfirmed, state.deadlines.of(key)];
}

function loadAgent(
  state: FleetState,
  row: Extract<FleetRow, readonly ["agent", ...unknown[]]>,
  capabilities: readonly string[],
): void {
  const [, id, , capacity, heartbeat, due] = row;
  state.graph.addVertex(id, "agent");
  state.selection.register(id, capabilities, capacity);
  if (heartbeat !== null) state.heartbeats.set(id, heartbeat);
  if (due !== null) state.deadlines.set(id, due);
}

function loadTask(state: FleetState, row: Extract<FleetRow, readonly ["task", ...unknown[]]>): string {
  const [, taskId, sessionId, required, byRoute, unconfirmed, due] = row;
  const key = taskKey({ task_id: taskId, session_id: sessionId });
  state.graph.addVertex(key, "task");
  state.tasks.set(key, { taskId, sessionId, required, byRoute, unconfirmed });
  if (due !== null) state.deadlines.set(key, due);
  return key;
}

function countLoads(state: FleetState): void {
  for (const key of state.tasks.keys()) {
    for (const agent of state.graph.neighbours(key, "assignment")) {
      state.selection.setLoad(agent, state.selection.load(agent) + 1);
    }
  }
}
