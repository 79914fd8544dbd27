// Every route of both ports, asked with every kind of key: a table says which class of access each has, and what each
// key is answered there. A route that stands in no class fails the test, so whoever adds one says who may.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRouter } from "../src/server/fleet/router.ts";
import { KeyRing } from "../src/server/key-ring.ts";
import { liveApp } from "../src/server/live.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { platoApp } from "../src/server/plato.ts";
import { ENDPOINTS } from "../src/server/v1/app.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { TestClock } from "../src/testing/test-clock.ts";

/** `roomed` and `sessioned` are agents for one room, or one session, alone; `deputy` is an agent without a scope. */
const ASKERS = ["nobody", "observer", "roomed", "sessioned", "deputy", "operator"] as const;

type Asker = (typeof ASKERS)[number];

/** What is answered: `in` is anything but being turned away; `gone` what is said of what does not exist. */
type Answer = "in" | "no key" | "denied" | "gone";

const CLASSES = {
  open: ["in", "in", "in", "in", "in", "in"],
  /** What is shown is masked. */
  read: ["no key", "in", "in", "in", "in", "in"],
  /** Over all sessions. */
  whole: ["no key", "in", "denied", "denied", "in", "in"],
  /** Of the one session that `sessioned` sees. */
  see: ["no key", "in", "gone", "in", "in", "in"],
  work: ["no key", "denied", "gone", "in", "in", "in"],
  direct: ["no key", "denied", "denied", "denied", "in", "in"],
  /** Into the one room that `roomed` sees. */
  writeRoom: ["no key", "denied", "in", "denied", "in", "in"],
  /** Each tile of a batch is judged alone. */
  writeRooms: ["no key", "denied", "in", "in", "in", "in"],
  /** A fleet is one whole. */
  fleetRead: ["no key", "in", "denied", "denied", "in", "in"],
  fleetWrite: ["no key", "denied", "denied", "denied", "in", "in"],
  operate: ["no key", "denied", "denied", "denied", "denied", "in"],
} as const satisfies Readonly<Record<string, readonly Answer[]>>;

type Access = keyof typeof CLASSES;

const PLATO: Readonly<Record<string, Access>> = {
  "GET /health": "open",
  "GET /": "read",
  "GET /status": "read",
  "GET /stats": "read",
  "GET /rooms": "read",
  "GET /room/*": "read",
  "GET /tiles/recent": "read",
  "GET /search": "read",
  "GET /export/plato-tile-spec": "read",
  "GET /verify/:hash": "read",
  "GET /provenance/chain": "read",
  "POST /submit": "writeRoom",
  "POST /room/*": "writeRoom",
  "POST /submit_batch": "writeRooms",
  "POST /supersede": "writeRoom",
  "POST /retract": "writeRoom",
};

const LIVE: Readonly<Record<string, Access>> = { "GET /v1/events": "read" };

const V1: Readonly<Record<string, Access>> = {
  "POST /v1/sessions": "direct",
  "GET /v1/sessions": "read",
  "GET /v1/sessions/:session_id": "see",
  "GET /v1/sessions/:session_id/persist": "see",
  "GET /v1/sessions/:session_id/states/:seq": "see",
  "GET /v1/sessions/:session_id/tasks": "see",
  "GET /v1/sessions/:session_id/tasks/:task_id": "see",
  "GET /v1/sessions/:session_id/tasks/:task_id/result": "see",
  "GET /v1/sessions/:session_id/events": "see",
  "GET /v1/sessions/:session_id/tiles": "see",
  "GET /v1/sessions/:session_id/blobs": "see",
  "GET /v1/sessions/:session_id/blobs/:hash": "see",
  "POST /v1/sessions/:session_id/tasks": "work",
  "POST /v1/sessions/:session_id/tasks/:task_id/start": "work",
  "POST /v1/sessions/:session_id/tasks/:task_id/heartbeat": "work",
  "POST /v1/sessions/:session_id/tasks/:task_id/complete": "work",
  "POST /v1/sessions/:session_id/tasks/:task_id/fail": "work",
  "POST /v1/sessions/:session_id/tasks/:task_id/cancel": "work",
  "POST /v1/sessions/:session_id/end": "direct",
  "POST /v1/sessions/:session_id/fork": "direct",
  "POST /v1/sessions/:session_id/resume": "direct",
  "POST /v1/sessions/:session_id/route": "work",
  "POST /v1/sessions/:session_id/agents": "direct",
  "GET /v1/sessions/:session_id/agents": "see",
  "POST /v1/sessions/:session_id/agents/:agent_id/heartbeat": "work",
  "POST /v1/sessions/:session_id/agents/:agent_id/detach": "direct",
  "POST /v1/sessions/:session_id/roles/:role_id/revoke": "direct",
  "POST /v1/sessions/:session_id/decide": "work",
  "GET /v1/sessions/:session_id/decisions": "see",
  "POST /v1/sessions/:session_id/decisions/replay": "direct",
  "GET /v1/sessions/:session_id/objects": "see",
  "GET /v1/sessions/:session_id/objects/:key/audit": "see",
  "POST /v1/policies": "operate",
  "GET /v1/policies": "operate",
  "GET /v1/policies/:policy_id": "operate",
  "GET /v1/policies/:policy_id/audit": "operate",
  "POST /v1/policies/:policy_id/statements": "operate",
  "POST /v1/policies/:policy_id/statements/:statement_id/remove": "operate",
  "POST /v1/identities": "operate",
  "GET /v1/identities": "operate",
  "GET /v1/identities/:identity_id": "operate",
  "GET /v1/identities/:identity_id/audit": "operate",
  "POST /v1/identities/:identity_id/grant": "operate",
  "POST /v1/identities/:identity_id/revoke": "operate",
  "POST /v1/identities/:identity_id/remove": "operate",
  "POST /v1/roles": "operate",
  "GET /v1/roles": "operate",
  "GET /v1/roles/:role_id": "operate",
  "GET /v1/roles/:role_id/audit": "operate",
  "POST /v1/roles/:role_id/retire": "operate",
  "GET /v1/rooms": "read",
  "GET /v1/rooms/:room/tiles": "read",
  "GET /v1/metrics": "whole",
  "GET /metrics": "whole",
  "GET /v1/health": "open",
  "GET /healthz": "open",
  "GET /readyz": "open",
  "GET /v1/openapi.json": "read",
  "GET /v1/docs": "read",
};

/** Below /v1/fleet, on both ports. */
const FLEET: Readonly<Record<string, Access>> = {
  "GET /": "fleetRead",
  "GET /fleets": "fleetRead",
  "GET /graph": "fleetRead",
  "GET /agents": "fleetRead",
  "GET /history": "fleetRead",
  "GET /components": "fleetRead",
  "GET /cycles": "fleetRead",
  "GET /rigidity": "fleetRead",
  "GET /articulation": "fleetRead",
  "GET /waits": "fleetRead",
  "POST /agents": "fleetWrite",
  "DELETE /agents/:id": "fleetWrite",
  "POST /heartbeat": "fleetWrite",
  "POST /resources": "fleetWrite",
  "DELETE /resources/:id": "fleetWrite",
  "POST /tasks": "fleetWrite",
  "POST /route": "fleetWrite",
  "POST /confirm": "fleetWrite",
  "POST /complete": "fleetWrite",
  "POST /edges": "fleetWrite",
  "DELETE /edges": "fleetWrite",
  "POST /what-if": "fleetWrite",
  "POST /reset": "operate",
};

const WIRE: Readonly<Record<string, Access>> = {
  "GET /health": "open",
  "GET /status": "fleetRead",
  "GET /h1-snapshot": "fleetRead",
  "GET /agents": "fleetRead",
  "GET /metrics": "fleetRead",
  "POST /route": "fleetWrite",
  "POST /register/agent": "fleetWrite",
  "POST /register/task": "fleetWrite",
  "POST /unregister/agent": "fleetWrite",
  "POST /complete": "fleetWrite",
  "POST /reset": "operate",
};

/** Of /v1, on the router's port too. */
const PROBES: Readonly<Record<string, Access>> = {
  "GET /healthz": "open",
  "GET /readyz": "open",
  "GET /v1/health": "open",
};

interface Way {
  readonly port: "main" | "router";
  /** `GET /room/*` */
  readonly route: string;
  readonly access: Access;
}

const store = new MemoryStore();
const clock = new TestClock();
const reported: unknown[] = [];
const report = (error: unknown): void => void reported.push(error);
const moment = () => ({ now: clock.now(), boot: clock.boot() });
const keys = new Map<Asker, string>();
let server: RunningServer;
let session = "";
let asked = 0;

beforeAll(async () => {
  server = await startServer({ store, clock, report, port: 0, routerPort: 0, version: "1" });
  const started = await post("/v1/sessions", { session_name: "s", agent_id: "a" });
  session = ((await started.json()) as { session_id: string }).session_id;
  await post(`/v1/sessions/${session}/tasks`, { task_id: "one" });
  const ring = new KeyRing({ store, moment });
  keys.set("observer", await ring.create({ name: "observer", role: "observer" }));
  keys.set("roomed", await ring.create({ name: "roomed", role: "agent", rooms: ["hall"] }));
  keys.set("sessioned", await ring.create({ name: "sessioned", role: "agent", sessions: [session] }));
  keys.set("deputy", await ring.create({ name: "deputy", role: "agent" }));
  keys.set("operator", await ring.create({ name: "operator", role: "operator" }));
});

afterAll(async () => await server.close());

async function post(path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const address = `http://127.0.0.1:${server.port}${path}`;
  return await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Routes that somebody serves: what stands under every path is no route. */
function routesOf(app: { readonly routes: readonly { readonly method: string; readonly path: string }[] }) {
  const all = app.routes.map(({ method, path }) => `${method} ${path}`);
  return [...new Set(all)].filter((route) => !/^(?:ALL|POST) (?:\/v1\/fleet)?\/\*$/.test(route));
}

function mountedAt(
  prefix: string,
  routes: Readonly<Record<string, Access>>,
): Readonly<Record<string, Access>> {
  const mounted = Object.entries(routes).map(([route, access]) => {
    const [method = "", path = ""] = route.split(" ");
    return [`${method} ${prefix}${path === "/" ? "" : path}`, access] as const;
  });
  return Object.fromEntries(mounted);
}

const FLEET_MOUNTED = mountedAt("/v1/fleet", FLEET);

const WAYS: readonly Way[] = [
  ...waysOf("main", { ...PLATO, ...LIVE, ...V1, ...FLEET_MOUNTED }),
  ...waysOf("router", { ...WIRE, ...PROBES, ...FLEET_MOUNTED }),
];

function waysOf(port: Way["port"], routes: Readonly<Record<string, Access>>): readonly Way[] {
  return Object.entries(routes).map(([route, access]) => ({ port, route, access }));
}

function named(routes: Readonly<Record<string, Access>>): readonly string[] {
  return Object.keys(routes).sort();
}

test("every route there is has a class of access", () => {
  const h1 = createRouter({ store, clock, moment, report });
  expect(routesOf(platoApp({ store, moment, version: "1", report })).sort()).toEqual(named(PLATO));
  expect(routesOf(liveApp({ store, clock, report }).app).sort()).toEqual(named(LIVE));
  const endpoints = ENDPOINTS.map(
    ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
  );
  expect(endpoints.sort()).toEqual(named(V1));
  expect(routesOf(h1.fleetApp).sort()).toEqual(named(FLEET));
  expect(routesOf(h1.app).sort()).toEqual(named({ ...WIRE, ...FLEET_MOUNTED }));
});

/** Sessions take what they know and nothing else; all others find something in it, with another answer each time. */
function bodyFor(route: string): string {
  if (route.endsWith(":session_id/route")) return JSON.stringify({ task_id: "one" });
  if (route.endsWith(":session_id/tasks")) return JSON.stringify({ task_id: `task-${asked++}` });
  if (route.endsWith("/decide")) return JSON.stringify({ agent_id: "one", action: "read", resource: "x" });
  if (route.includes("/v1/sessions")) return "{}";
  const hash = "0".repeat(64);
  const answer = `An answer that is long enough, the one with the number ${asked++}.`;
  const tile = { domain: "hall", question: "What is it?", answer, source: "s" };
  const ids = { room: "hall", tile_hash: hash, old_hash: hash, reason: "r", agent_id: "a", task_id: "t" };
  return JSON.stringify({ ...tile, ...ids, new_tile: tile, tiles: [tile] });
}

async function ask({ port, route }: Pick<Way, "port" | "route">, asker: Asker): Promise<number> {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern
    .replace("*", method === "POST" ? "hall/tile" : "hall")
    .replace(":session_id", session)
    .replace(":seq", "1")
    .replace(":room", "hall")
    .replace(":hash", "0".repeat(64))
    .replace(":key", "note%3Aone")
    .replaceAll(/:\w+/g, "one");
  const key = keys.get(asker);
  const response = await fetch(
    `http://127.0.0.1:${port === "main" ? server.port : server.routerPort}${path}`,
    {
      method,
      headers: { "content-type": "application/json", ...(key !== undefined && { "x-api-key": key }) },
      ...(method !== "GET" && { body: bodyFor(route) }),
    },
  );
  await response.body?.cancel();
  return response.status;
}

const ANSWERS: Readonly<Record<number, Answer>> = { 401: "no key", 403: "denied", 404: "gone" };

/** What is asked for is not there for anybody: no tile, blob, result, agent or object, and nothing that could be completed. */
function isMissingAnyway(route: string): boolean {
  return !route.includes("/v1/sessions") || /:hash|:agent_id|:key|\/result$/.test(route);
}

test.each(WAYS)("$port: $route is for whom $access says", async (way) => {
  for (const [index, asker] of ASKERS.entries()) {
    const expected = CLASSES[way.access][index];
    const status = await ask(way, asker);
    const isMissing = status === 404 && expected === "in" && isMissingAnyway(way.route);
    const answer = isMissing ? "in" : (ANSWERS[status] ?? "in");
    expect([asker, status, answer]).toEqual([asker, status, expected]);
    expect(status).toBeLessThan(500);
  }
});

const PORTS = ["main", "router"] as const;

test.each(PORTS)("%s: who asks whether it lives is told so, and may only ask", async (port) => {
  for (const route of ["/health", "/healthz", "/readyz", "/v1/health"]) {
    expect([route, await ask({ port, route: `GET ${route}` }, "nobody")]).toEqual([route, 200]);
    expect([route, await ask({ port, route: `POST ${route}` }, "nobody")]).toEqual([route, 401]);
  }
});

test.each(PORTS)("%s: what is not there is told to who may ask, and to nobody else", async (port) => {
  for (const path of ["/nothing", "/v1/fleet/nothing"]) {
    const way = { port, route: `GET ${path}` };
    expect([path, await ask(way, "nobody")]).toEqual([path, 401]);
    for (const asker of ["observer", "deputy", "operator"] as const)
      expect([path, asker, await ask(way, asker)]).toEqual([path, asker, 404]);
  }
});

test("no fault of the server came to light", () => {
  expect(reported).toEqual([]);
});
