// What a fleet is: its counts, its graph, its agents, how its loops came about.
import type { Hono } from "hono";
import type { ServerEnv } from "../principal.ts";
import { streamKey } from "../../event/event.ts";
import type { FleetState } from "../../fleet/fleet-state.ts";
import { agentView } from "../../fleet/fleet-view.ts";
import type { EdgeView, VertexKind } from "../../fleet/graph.ts";
import { limitOf } from "../query.ts";
import { fleetOf } from "./fleet-body.ts";
import { pageIn, pageOf } from "./fleet-page.ts";
import type { FleetParts } from "./fleet-parts.ts";

type GraphItem =
  | { readonly vertex: { readonly id: string; readonly kind: VertexKind | null } }
  | { readonly edge: EdgeView };

const FLEETS_DEFAULT = 50;

export function addFleetReading(app: Hono<ServerEnv>, parts: FleetParts): void {
  addFleets(app, parts);
  addLists(app, parts);
}

function addFleets(app: Hono<ServerEnv>, { fleets, reports }: FleetParts): void {
  app.get("/", async (c) => {
    const fleet = fleetOf(c);
    const now = await fleets.now(fleet);
    const { offset, room } = now.settings;
    const { crossings } = now.state.emergence;
    const plato_url = now.state.settings?.plato_url ?? null;
    return c.json({
      fleet,
      seq: now.seq,
      ...reports.status(now),
      crossings,
      settings: { offset, room, plato_url, min_confidence: now.settings.minConfidence },
    });
  });

  app.get("/fleets", async (c) => {
    const after = c.req.query("after") ?? "";
    const page = { limit: limitOf(c, FLEETS_DEFAULT), ...(after !== "" && { after }) };
    const { items, next } = await fleets.list(page);
    return c.json({
      fleets: items.map(({ stream, seq, status, summary }) => ({
        fleet: streamKey(stream),
        seq,
        status,
        ...summary,
      })),
      next,
    });
  });
}

function addLists(app: Hono<ServerEnv>, { fleets }: FleetParts): void {
  app.get("/graph", async (c) => {
    const { state, seq } = await fleets.now(fleetOf(c));
    const { items, next } = pageOf(graphItems(state), pageIn(c));
    return c.json({
      seq,
      vertices: items.flatMap((item) => ("vertex" in item ? [item.vertex] : [])),
      edges: items.flatMap((item) => ("edge" in item ? [item.edge] : [])),
      next,
    });
  });

  app.get("/agents", async (c) => {
    const { state, seq } = await fleets.now(fleetOf(c));
    const { items, next } = pageOf(state.selection.ids(), pageIn(c));
    return c.json({ seq, agents: items.map((id) => agentOf(state, id)), next });
  });

  app.get("/history", async (c) => {
    const { state, seq } = await fleets.now(fleetOf(c));
    const { items, next } = pageOf(state.history.samples().toReversed(), pageIn(c));
    const changes = items.map(({ at, ...sample }) => ({ ...sample, at: new Date(at).toISOString() }));
    return c.json({ seq, changes, next });
  });
}

/** All vertices, then all edges. */
function* graphItems({ graph }: FleetState): Generator<GraphItem> {
  for (const id of graph.vertices()) yield { vertex: { id, kind: graph.kindOf(id) } };
  for (const edge of graph.edges()) yield { edge };
}

function agentOf(state: FleetState, id: string) {
  const due = state.deadlines.of(id);
  return {
    ...agentView(state, id),
    capacity: state.selection.capacity(id),
    heartbeat_seconds: state.heartbeats.get(id) ?? null,
    due_at: due === null ? null : new Date(due).toISOString(),
  };
}
