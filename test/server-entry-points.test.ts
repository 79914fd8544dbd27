// Every way into the server, found by asking its applications for their routes: each is called over the port without a
// key, with a wrong one and a revoked one, with an observer's, and with one for other sessions and rooms. A route that is
// not called here fails, and so does one that shows or changes what the key does not let it.
import { expect, test } from "vitest";
import { createRouter } from "../src/server/fleet/router.ts";
import { liveApp } from "../src/server/live.ts";
import { platoApp } from "../src/server/plato.ts";
import { ENDPOINTS, v1App } from "../src/server/v1/app.ts";
import { machineProcesses } from "../src/run/machine-processes.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { testManager } from "../src/testing/test-manager.ts";
import { ask, OPERATOR, PROBE, SECRET, withWorld, type Asked, type Port, type World } from "./entry-world.ts";

type Request = (world: World) => Asked;

const to =
  (path: string, body?: object): Request =>
  () => ({ path, ...(body !== undefined && { body }) });

/** At /v1/fleet, on both ports. */
const FLEET: Readonly<Record<string, Request>> = {
  "GET /v1/fleet": to("/v1/fleet"),
  "GET /v1/fleet/fleets": to("/v1/fleet/fleets"),
  "GET /v1/fleet/graph": to("/v1/fleet/graph"),
  "GET /v1/fleet/agents": to("/v1/fleet/agents"),
  "GET /v1/fleet/history": to("/v1/fleet/history"),
  "GET /v1/fleet/components": to("/v1/fleet/components"),
  "GET /v1/fleet/cycles": to("/v1/fleet/cycles"),
  "GET /v1/fleet/rigidity": to("/v1/fleet/rigidity"),
  "GET /v1/fleet/articulation": to("/v1/fleet/articulation"),
  "GET /v1/fleet/waits": to("/v1/fleet/waits"),
  "POST /v1/fleet/edges": to("/v1/fleet/edges", { a: "a", b: "c", kind: "delegation" }),
  "DELETE /v1/fleet/edges": to("/v1/fleet/edges", { a: "a", b: "b", kind: "delegation" }),
  "POST /v1/fleet/reset": to("/v1/fleet/reset", {}),
  "POST /v1/fleet/agents": to("/v1/fleet/agents", { agent_id: "new" }),
  "DELETE /v1/fleet/agents/:id": to("/v1/fleet/agents/a"),
  "POST /v1/fleet/heartbeat": to("/v1/fleet/heartbeat", { agent_id: "a" }),
  "POST /v1/fleet/resources": to("/v1/fleet/resources", { resource_id: "r2" }),
  "DELETE /v1/fleet/resources/:id": to("/v1/fleet/resources/r"),
  "POST /v1/fleet/tasks": to("/v1/fleet/tasks", { task_id: "new" }),
  "POST /v1/fleet/route": to("/v1/fleet/route", { task_id: "new" }),
  "POST /v1/fleet/confirm": to("/v1/fleet/confirm", { task_id: "routed", session_id: "s" }),
  "POST /v1/fleet/complete": to("/v1/fleet/complete", { task_id: "t" }),
  "POST /v1/fleet/what-if": to("/v1/fleet/what-if", { task_id: "new" }),
};

const ROUTER: Readonly<Record<string, Request>> = {
  "GET /health": to("/health"),
  "GET /status": to("/status"),
  "GET /h1-snapshot": to("/h1-snapshot"),
  "GET /agents": to("/agents"),
  "GET /metrics": to("/metrics"),
  "POST /route": to("/route", { task_id: "new" }),
  "POST /register/agent": to("/register/agent", { agent_id: "new" }),
  "POST /register/task": to("/register/task", { task_id: "new" }),
  "POST /unregister/agent": to("/unregister/agent", { agent_id: "a" }),
  "POST /complete": to("/complete", { task_id: "t" }),
  "POST /reset": to("/reset", {}),
  ...FLEET,
};

const MAIN: Readonly<Record<string, Request>> = {
  "GET /": to("/"),
  "GET /health": to("/health"),
  "GET /status": to("/status"),
  "GET /stats": to("/stats"),
  "GET /rooms": to("/rooms"),
  "GET /room/*": to("/room/vault"),
  "GET /tiles/recent": to("/tiles/recent"),
  "GET /search": to("/search?q=pond"),
  "GET /export/plato-tile-spec": to("/export/plato-tile-spec"),
  "GET /verify/:hash": ({ tileHash }) => ({ path: `/verify/${tileHash}` }),
  "GET /provenance/chain": to("/provenance/chain?room=vault"),
  "POST /submit": to("/submit", { room: "vault", ...PROBE }),
  "POST /submit_batch": to("/submit_batch", { tiles: [{ room: "vault", ...PROBE }] }),
  "POST /room/*": to("/room/vault/tile", PROBE),
  "POST /supersede": ({ tileHash }) => ({
    path: "/supersede",
    body: { room: "vault", old_hash: tileHash, new_tile: PROBE },
  }),
  "POST /retract": ({ tileHash }) => ({
    path: "/retract",
    body: { room: "vault", tile_hash: tileHash, reason: "no" },
  }),
  "GET /v1/events": to("/v1/events?after=start"),
  ...FLEET,
  ...Object.fromEntries(ENDPOINTS.map(v1Request)),
};

/** Of an endpoint of /v1, from its own declaration. */
function v1Request({ method, path, example }: (typeof ENDPOINTS)[number]): readonly [string, Request] {
  const task = /\/(result|heartbeat)$/.exec(path)?.[1];
  const taskId = task === "result" ? "done" : task === "heartbeat" ? "running" : "t";
  const request: Request = ({ sessionId, blobHash }) => ({
    path: path
      .replace("{session_id}", sessionId)
      .replace("{task_id}", taskId)
      .replace("{seq}", "3")
      .replace("{hash}", blobHash)
      .replace("{room}", "vault")
      .replace("{policy_id}", "house")
      .replace("{statement_id}", SECRET)
      .replace("{identity_id}", "ada")
      .replace("{role_id}", "reader")
      .replace("{agent_id}", "bot")
      .replace("{key}", "note%3Aplan"),
    // The example's agent is there already.
    ...(method === "post" && { body: path.endsWith("/agents") ? { agent_id: "new" } : (example.body ?? {}) }),
  });
  return [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`, request];
}

/** For who watches whether the server lives, with or without a key. */
const OPEN: ReadonlySet<string> = new Set(["GET /health", "GET /healthz", "GET /readyz", "GET /v1/health"]);

const EVERY: readonly (readonly [Port, string, Request])[] = [
  ...Object.entries(MAIN).map(([route, request]) => ["main", route, request] as const),
  ...Object.entries(ROUTER).map(([route, request]) => ["router", route, request] as const),
];

test("every way in is called here", () => {
  const store = new MemoryStore();
  const clock = new TestClock();
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const parts = { store, clock, moment, version: "1", processes: machineProcesses, report: () => undefined };
  const live = liveApp({ ...parts, limits: {} });
  const router = createRouter(parts);
  const mount = (app: ReturnType<typeof v1App>): void =>
    void app.route("/", live.app).route("/v1/fleet", router.fleetApp);
  const v1 = v1App({ ...parts, manager: testManager().manager, mount });
  expect(Object.keys(MAIN).toSorted()).toEqual(waysInto(v1, platoApp(parts)));
  expect(Object.keys(ROUTER).toSorted()).toEqual(waysInto(router.app));
});

interface Routed {
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

/** What stands under every path is no way in: it is passed on the way. */
function waysInto(...apps: readonly Routed[]): readonly string[] {
  const ways = apps
    .flatMap((app) => app.routes)
    .filter(({ path }) => !/^(?:\/v1\/fleet)?\/?\*$/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
  return [...new Set(ways)].toSorted();
}

test("without a key that holds, nothing is shown and nothing changed", async () => {
  await withWorld(async (made) => {
    const before = await made.store.end();
    for (const [port, route, request] of EVERY) {
      for (const key of [null, "wrong", `${OPERATOR}x`, made.revoked]) {
        const [method = ""] = route.split(" ");
        const { status, text } = await ask(made, port, method, request(made), key);
        expect([port, route, status]).toEqual([port, route, OPEN.has(route) ? 200 : 401]);
        expect(text).not.toContain(SECRET);
      }
    }
    expect(await made.store.end()).toEqual(before);
  });
});

test("an observer's key changes nothing anywhere", async () => {
  await withWorld(async (made) => {
    const before = await made.store.end();
    for (const [port, route, request] of EVERY) {
      const [method = ""] = route.split(" ");
      if (method === "GET") continue;
      const { status } = await ask(made, port, method, request(made), made.observer);
      expect([port, route, status]).toEqual([port, route, 403]);
    }
    expect(await made.store.end()).toEqual(before);
  });
});

test("a key for other sessions and rooms is shown nothing of these, and changes nothing in them", async () => {
  await withWorld(async (made) => {
    const before = await made.store.end();
    for (const [port, route, request] of EVERY) {
      const [method = ""] = route.split(" ");
      const isLive = route === "GET /v1/events";
      for (const key of isLive ? [made.foreign] : [made.foreign, made.stranger]) {
        const { status, text } = await ask(made, port, method, request(made), key, isLive ? made.mine : "");
        expect(text, `${port} ${route}`).not.toContain(SECRET);
        const isFleets = (route.includes("/v1/fleet") || port === "router") && !OPEN.has(route);
        const refusals = isFleets ? [403] : route.includes(":session_id") ? [403, 404] : [200, 400, 403, 404];
        expect([port, route, refusals.includes(status) ? "" : status]).toEqual([port, route, ""]);
      }
    }
    expect(await made.store.end()).toEqual(before);
  });
});

const FLEET_NUMBERS = ["", "/fleets", "/history", "/components", "/cycles", "/rigidity", "/waits"].map(
  (path) => `/v1/fleet${path}`,
);

/** What shows even an operator none of it: numbers, and what the service says of itself. */
const SHOWS_NONE: readonly string[] = [
  ...["/", "/health", "/status", "/stats", "/verify/:hash", "/provenance/chain"].map(
    (path) => `main GET ${path}`,
  ),
  ...FLEET_NUMBERS.map((path) => `main GET ${path}`),
  ...["/objects", "/objects/:key/audit", "/blobs"].map((path) => `main GET /v1/sessions/:session_id${path}`),
  ...["/v1/metrics", "/metrics", "/v1/health", "/healthz", "/readyz", "/v1/openapi.json", "/v1/docs"].map(
    (path) => `main GET ${path}`,
  ),
  ...["/health", "/status", "/h1-snapshot", "/metrics", ...FLEET_NUMBERS].map((path) => `router GET ${path}`),
];

test("the operator's key is let in everywhere, and shown what others are not: these requests are sound", async () => {
  const showsNone: string[] = [];
  for (const [port, route, request] of EVERY) {
    await withWorld(async (made) => {
      const [method = ""] = route.split(" ");
      const until = route === "GET /v1/events" ? SECRET : "";
      const { status, text } = await ask(made, port, method, request(made), OPERATOR, until);
      expect([port, route, status, status < 300 ? "" : text]).toEqual([port, route, expect.any(Number), ""]);
      if (method === "GET" && !text.includes(SECRET)) showsNone.push(`${port} ${route}`);
    });
  }
  expect(showsNone).toEqual(SHOWS_NONE);
});
