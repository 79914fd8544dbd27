// A task routed as a request asks for it, measured and counted.
import { performance } from "node:perf_hooks";
import type { Context } from "hono";
import { HolodeckError } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import type { EmergenceCrossed, FleetFact, TaskRouted } from "../../fleet/fleet-facts.ts";
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
    const facts = await fleets.request(fleetOf(c), { type: "route", ...asked }, keyOf(c));
    return routedIn(facts);
  } catch (error) {
    if (error instanceof HolodeckError) metrics.refused();
    throw error;
  } finally {
    metrics.routeTook((performance.now() - start) / 1_000);
  }
}

/** Of a repeated request the events go on past what it wrote: a crossing of its own comes right after the decision. */
function routedIn(facts: readonly FleetFact[]): Routed {
  const place = facts.findIndex((fact) => fact.type === "task_routed");
  const [routed, next] = [facts[place], facts[place + 1]];
  if (routed?.type !== "task_routed") throw new Error("A route came to no decision.");
  const crossed = next?.type === "emergence_crossed" ? next.data : null;
  const isOwn = crossed?.direction === "up" && crossed.routing_decision !== null;
  return { decision: untraced(routed.data), alert: isOwn ? untraced(crossed) : null };
}

/** On behalf of which trace it was decided is told to nobody who asks what was. */
function untraced<Data extends JsonObject>(data: Data): Data {
  const { trace: _, ...told } = data;
  return told as Data;
}
