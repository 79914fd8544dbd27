// What would be, without anything being so: a task routed, a batch of tasks routed together, an edge added.
import type { Context, Hono } from "hono";
import type { ServerEnv } from "../principal.ts";
import { isRefusal } from "../../event/decider.ts";
import { HolodeckError } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import type { EmergenceCrossed, FleetCommand, FleetFact } from "../../fleet/fleet-facts.ts";
import { loops } from "../../fleet/graph.ts";
import { routeAhead } from "../../fleet/route-ahead.ts";
import { readJsonObject } from "../json-body.ts";
import { checkFields, edgeIn, FIELDS, fleetOf, objectsIn, routeIn, taskIn } from "./fleet-body.ts";
import type { FleetParts } from "./fleet-parts.ts";
import type { FleetNow } from "./fleets.ts";

/** `{tasks: […]}` looks ahead over them, `{a, b, kind}` adds an edge, anything else is a route. */
export function addWhatIf(app: Hono<ServerEnv>, parts: FleetParts): void {
  app.post("/what-if", async (c: Context) => {
    const body = await readJsonObject(c);
    const now = await parts.fleets.now(fleetOf(c));
    if (body["tasks"] !== undefined) return c.json({ seq: now.seq, ...ahead(now, body) });
    const isEdge = body["kind"] !== undefined;
    return c.json({ seq: now.seq, ...(isEdge ? edge(parts, now, body) : route(parts, now, body)) });
  });
}

function ahead({ state }: FleetNow, body: JsonObject) {
  const answer = routeAhead(
    state,
    objectsIn(checkFields(body, FIELDS.plan), "tasks").map((task) => taskIn(checkFields(task, FIELDS.task))),
  );
  if ("code" in answer) throw new HolodeckError(answer.code, answer);
  return answer;
}

function route(parts: FleetParts, now: FleetNow, body: JsonObject) {
  const facts = decide(parts, now, {
    type: "route",
    ...routeIn(checkFields(body, FIELDS.route)),
    now: parts.now(),
  });
  const decision = facts.find((fact) => fact.type === "task_routed")?.data;
  return { ...decision, alert: alertIn(facts) };
}

function edge(parts: FleetParts, now: FleetNow, body: JsonObject) {
  const asked = edgeIn(checkFields(body, FIELDS.edge));
  const { graph } = now.state;
  const facts = decide(parts, now, { type: "add_edge", ...asked, now: parts.now() });
  const closesLoop =
    !graph.adjacent(asked.a, asked.b) && graph.componentOf(asked.a) === graph.componentOf(asked.b);
  const h1_before = loops(graph.counts());
  return { h1_before, h1_after: h1_before + (closesLoop ? 1 : 0), alert: alertIn(facts) };
}

/** What a command would bring. Throws when it would be refused. */
function decide({ fleets }: FleetParts, { state }: FleetNow, command: FleetCommand): readonly FleetFact[] {
  const decision = fleets.aggregate.decide(state, command);
  if (isRefusal(decision)) throw new HolodeckError(decision.code, decision);
  return decision;
}

function alertIn(facts: readonly FleetFact[]): EmergenceCrossed | null {
  const crossed = facts.find((fact) => fact.type === "emergence_crossed")?.data;
  return crossed?.direction === "up" ? crossed : null;
}
