// What an operator acts on: components over the line, who is in each loop, single points of failure, who waits for
// whom, what is redundant. Lists come in pages, long members cut.
import type { Hono } from "hono";
import type { ServerEnv } from "../principal.ts";
import { isEmergent, marginOf } from "../../fleet/emergence.ts";
import { fundamentalCycles } from "../../fleet/cycles.ts";
import { loops } from "../../fleet/graph.ts";
import { invalid } from "../query.ts";
import { fleetOf } from "./fleet-body.ts";
import { pageIn, pageOf } from "./fleet-page.ts";
import type { FleetParts } from "./fleet-parts.ts";
import type { FleetNow } from "./fleets.ts";

/** How many of the members of one loop or deadlock an answer names. */
const MEMBERS_MAX = 1_000;

export function addAnalysis(app: Hono<ServerEnv>, parts: FleetParts): void {
  addLoops(app, parts);
  addDangers(app, parts);
}

function addLoops(app: Hono<ServerEnv>, { fleets, reports }: FleetParts): void {
  app.get("/components", async (c) => {
    const now = await fleets.now(fleetOf(c));
    const emergent = c.req.query("emergent");
    if (emergent !== undefined && emergent !== "true")
      throw invalid(
        "`emergent` is not true.",
        "Pass true for those above the threshold alone, or leave it out.",
      );
    const isFlaggedOnly = emergent === "true";
    const { items: components, next } = pageOf(componentsOf(now, isFlaggedOnly), pageIn(c));
    return c.json({ seq: now.seq, n_components: now.state.graph.counts().components, components, next });
  });

  app.get("/cycles", async (c) => {
    const now = await fleets.now(fleetOf(c));
    const { items, next } = pageOf(fundamentalCycles(reports.plain(now)), pageIn(c));
    const cycles = items.map((members) => cut(members));
    return c.json({ seq: now.seq, h1_dimension: loops(now.state.graph.counts()), cycles, next });
  });

  app.get("/rigidity", async (c) => {
    const now = await fleets.now(fleetOf(c));
    const { whole, components, redundantEdges } = reports.rigidity(now);
    const page = pageIn(c);
    const componentsHere = pageOf(components, page);
    const redundantHere = pageOf(redundantEdges, page);
    return c.json({
      seq: now.seq,
      whole,
      components: componentsHere.items,
      redundant_edges: redundantHere.items.map(([a, b]) => ({ a, b })),
      next: componentsHere.next ?? redundantHere.next,
    });
  });
}

function addDangers(app: Hono<ServerEnv>, { fleets, reports }: FleetParts): void {
  app.get("/articulation", async (c) => {
    const now = await fleets.now(fleetOf(c));
    const { points, bridges } = reports.articulation(now);
    const page = pageIn(c);
    const pointsHere = pageOf(points, page);
    const bridgesHere = pageOf(bridges, page);
    return c.json({
      seq: now.seq,
      n_points: points.length,
      n_bridges: bridges.length,
      points: pointsHere.items.map((id) => ({ id, kind: now.state.graph.kindOf(id) })),
      bridges: bridgesHere.items.map(([a, b]) => ({ a, b })),
      next: pointsHere.next ?? bridgesHere.next,
    });
  });

  app.get("/waits", async (c) => {
    const now = await fleets.now(fleetOf(c));
    const { deadlocks, pingPongs } = reports.waits(now);
    const page = pageIn(c);
    const deadlocksHere = pageOf(deadlocks, page);
    const pingPongsHere = pageOf(pingPongs, page);
    return c.json({
      seq: now.seq,
      deadlocks: deadlocksHere.items.map(({ members, cycle }) => ({
        ...cut(members),
        cycle: cycle.slice(0, MEMBERS_MAX),
      })),
      ping_pong: pingPongsHere.items,
      next: deadlocksHere.next ?? pingPongsHere.next,
    });
  });
}

/** One member of each component, and its numbers as if it were a fleet of its own. */
function* componentsOf({ state, settings }: FleetNow, isFlaggedOnly: boolean) {
  for (const { member, counts } of state.graph.components()) {
    const emergence = isEmergent(counts, settings.offset);
    if (isFlaggedOnly && !emergence) continue;
    yield {
      member,
      n_vertices: counts.vertices,
      n_edges: counts.edges,
      h1_dimension: loops(counts),
      margin: marginOf(counts, settings.offset),
      emergence,
    };
  }
}

function cut(members: readonly string[]) {
  return { length: members.length, members: members.slice(0, MEMBERS_MAX) };
}
