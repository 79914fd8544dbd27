// A fleet as it stood, while it changes: rows are taken a few at a time, and before an event changes a vertex whose rows
// have not been taken they are set aside. So a snapshot of a million agents is written beside the work, and is exact.
import type { Happened, SnapshotImage } from "../event/decider.ts";
import { type FleetFact, taskKey } from "./fleet-facts.ts";
import { type FleetRow, ownRows, vertexRows } from "./fleet-rows.ts";
import type { FleetState } from "./fleet-state.ts";
import { IntVector } from "./int-vector.ts";

export class FleetImage implements SnapshotImage {
  readonly #state: FleetState;
  /** Meets what is added meanwhile, and passes over what is removed. */
  readonly #ids: Iterator<string>;
  readonly #sets = new Map<string, number>();
  /** 1 for the numbers of vertices whose rows are out or under way. */
  readonly #written = new IntVector(0);
  /** Ids that came after the image was opened. */
  readonly #later = new Set<string>();
  /** The vertex under way, and what is left of it. */
  #current: { readonly id: string; readonly rows: Iterator<FleetRow> } | null = null;
  #rows: FleetRow[];
  #isSpoilt = false;

  /** A state has one image at a time: this one ends another. */
  constructor(state: FleetState) {
    this.#state = state;
    this.#ids = state.graph.vertices();
    this.#rows = ownRows(state);
    state.image?.spoil();
    state.image = this;
  }

  take(limit: number): readonly FleetRow[] | null {
    while (this.#rows.length < limit) {
      this.#current ??= this.#next();
      if (this.#current === null) break;
      const row = this.#current.rows.next();
      if (row.done === true) this.#current = null;
      else this.#rows.push(row.value);
    }
    return this.#isSpoilt ? null : this.#rows.splice(0, limit);
  }

  close(): void {
    this.#rows = [];
    if (this.#state.image === this) this.#state.image = null;
  }

  /** What was to be taken can be had no more. */
  spoil(): void {
    this.#isSpoilt = true;
    this.close();
  }

  /** Sets aside the rows of what an event is about to change; one that changes all there is spoils the image. */
  before(event: Happened<FleetFact>): void {
    if (event.type === "fleet_reset") this.spoil();
    else for (const id of changedBy(this.#state, event)) this.#setAside(id);
  }

  /** The next vertex of those there were; null when all are out, and then no event matters any more. */
  #next(): { readonly id: string; readonly rows: Iterator<FleetRow> } | null {
    for (let next = this.#ids.next(); next.done !== true; next = this.#ids.next()) {
      if (this.#isDue(next.value)) return { id: next.value, rows: this.#begin(next.value) };
    }
    if (this.#state.image === this) this.#state.image = null;
    return null;
  }

  #setAside(id: string): void {
    if (this.#current?.id === id) {
      this.#drain(this.#current.rows);
      this.#current = null;
    } else if (!this.#state.graph.has(id)) this.#later.add(id);
    else if (this.#isDue(id)) this.#drain(this.#begin(id));
  }

  #isDue(id: string): boolean {
    return !this.#later.has(id) && this.#written.at(this.#state.graph.number(id)) === 0;
  }

  #begin(id: string): Iterator<FleetRow> {
    this.#written.set(this.#state.graph.number(id), 1);
    return vertexRows(this.#state, id, this.#sets);
  }

  #drain(rows: Iterator<FleetRow>): void {
    for (let row = rows.next(); row.done !== true; row = rows.next()) this.#rows.push(row.value);
  }
}

/** The vertices whose rows an event is about to change, those it brings among them. */
function changedBy(
  { graph }: FleetState,
  event: Exclude<Happened<FleetFact>, { readonly type: "fleet_reset" }>,
): readonly string[] {
  const withNeighbours = (id: string): readonly string[] =>
    graph.has(id) ? [id, ...graph.neighbours(id)] : [id];
  switch (event.type) {
    case "agent_registered":
    case "agent_heard":
      return [event.data.agent_id];
    case "agent_unregistered":
      return withNeighbours(event.data.agent_id);
    case "task_registered":
    case "task_confirmed":
      return [taskKey(event.data)];
    case "task_routed":
      return [taskKey(event.data), ...event.data.agent_ids];
    case "task_completed":
    case "assignment_expired":
      return withNeighbours(taskKey(event.data));
    case "resource_added":
      return [event.data.resource_id];
    case "resource_removed":
      return withNeighbours(event.data.resource_id);
    case "edge_added":
    case "edge_removed":
      return [event.data.a, event.data.b];
    case "fleet_configured":
    case "emergence_crossed":
      return [];
  }
}
