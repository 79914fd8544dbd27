// What a router counts, under the names its clients' dashboards know (spec/holodeck-session-manager.txt and
// spec/wire.md §2). The gauges are of the default fleet; the counters are of all fleets, as this process decided.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { News } from "../../event/runtime.ts";
import type { FleetFact, TaskRouted } from "../../fleet/fleet-facts.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { thresholdOf } from "../../fleet/emergence.ts";
import { loops } from "../../fleet/graph.ts";
import { DEFAULT_FLEET, type Fleets } from "./fleets.ts";

/** Agents that have series of their own; the rest share one, `other`. */
export const AGENTS_LABELLED_MAX = 100;

/** Seconds: a decision takes tens of microseconds, its durable event up to some milliseconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export class FleetMetrics {
  /** For those who serve other metrics beside these. */
  readonly registry = new Registry();
  readonly #labelled = new Set<string>();
  readonly #h1 = this.#gauge("h1_dimension", "β₁ of the fleet, and the threshold it is held against.", [
    "state",
  ]);
  readonly #alerts = this.#counter("emergence_alerts_total", "Upward crossings of the emergence threshold.");
  readonly #decisions = this.#counter(
    "routing_decisions_total",
    "Tasks routed, by the agent and by how: routed, fallback, nobody or refused.",
    ["agent_id", "outcome"],
  );
  readonly #risk = this.#gauge("emergence_risk", "Risk of the newest decision for an agent.", ["agent_id"]);
  readonly #seconds = new Histogram({
    name: "fleet_h1_router_route_duration_seconds",
    help: "Seconds from a request to route to its durable decision.",
    buckets: BUCKETS,
    registers: [this.registry],
  });
  readonly #depth = this.#gauge("forest_depth_average", "Mean steps from a vertex to the root of its tree.");
  readonly #scans = this.#gauge(
    "forest_scans",
    "Half-edges looked at to mend trees, since the fleet was read.",
  );
  readonly #scansPerDelete = this.#gauge("forest_scans_per_delete", "Mean of them for a deleted tree edge.");
  readonly #vertices = this.#gauge("vertices", "Agents, tasks and resources of the fleet.", ["kind"]);

  readonly contentType = this.registry.contentType;

  /** Counts what this process decided. */
  observe({ events, own }: News<FleetState, FleetFact>): void {
    if (!own) return;
    for (const { type, data } of events) {
      if (type === "task_routed") this.#routed(data);
      if (type === "emergence_crossed" && data.direction === "up") this.#alerts.inc();
    }
  }

  /** A route was asked for and not decided. */
  refused(): void {
    this.#decisions.inc({ agent_id: "", outcome: "refused" });
  }

  routeTook(seconds: number): void {
    this.#seconds.observe(seconds);
  }

  /** Prometheus text, version 0.0.4. A store that cannot be read leaves the gauges as they were. */
  async text(fleets: Fleets): Promise<string> {
    const now = await fleets.now(DEFAULT_FLEET).catch(() => null);
    if (now !== null) this.#measure(now.state, now.settings.offset);
    return await this.registry.metrics();
  }

  #measure({ graph }: FleetState, offset: number): void {
    const counts = graph.counts();
    this.#h1.set({ state: "current" }, loops(counts));
    this.#h1.set({ state: "threshold" }, thresholdOf(counts, offset));
    for (const kind of ["agent", "task", "resource"] as const)
      this.#vertices.set({ kind }, graph.count(kind));
    const { averageDepth, scans, scansPerDelete } = graph.metrics();
    this.#depth.set(averageDepth);
    this.#scans.set(scans);
    this.#scansPerDelete.set(scansPerDelete);
  }

  #routed({ agent_ids, fallback, emergence_risk }: TaskRouted): void {
    if (agent_ids.length === 0) this.#decisions.inc({ agent_id: "", outcome: "nobody" });
    for (const id of agent_ids) {
      const agent_id = this.#label(id);
      this.#decisions.inc({ agent_id, outcome: fallback ? "fallback" : "routed" });
      this.#risk.set({ agent_id }, emergence_risk);
    }
  }

  #label(agent: string): string {
    if (this.#labelled.size < AGENTS_LABELLED_MAX) this.#labelled.add(agent);
    return this.#labelled.has(agent) ? agent : "other";
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({
      name: `fleet_h1_router_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({
      name: `fleet_h1_router_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }
}
