// Every way into the server: on which port, for whom, and a sound request to the world of `entry-world.ts`. Who adds a
// route adds it here, and says who may.
import { ENDPOINTS } from "../src/server/v1/app.ts";
import { PROBE, SECRET, type Asked, type Port, type World } from "./entry-world.ts";

type Request = (world: World) => Asked;

export interface Way {
  readonly port: Port;
  /** `GET /room/*` */
  readonly route: string;
  readonly method: string;
  readonly access: Access;
  readonly request: Request;
}

/** `roomed` and `sessioned` are agents for one room, or one session, alone; `deputy` is an agent without a scope. */
export const ASKERS = ["nobody", "observer", "roomed", "sessioned", "deputy", "operator"] as const;

export type Asker = (typeof ASKERS)[number];

/** What is answered: `in` is anything but being turned away; `gone` what is said of what does not exist. */
export type Answer = "in" | "no key" | "denied" | "gone";

export const CLASSES = {
  open: ["in", "in", "in", "in", "in", "in"],
  /** What is shown is masked. */
  read: ["no key", "in", "in", "in", "in", "in"],
  /** Of the one room that `roomed` sees. */
  readRoom: ["no key", "in", "in", "gone", "in", "in"],
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

type Routes = Readonly<Record<string, readonly [Access, Request]>>;

const to =
  (path: string, body?: object): Request =>
  () => ({ path, ...(body !== undefined && { body }) });

/** At /v1/fleet, on both ports. */
const FLEET: Routes = {
  "GET /v1/fleet": ["fleetRead", to("/v1/fleet")],
  "GET /v1/fleet/fleets": ["fleetRead", to("/v1/fleet/fleets")],
  "GET /v1/fleet/graph": ["fleetRead", to("/v1/fleet/graph")],
  "GET /v1/fleet/agents": ["fleetRead", to("/v1/fleet/agents")],
  "GET /v1/fleet/history": ["fleetRead", to("/v1/fleet/history")],
  "GET /v1/fleet/components": ["fleetRead", to("/v1/fleet/components")],
  "GET /v1/fleet/cycles": ["fleetRead", to("/v1/fleet/cycles")],
  "GET /v1/fleet/rigidity": ["fleetRead", to("/v1/fleet/rigidity")],
  "GET /v1/fleet/articulation": ["fleetRead", to("/v1/fleet/articulation")],
  "GET /v1/fleet/waits": ["fleetRead", to("/v1/fleet/waits")],
  "POST /v1/fleet/edges": ["fleetWrite", to("/v1/fleet/edges", { a: "a", b: "c", kind: "delegation" })],
  "DELETE /v1/fleet/edges": ["fleetWrite", to("/v1/fleet/edges", { a: "a", b: "b", kind: "delegation" })],
  "POST /v1/fleet/reset": ["operate", to("/v1/fleet/reset", {})],
  "POST /v1/fleet/agents": ["fleetWrite", to("/v1/fleet/agents", { agent_id: "new" })],
  "DELETE /v1/fleet/agents/:id": ["fleetWrite", to("/v1/fleet/agents/a")],
  "POST /v1/fleet/heartbeat": ["fleetWrite", to("/v1/fleet/heartbeat", { agent_id: "a" })],
  "POST /v1/fleet/resources": ["fleetWrite", to("/v1/fleet/resources", { resource_id: "r2" })],
  "DELETE /v1/fleet/resources/:id": ["fleetWrite", to("/v1/fleet/resources/r")],
  "POST /v1/fleet/tasks": ["fleetWrite", to("/v1/fleet/tasks", { task_id: "new" })],
  "POST /v1/fleet/route": ["fleetWrite", to("/v1/fleet/route", { task_id: "new" })],
  "POST /v1/fleet/confirm": ["fleetWrite", to("/v1/fleet/confirm", { task_id: "routed", session_id: "s" })],
  "POST /v1/fleet/complete": ["fleetWrite", to("/v1/fleet/complete", { task_id: "t" })],
  "POST /v1/fleet/what-if": ["fleetWrite", to("/v1/fleet/what-if", { task_id: "new" })],
};

const WIRE: Routes = {
  "GET /health": ["open", to("/health")],
  "GET /status": ["fleetRead", to("/status")],
  "GET /h1-snapshot": ["fleetRead", to("/h1-snapshot")],
  "GET /agents": ["fleetRead", to("/agents")],
  "GET /metrics": ["fleetRead", to("/metrics")],
  "POST /route": ["fleetWrite", to("/route", { task_id: "new" })],
  "POST /register/agent": ["fleetWrite", to("/register/agent", { agent_id: "new" })],
  "POST /register/task": ["fleetWrite", to("/register/task", { task_id: "new" })],
  "POST /unregister/agent": ["fleetWrite", to("/unregister/agent", { agent_id: "a" })],
  "POST /complete": ["fleetWrite", to("/complete", { task_id: "t" })],
  "POST /reset": ["operate", to("/reset", {})],
};

const PLATO: Routes = {
  "GET /": ["read", to("/")],
  "GET /health": ["open", to("/health")],
  "GET /status": ["read", to("/status")],
  "GET /stats": ["read", to("/stats")],
  "GET /rooms": ["read", to("/rooms")],
  "GET /room/*": ["read", to("/room/vault")],
  "GET /tiles/recent": ["read", to("/tiles/recent")],
  "GET /search": ["read", to("/search?q=pond")],
  "GET /export/plato-tile-spec": ["read", to("/export/plato-tile-spec")],
  "GET /verify/:hash": ["readRoom", ({ tileHash }) => ({ path: `/verify/${tileHash}` })],
  "GET /provenance/chain": ["read", to("/provenance/chain?room=vault")],
  "POST /submit": ["writeRoom", to("/submit", { room: "vault", ...PROBE })],
  "POST /submit_batch": ["writeRooms", to("/submit_batch", { tiles: [{ room: "vault", ...PROBE }] })],
  "POST /room/*": ["writeRoom", to("/room/vault/tile", PROBE)],
  "POST /supersede": [
    "writeRoom",
    ({ tileHash }) => ({
      path: "/supersede",
      body: { room: "vault", old_hash: tileHash, new_tile: PROBE },
    }),
  ],
  "POST /retract": [
    "writeRoom",
    ({ tileHash }) => ({
      path: "/retract",
      body: { room: "vault", tile_hash: tileHash, reason: "no" },
    }),
  ],
};

const LIVE: Routes = { "GET /v1/events": ["read", to("/v1/events?after=start")] };

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
  "GET /v1/rooms/:room/tiles": "readRoom",
  "GET /v1/metrics": "whole",
  "GET /metrics": "whole",
  "GET /v1/health": "open",
  "GET /healthz": "open",
  "GET /readyz": "open",
  "GET /v1/openapi.json": "read",
  "GET /v1/docs": "read",
};

const V1_REQUESTS = new Map(ENDPOINTS.map(v1Request));

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

/** What of /v1 the router's port answers too. */
const PROBES: ReadonlySet<string> = new Set(["GET /healthz", "GET /readyz", "GET /v1/health"]);

/** Those of /v1 whose requests no endpoint declares are not there: the test of the routes says which. */
const OF_V1: readonly Way[] = Object.entries(V1).flatMap(([route, access]) => {
  const request = V1_REQUESTS.get(route);
  return request === undefined ? [] : waysOf("main", { [route]: [access, request] });
});

export const WAYS: readonly Way[] = [
  ...waysOf("main", { ...PLATO, ...LIVE, ...FLEET }),
  ...OF_V1,
  ...waysOf("router", { ...WIRE, ...FLEET }),
  ...OF_V1.filter(({ route }) => PROBES.has(route)).map((way): Way => ({ ...way, port: "router" })),
];

function waysOf(port: Port, routes: Routes): readonly Way[] {
  return Object.entries(routes).map(([route, [access, request]]) => {
    const [method = ""] = route.split(" ");
    return { port, route, method, access, request };
  });
}
