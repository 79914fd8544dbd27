// Changing a fleet: who is in it, what ties them, where tasks go.
import type { Context, Hono } from "hono";
import type { ServerEnv } from "../principal.ts";
import type { Untimed } from "../../event/runtime.ts";
import type { FleetCommand } from "../../fleet/fleet-facts.ts";
import { loops } from "../../fleet/graph.ts";
import { invalid } from "../query.ts";
import {
  agentIn,
  checkFields,
  edgeIn,
  FIELDS,
  fleetOf,
  keyOf,
  readFields,
  readOptionalObject,
  taskIn,
  taskNameIn,
  textIn,
} from "./fleet-body.ts";
import type { FleetParts } from "./fleet-parts.ts";
import { routeTask } from "./route-request.ts";

export function addFleetWriting(app: Hono<ServerEnv>, parts: FleetParts): void {
  addVertices(app, parts);
  addTasks(app, parts);
  app.post("/edges", async (c) => {
    const edge = edgeIn(await readFields(c, FIELDS.edge));
    return await give(parts, c, { type: "add_edge", ...edge }, "added");
  });
  app.delete("/edges", async (c) => {
    const edge = edgeIn(await readFields(c, FIELDS.edge));
    return await give(parts, c, { type: "remove_edge", ...edge }, "removed");
  });
  app.post("/reset", async (c) => {
    checkFields(await readOptionalObject(c), FIELDS.nothing);
    return await give(parts, c, { type: "reset" }, "reset");
  });
}

function addVertices(app: Hono<ServerEnv>, parts: FleetParts): void {
  app.post("/agents", async (c) => {
    const agent = agentIn(await readFields(c, FIELDS.agent));
    return await give(parts, c, { type: "register_agent", ...agent }, "registered");
  });
  app.delete("/agents/:id", async (c) => {
    const command = { type: "unregister_agent", agent_id: idIn(c) } as const;
    return await give(parts, c, command, "unregistered");
  });
  app.post("/heartbeat", async (c) => {
    const agent_id = textIn(await readFields(c, FIELDS.agentName), "agent_id");
    const fleet = fleetOf(c);
    await parts.fleets.request(fleet, { type: "heartbeat", agent_id }, keyOf(c));
    const { state } = await parts.fleets.latest(fleet);
    const due = state.deadlines.of(agent_id);
    return c.json({ status: "heard", due_at: due === null ? null : new Date(due).toISOString() });
  });
  app.post("/resources", async (c) => {
    const resource_id = textIn(await readFields(c, FIELDS.resource), "resource_id");
    return await give(parts, c, { type: "add_resource", resource_id }, "added");
  });
  app.delete("/resources/:id", async (c) => {
    return await give(parts, c, { type: "remove_resource", resource_id: idIn(c) }, "removed");
  });
}

function addTasks(app: Hono<ServerEnv>, parts: FleetParts): void {
  app.post("/tasks", async (c) => {
    const task = taskIn(await readFields(c, FIELDS.task));
    return await give(parts, c, { type: "register_task", ...task }, "registered");
  });
  app.post("/route", async (c) => {
    const { decision, alert } = await routeTask(parts, c, await readFields(c, FIELDS.route));
    return c.json({ ...decision, alert });
  });
  app.post("/confirm", async (c) => {
    const task = taskNameIn(await readFields(c, FIELDS.taskName));
    return await give(parts, c, { type: "confirm", ...task }, "confirmed");
  });
  app.post("/complete", async (c) => {
    const task = taskNameIn(await readFields(c, FIELDS.taskName));
    return await give(parts, c, { type: "complete", ...task }, "completed");
  });
}

/** Answers what the fleet has come to with it. */
async function give(
  { fleets }: FleetParts,
  c: Context,
  command: Untimed<FleetCommand>,
  status: string,
): Promise<Response> {
  const fleet = fleetOf(c);
  await fleets.request(fleet, command, keyOf(c));
  const { state, seq } = await fleets.latest(fleet);
  const counts = state.graph.counts();
  return c.json({
    status,
    seq,
    n_vertices: counts.vertices,
    n_edges: counts.edges,
    n_components: counts.components,
    h1_dimension: loops(counts),
    emergence: state.emergence.above,
  });
}

/** The id at the end of the path. Throws `invalid_argument` when it is not encoded as URLs are. */
function idIn(c: Context): string {
  const last = new URL(c.req.url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch (cause) {
    throw invalid(`${JSON.stringify(last)} is not encoded as URLs are.`, "Encode it as UTF-8.", cause);
  }
}
