// A fleet beside its events: written as rows (fleet-rows.ts) while it goes on changing (fleet-image.ts), and read back
// row by row. Edges name vertices that may come after them, so they are kept aside until all rows are in.
import type { SnapshotForm, SnapshotLoader } from "../event/decider.ts";
import type { Json } from "../event/json.ts";
import { taskKey } from "./fleet-facts.ts";
import { FleetImage } from "./fleet-image.ts";
import { type FleetRow, type FleetRowOf, ownRows, vertexRows } from "./fleet-rows.ts";
import { type FleetState, initialFleet } from "./fleet-state.ts";
import { IntVector } from "./int-vector.ts";
import type { CapabilitySet } from "./selection.ts";

export const fleetSnapshot: SnapshotForm<FleetState> = {
  version: 3,
  save: (state): Json => [...fleetRows(state)],
  load: (json) => {
    const loader = new FleetLoader();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own rows, chosen by their version
    loader.add(json as unknown as readonly FleetRow[]);
    for (const _ of loader.pieces());
    return loader.done();
  },
  parts: {
    size: ({ graph }) => graph.counts().vertices + graph.counts().edges,
    open: (state) => new FleetImage(state),
    loader: () => new FleetLoader(),
  },
};

/** The rows of a state, one by one; good until the next event. */
export function* fleetRows(state: FleetState): Generator<FleetRow> {
  yield* ownRows(state);
  const sets = new Map<string, number>();
  for (const id of state.graph.vertices()) yield* vertexRows(state, id, sets);
}

/** Edges taken in at a step. */
const EDGES_PER_STEP = 32_768;

const NOBODY: readonly string[] = [];

/** Builds the state that rows were written from. */
class FleetLoader implements SnapshotLoader<FleetState> {
  readonly #state = initialFleet();
  readonly #sets: CapabilitySet[] = [];
  /** Lists of no capability or one, by its name, which is never empty. */
  readonly #lists = new Map<string, readonly string[]>();
  /** By the number a vertex had, the one it has now. */
  readonly #numbers = new IntVector(0);
  /** The vertex of each agent, by its number in the selection. */
  readonly #agents = new IntVector(0);
  /** How many tasks a vertex is assigned to. */
  readonly #loads = new IntVector(0);
  /** Edge rows one after another, each behind its length: as arrays they would all be the collector's to move. */
  readonly #edges = new IntVector(0);
  #edgesEnd = 0;
  #edgesCount = 0;

  add(rows: readonly Json[]): void {
    for (const row of rows as unknown as readonly FleetRow[]) this.#addRow(row);
  }

  *pieces(): Generator<void> {
    const { graph, selection } = this.#state;
    let count = 0;
    graph.reserve(this.#edgesCount);
    for (let at = 0; at < this.#edgesEnd; at += 1 + this.#edges.at(at)) {
      this.#addEdge(at + 1, at + 1 + this.#edges.at(at));
      if (++count % EDGES_PER_STEP === 0) yield;
    }
    yield* graph.restoreComponents();
    yield* selection.fill((agent) => this.#loads.at(this.#agents.at(agent)));
  }

  done(): FleetState {
    return this.#state;
  }

  #addRow(row: FleetRow): void {
    const state = this.#state;
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
        this.#sets.push(state.selection.setOf(row.slice(1)));
        break;
      case "agent":
        this.#addAgent(row);
        break;
      case "task":
        this.#addTask(row);
        break;
      case "resource":
        this.#numbers.set(row[1], state.graph.restoreVertex(row[2], "resource"));
        break;
      case "edge":
        this.#edgesCount++;
        this.#edges.set(this.#edgesEnd++, row.length - 1);
        for (let place = 1; place < row.length; place++) {
          this.#edges.set(this.#edgesEnd++, Number(row[place]));
        }
        break;
    }
  }

  #addAgent(row: FleetRowOf<"agent">): void {
    const { graph, selection, heartbeats, deadlines } = this.#state;
    const [, number, id, set, capacity, heartbeat, due] = row;
    const vertex = graph.restoreVertex(id, "agent");
    this.#numbers.set(number, vertex);
    const capabilities = this.#sets[set] ?? selection.setOf([]);
    this.#agents.set(selection.restore(id, capabilities, capacity), vertex);
    if (heartbeat !== null) heartbeats.set(id, heartbeat);
    if (due !== null) deadlines.set(id, due);
  }

  #addTask(row: FleetRowOf<"task">): void {
    const { graph, tasks, deadlines } = this.#state;
    const [, number, taskId, sessionId, capabilities, byRoute, agents, due] = row;
    const key = taskKey({ task_id: taskId, session_id: sessionId });
    this.#numbers.set(number, graph.restoreVertex(key, "task"));
    const required = this.#shared(capabilities);
    const unconfirmed = agents.length === 0 ? NOBODY : agents;
    tasks.set(key, { taskId, sessionId, required, byRoute, unconfirmed });
    if (due !== null) deadlines.set(key, due);
  }

  /** One list for all that hold the same: few tasks want what no other does. */
  #shared(names: readonly string[]): readonly string[] {
    if (names.length > 1) return names;
    const [name = ""] = names;
    const known = this.#lists.get(name);
    if (known === undefined) this.#lists.set(name, names);
    return known ?? names;
  }

  /** The first of an edge's counts is that of assignments. */
  #addEdge(from: number, to: number): void {
    const a = this.#numbers.at(this.#edges.at(from));
    const b = this.#numbers.at(this.#edges.at(from + 1));
    const tallies: number[] = [];
    for (let place = from + 2; place < to; place++) tallies.push(this.#edges.at(place));
    this.#state.graph.restoreEdge({ a, b, tallies });
    if ((tallies[0] ?? 0) === 0) return;
    this.#loads.add(a, 1);
    this.#loads.add(b, 1);
  }
}
