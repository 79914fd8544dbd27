// A task routed as a request asks for it, measured and counted.
import { performance } from "node:perf_hooks";
import type { Context } from "hono";
import { HolodeckError } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import type { EmergenceCrossed, TaskRouted } from "../../fleet/fleet-facts.ts";
import { fleetOf, keyOf, routeIn } from "./fleet-body.ts";
import type { FleetParts } from "./fleet-parts.ts";

export interface Routed {
  readonly decision: TaskRouted;
  /** The upward crossing that came with it; null without one. */
  readonly alert: EmergenceCrossed | null;
}

/** Decides, and makes it durable. Refusals are thrown. */
export async function routeTask(
  { fleets, metrics }: FleetParts,
  c: Context,
  body: JsonObject,
): Promise<Routed> {
  const start = performance.now();
  try {
    const asked = routeIn(body);
    const facts = await fleets.execute(fleetOf(c), { type: "route", ...asked }, keyOf(c));
    const decision = facts.find((fact) => fact.type === "task_routed")?.data;
    if (decision === undefined) throw new Error("A route came to no decision.");
    const crossed = facts.find((fact) => fact.type === "emergence_crossed")?.data;
    return { decision, alert: crossed?.direction === "up" ? crossed : null };
  } catch (error) {
    if (error instanceof HolodeckError) metrics.refused();
    throw error;
  } finally {
    metrics.routeTook((performance.now() - start) / 1_000);
  }
}
