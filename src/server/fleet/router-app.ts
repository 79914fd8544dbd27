// The H1 router of spec/wire.md §2 as an application: requests in, responses out, no port.
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { RoutingDecision } from "../../fleet/fleet-facts.ts";
import { carryTrace } from "../carry-trace.ts";
import type { ServerEnv } from "../principal.ts";
import { answerError } from "../problem.ts";
import { streamAgents } from "./agent-list.ts";
import { fleetApp } from "./fleet-app.ts";
import { agentIn, fleetOf, keyOf, readOptionalObject, taskIn, taskNameIn, textIn } from "./fleet-body.ts";
import type { FleetParts } from "./fleet-parts.ts";
import { checkFleetRights } from "./fleet-rights.ts";
import { readJsonObject } from "../json-body.ts";
import { routeTask } from "./route-request.ts";

/** `/v1/fleet` is there too. */
export function routerApp(parts: FleetParts, authenticate?: MiddlewareHandler<ServerEnv>): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>();
  if (authenticate !== undefined) app.use(authenticate);
  app.use(carryTrace);
  // Before the rights: whether it lives is told to whoever asks, and /v1/fleet asks for them itself.
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.route("/v1/fleet", fleetApp(parts));
  app.use(checkFleetRights);
  addReading(app, parts);
  addWriting(app, parts);
  app.onError((error, c) => answerError(c, error, parts.report));
  app.notFound((c) =>
    c.json({ error: `There is no ${c.req.method} ${c.req.path}. GET /status and POST /route are.` }, 404),
  );
  return app;
}

function addReading(app: Hono<ServerEnv>, { fleets, reports, metrics }: FleetParts): void {
  app.get("/status", async (c) => c.json(reports.status(await fleets.now(fleetOf(c)))));
  app.get("/h1-snapshot", async (c) => c.json(reports.snapshot(await fleets.now(fleetOf(c)))));
  app.get("/agents", async (c) => {
    const { state } = await fleets.now(fleetOf(c));
    return c.body(streamAgents(state), 200, { "content-type": "application/json" });
  });
  app.get("/metrics", async (c) =>
    c.body(await metrics.text(fleets), 200, { "content-type": metrics.contentType }),
  );
}

function addWriting(app: Hono<ServerEnv>, parts: FleetParts): void {
  const { fleets } = parts;
  app.post("/route", async (c) => {
    const { decision } = await routeTask(parts, c, await readJsonObject(c));
    return c.json(wireDecision(decision));
  });
  app.post("/register/agent", async (c) => {
    const agent = agentIn(await readJsonObject(c));
    await fleets.request(fleetOf(c), { type: "register_agent", ...agent }, keyOf(c));
    return c.json({ status: "registered" });
  });
  app.post("/register/task", async (c) => {
    const task = taskIn(await readJsonObject(c));
    await fleets.request(fleetOf(c), { type: "register_task", ...task }, keyOf(c));
    return c.json({ status: "registered" });
  });
  app.post("/unregister/agent", async (c) => {
    const agent_id = textIn(await readJsonObject(c), "agent_id");
    await fleets.request(fleetOf(c), { type: "unregister_agent", agent_id }, keyOf(c));
    return c.json({ status: "unregistered" });
  });
  app.post("/complete", async (c) => {
    const task = taskNameIn(await readJsonObject(c));
    await fleets.request(fleetOf(c), { type: "complete", ...task }, keyOf(c));
    return c.json({ status: "completed" });
  });
  app.post("/reset", async (c: Context) => {
    await readOptionalObject(c);
    await fleets.request(fleetOf(c), { type: "reset" }, keyOf(c));
    return c.json({ status: "reset" });
  });
}

/** The members the wire has, in its order; `/v1/fleet/route` tells all. */
function wireDecision(decision: RoutingDecision): Readonly<Record<string, string | number>> {
  const { agent_id, task_id, h1_before, h1_after, confidence } = decision;
  const { emergence_risk, capability_match_score, reasoning } = decision;
  return {
    agent_id,
    task_id,
    h1_before,
    h1_after,
    confidence,
    emergence_risk,
    capability_match_score,
    reasoning,
  };
}
