// What the server says of itself: health, description, status, numbers.
import { frontPage } from "./front-page.ts";
import type { Plato } from "./plato-parts.ts";
import { visibleTotals } from "./visible.ts";

/** All there is; what stands under /v1 beside it is described there. */
export const API: readonly string[] = [
  "GET /health",
  "GET /",
  "GET /status",
  "GET /rooms",
  "GET /room/{name}",
  "GET /room/{name}/history",
  "GET /room/{name}/tiles",
  "GET /tiles/recent",
  "GET /search",
  "GET /stats",
  "POST /submit",
  "POST /room/{name}/tile",
  "POST /submit_batch",
  "POST /retract",
  "POST /supersede",
  "GET /verify/{hash}",
  "GET /provenance/chain",
  "GET /export/plato-tile-spec",
  "GET /v1/docs",
  "GET /v1/openapi.json",
];

export function addFacts({ app, counts, census, gate, version, instance, uptime }: Plato): void {
  app.get("/health", async (c) => {
    const { tiles } = await counts.current();
    return c.json({ status: "ok", instance, tiles });
  });

  app.get("/", async (c) => {
    const { tiles, rooms } = visibleTotals(await counts.current(), c.get("principal"));
    const facts = { service: "plato-tile-server", version, instance, tiles, rooms: rooms.size };
    if (!(c.req.header("accept") ?? "").includes("text/html")) return c.json({ ...facts, api: API });
    c.header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    return c.html(frontPage(facts, [...rooms.values()], API));
  });

  app.get("/status", async (c) => {
    const principal = c.get("principal");
    const { tiles, rooms } = visibleTotals(await counts.current(), principal);
    return c.json({
      status: "active",
      version,
      uptime: uptime(),
      gate_stats: gate.snapshot(principal),
      rooms: rooms.size,
      total_tiles: tiles,
      accepts_object_answers: true,
    });
  });

  app.get("/stats", async (c) => {
    const principal = c.get("principal");
    const { tiles, rooms } = visibleTotals(await counts.current(), principal);
    const { agents, tilesOfDay } = await census.current(principal);
    return c.json({
      instance,
      total_tiles: tiles,
      total_rooms: rooms.size,
      total_agents: agents,
      tiles_24h: tilesOfDay,
      sync_enabled: false,
      fleet_connected: false,
    });
  });
}
