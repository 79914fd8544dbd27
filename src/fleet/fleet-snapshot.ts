// A fleet beside its events: written as rows (fleet-rows.ts) while it goes on changing (fleet-image.ts), and read back
// row by row. Edges name vertices that may come after them, so they are kept aside until all rows are in.
import type { SnapshotForm, SnapshotLoader } from "../event/decider.ts";
import type { Json } from "../event/json.ts";
import { taskKey } from "./fleet-facts.ts";
import { FleetImage } from "./fleet-image.ts";
import { type FleetRow, ownRows, vertexRows } from "./fleet-rows.ts";
import { type FleetState, initialFleet } from "./fleet-state.ts";
import type { TalliedEdge } from "./graph.ts";
import { IntVector } from "./int-vector.ts";

export const fleetSnapshot: SnapshotForm<FleetState> = {
  version: 3,
  save: (state): Json => [...fleetRows(state)],
  load: (json) => {
    const loader = new FleetLoader();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own rows, chosen by their version
    loader.add(json as unknown as readonly FleetRow[]);
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

/** Builds the state that rows were written from. */
class FleetLoader implements SnapshotLoader<FleetState> {
  readonly #state = initialFleet();
  readonly #sets: (readonly string[])[] = [];
  /** By the number a vertex had, the one it has now. */
  readonly #numbers = new IntVector(0);
  /** Edge rows one after another, each behind its length. */
  readonly #edges = new IntVector(0);
  #edgesEnd = 0;

  add(rows: readonly Json[]): void {
    for (const row of rows as unknown as readonly FleetRow[]) this.#addRow(row);
  }

  done(): FleetState {
    this.#state.graph.restore(this.#restored());
    const { graph, selection } = this.#state;
    for (const id of selection.ids()) {
      const load = [...graph.neighbours(id, "assignment")].length;
      if (load > 0) selection.setLoad(id, load);
    }
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
        this.#sets.push(row.slice(1));
        break;
      case "agent":
        this.#addAgent(row);
        break;
      case "task":
        this.#addTask(row);
        break;
      case "resource":
        this.#numbers.set(row[1], state.graph.addVertex(row[2], "resource"));
        break;
      case "edge": {
        const [, ...numbers] = row;
        this.#edges.set(this.#edgesEnd++, numbers.length);
        for (const number of numbers) this.#edges.set(this.#edgesEnd++, number);
        break;
      }
    }
  }

  #addAgent([, number, id, set, capacity, heartbeat, due]: Extract<
    FleetRow,
    readonly ["agent", ...unknown[]]
  >): void {
    const state = this.#state;
    this.#numbers.set(number, state.graph.addVertex(id, "agent"));
    state.selection.register(id, this.#sets[set] ?? [], capacity);
    if (heartbeat !== null) state.heartbeats.set(id, heartbeat);
    if (due !== null) state.deadlines.set(id, due);
  }

  #addTask([, number, taskId, sessionId, required, byRoute, unconfirmed, due]: Extract<
    FleetRow,
    readonly ["task", ...unknown[]]
  >): void {
    const state = this.#state;
    const key = taskKey({ task_id: taskId, session_id: sessionId });
    this.#numbers.set(number, state.graph.addVertex(key, "task"));
    state.tasks.set(key, { taskId, sessionId, required, byRoute, unconfirmed });
    if (due !== null) state.deadlines.set(key, due);
  }

  *#restored(): Generator<TalliedEdge> {
    for (let at = 0; at < this.#edgesEnd;) {
      const end = at + 1 + this.#edges.at(at);
      const tallies: number[] = [];
      for (let place = at + 3; place < end; place++) tallies.push(this.#edges.at(place));
      yield {
        a: this.#numbers.at(this.#edges.at(at + 1)),
        b: this.#numbers.at(this.#edges.at(at + 2)),
        tallies,
      };
      at = end;
    }
  }
}
