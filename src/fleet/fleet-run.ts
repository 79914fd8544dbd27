// What the router's tests share: a fleet driven by bare commands at a time of its own.
import { isRefusal, type Refusal } from "../event/decider.ts";
import type { EmergenceCrossed, FleetCommand, FleetFact, TaskRouted } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";
import { type EdgeKind, loops } from "./graph.ts";
import { MemoryFleet } from "./memory-fleet.ts";

/** A command without its time. */
export type Asked = FleetCommand extends infer C ? (C extends FleetCommand ? Omit<C, "now"> : never) : never;

export class FleetRun {
  readonly facts: FleetFact[] = [];
  now = 1_000_000;
  private readonly memory = new MemoryFleet({ offset: -2, room: "fleet/tiles" }, (fact) =>
    this.facts.push(fact),
  );

  get fleet(): MemoryFleet["decider"] {
    return this.memory.decider;
  }

  get state(): FleetState {
    return this.memory.state;
  }

  give(asked: Asked): readonly FleetFact[] | Refusal {
    return this.memory.give({ ...asked, now: this.now });
  }

  settle(): void {
    this.memory.settle(this.now);
  }

  route(task_id: string, more: Partial<Extract<Asked, { type: "route" }>> = {}): TaskRouted {
    const decided = this.give({ type: "route", task_id, ...more });
    const routed = routedIn(decided);
    if (routed === null) throw new Error(JSON.stringify(decided));
    return routed;
  }

  agents(...ids: string[]): void {
    for (const agent_id of ids) this.give({ type: "register_agent", agent_id });
  }

  ties(kind: EdgeKind, ...pairs: string[]): void {
    for (const pair of pairs) {
      const [a = "", b = ""] = pair.split(" ");
      this.give({ type: "add_edge", a, b, kind });
    }
  }

  crossings(): EmergenceCrossed[] {
    return this.facts.flatMap((fact) => (fact.type === "emergence_crossed" ? [fact.data] : []));
  }

  h1(): number {
    return loops(this.state.graph.counts());
  }
}

/** The decision among facts; null when there is none. */
export function routedIn(decided: readonly FleetFact[] | Refusal): TaskRouted | null {
  const facts = isRefusal(decided) ? [] : decided;
  return facts.find((fact) => fact.type === "task_routed")?.data ?? null;
}

/** What can be seen of a state, whatever way it came about. */
export function canonical(state: FleetState): unknown {
  return {
    emergence: state.emergence,
    counts: state.graph.counts(),
    due: state.deadlines.next(),
    tasks: sorted(state.tasks),
    arcs: sorted(state.graph.arcs()),
    edges: sorted([...state.graph.edges()].map(({ a, b, ...rest }) => [[a, b].sort(), rest])),
    agents: sorted(
      [...state.selection.ids()].map((id) => [
        id,
        state.selection.load(id),
        state.selection.capacity(id),
        state.selection.capabilities(id),
        state.heartbeats.get(id) ?? null,
        state.deadlines.of(id),
      ]),
    ),
  };
}

function sorted<Item>(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
