// A fleet as rows of a snapshot: vertices by number, each followed by the edges that are kept with it, and what is the
// fleet's own. Capability sets are written once and named by their number. Loads follow from the edges.
import type { FleetConfigured } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";
import type { H1Sample } from "./h1-history.ts";

export type FleetRow =
  | readonly ["fleet", createdAt: number, above: boolean, crossings: number]
  | readonly ["settings", settings: FleetConfigured]
  | readonly ["h1", sample: H1Sample]
  | readonly ["capabilities", ...names: string[]]
  | readonly [
      "agent",
      number: number,
      id: string,
      set: number,
      capacity: number | null,
      heartbeat: number | null,
      due: number | null,
    ]
  | readonly [
      "task",
      number: number,
      id: string,
      session: string | null,
      required: readonly string[],
      byRoute: boolean,
      unconfirmed: readonly string[],
      due: number | null,
    ]
  | readonly ["resource", number: number, id: string]
  /** The counts that follow the last of these are 0. */
  | readonly ["edge", a: number, b: number, ...tallies: number[]];

export type FleetRowOf<Kind extends FleetRow[0]> = Extract<FleetRow, readonly [Kind, ...unknown[]]>;

/** What is the fleet's own. */
export function ownRows({ createdAt, emergence, settings, history }: FleetState): FleetRow[] {
  return [
    ["fleet", createdAt, emergence.above, emergence.crossings],
    ...(settings === null ? [] : [["settings", settings] as const]),
    ...[...history.samples()].map((sample) => ["h1", sample] as const),
  ];
}

/** The rows of one vertex. `sets` are the capability sets that have been written, by what they hold. */
export function* vertexRows(state: FleetState, id: string, sets: Map<string, number>): Generator<FleetRow> {
  const number = state.graph.number(id);
  const task = state.tasks.get(id);
  if (task !== undefined) {
    const { taskId, sessionId, required, byRoute, unconfirmed } = task;
    yield ["task", number, taskId, sessionId, required, byRoute, unconfirmed, state.deadlines.of(id)];
  } else if (state.selection.has(id)) yield* agentRows(state, id, number, sets);
  else yield ["resource", number, id];
  for (const { a, b, tallies } of state.graph.tallied(id)) {
    yield ["edge", a, b, ...tallies.slice(0, tallies.findLastIndex((count) => count > 0) + 1)];
  }
}

function* agentRows(
  state: FleetState,
  id: string,
  number: number,
  sets: Map<string, number>,
): Generator<FleetRow> {
  const capabilities = state.selection.capabilities(id);
  const key = JSON.stringify(capabilities);
  const set = sets.get(key) ?? sets.size;
  if (set === sets.size) {
    sets.set(key, set);
    yield ["capabilities", ...capabilities];
  }
  const heartbeat = state.heartbeats.get(id) ?? null;
  yield ["agent", number, id, set, state.selection.capacity(id), heartbeat, state.deadlines.of(id)];
}
