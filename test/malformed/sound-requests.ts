// Requests that would be taken, one for each thing that changes something and a few that read, against a server with a
// session, a room and a fleet in it. What is malformed is made from them, so that it is nearly sound.
import type { JsonObject } from "../../src/event/json.ts";

export interface Sound {
  readonly port: "main" | "router";
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Null for what has no body. */
  readonly body: JsonObject | null;
  /** Members without which it is refused. */
  readonly required: readonly string[];
  /** Whether a member it does not know is refused. */
  readonly isStrict: boolean;
}

const TILE = { domain: "hall", question: "what is new here?", answer: "twenty characters, and more" };
const STATEMENT = { id: "s", roles: ["*"], effect: "allow", actions: ["read"], resources: ["*"] };
const DECIDE = { agent_id: "bot", action: "read", resource: "x", context: { n: 1 } };
const SESSION = "/v1/sessions/sess_a";
const HASH = "a".repeat(64);

export const SOUND: readonly Sound[] = [
  ...plato(),
  ...v1(),
  ...fleets("main", "/v1/fleet"),
  ...fleets("router", "/v1/fleet"),
  ...router(),
  ...reads(),
];

type Write = (path: string, body: JsonObject, ...required: readonly string[]) => Sound;

interface Common extends Pick<Sound, "port" | "method" | "isStrict"> {
  /** Before the path. */
  readonly root?: string;
}

function writing({ root = "", ...common }: Common): Write {
  return (path, body, ...required) => ({ ...common, path: `${root}${path}`, body, required });
}

function plato(): readonly Sound[] {
  const post = writing({ port: "main", method: "POST", isStrict: false });
  return [
    post("/submit", TILE, "domain", "question", "answer"),
    post("/room/hall/tile", TILE, "question", "answer"),
    post("/submit_batch", { tiles: [TILE] }, "tiles"),
    post("/retract", { room: "hall", tile_hash: HASH, reason: "old" }, "room", "tile_hash"),
    post("/supersede", { room: "hall", old_hash: HASH, new_tile: TILE }, "room", "old_hash", "new_tile"),
  ];
}

function v1(): readonly Sound[] {
  const post = writing({ port: "main", method: "POST", isStrict: true });
  return [
    post("/v1/sessions", { session_name: "s", agent_id: "a" }, "session_name", "agent_id"),
    post(`${SESSION}/end`, { outcome: "success" }),
    post(`${SESSION}/fork`, { seq: 1 }),
    post(`${SESSION}/tasks`, { task_id: "new", data: { n: 1 } }, "task_id"),
    post(`${SESSION}/tasks/waiting/start`, { agent_id: "a" }),
    post(`${SESSION}/tasks/running/heartbeat`, {}),
    post(`${SESSION}/tasks/running/complete`, { outcome: "success", result: 1 }),
    post(`${SESSION}/tasks/running/fail`, { error: "it broke" }),
    post(`${SESSION}/tasks/waiting/cancel`, { reason: "no more" }),
    post(`${SESSION}/agents`, { agent_id: "bot", heartbeat_seconds: 10 }, "agent_id"),
    post(`${SESSION}/agents/bot/heartbeat`, {}),
    post(`${SESSION}/decide`, DECIDE, "agent_id", "action", "resource"),
    post(`${SESSION}/decisions/replay`, { statements: [STATEMENT] }, "statements"),
    post(`${SESSION}/roles/reader/revoke`, {}),
    post(`${SESSION}/agents/bot/detach`, { reason: "done" }),
    post("/v1/policies", { policy_id: "house", statements: [STATEMENT] }, "policy_id", "statements"),
    post("/v1/policies/house/statements", { statement: STATEMENT }, "statement"),
    post("/v1/policies/house/statements/s/remove", {}),
    post("/v1/identities", { identity_id: "ada", roles: ["reader"] }, "identity_id"),
    post("/v1/identities/ada/grant", { role_id: "writer" }, "role_id"),
    post("/v1/identities/ada/revoke", { role_id: "reader" }, "role_id"),
    post("/v1/identities/ada/remove", { expected_version: 3 }),
    post("/v1/roles", { role_id: "reader" }, "role_id"),
    post("/v1/roles/reader/retire", {}),
  ];
}

function fleets(port: Sound["port"], root: string): readonly Sound[] {
  const post = writing({ port, method: "POST", isStrict: true, root });
  const remove = writing({ port, method: "DELETE", isStrict: true, root });
  const edge = { a: "agent", b: "other", kind: "delegation" };
  return [
    post("/agents", { agent_id: "new", capabilities: ["c"] }, "agent_id"),
    post("/heartbeat", { agent_id: "agent" }, "agent_id"),
    post("/resources", { resource_id: "disk" }, "resource_id"),
    post("/tasks", { task_id: "new", required_capabilities: ["c"] }, "task_id"),
    post("/route", { task_id: "new", agents_needed: 1 }, "task_id"),
    post("/complete", { task_id: "task" }, "task_id"),
    post("/edges", edge, "a", "b", "kind"),
    remove("/edges", edge, "a", "b", "kind"),
    post("/reset", {}),
  ];
}

function router(): readonly Sound[] {
  const post = writing({ port: "router", method: "POST", isStrict: false });
  return [
    post("/route", { task_id: "new", required_capabilities: ["c"] }, "task_id"),
    post("/register/agent", { agent_id: "new", capabilities: ["c"] }, "agent_id"),
    post("/register/task", { task_id: "new" }, "task_id"),
    post("/unregister/agent", { agent_id: "agent" }, "agent_id"),
    post("/complete", { task_id: "task" }, "task_id"),
    post("/reset", {}),
  ];
}

function reads(): readonly Sound[] {
  const paths = [
    "/",
    "/rooms",
    "/room/hall",
    "/status",
    "/stats",
    "/tiles/recent",
    "/search?q=new",
    "/verify/x",
  ];
  const own = [
    "/sessions",
    "/sessions/sess_a",
    "/sessions/sess_a/tasks",
    "/sessions/sess_a/events",
    "/sessions/sess_a/agents",
    "/sessions/sess_a/decisions",
    "/sessions/sess_a/objects",
    "/sessions/sess_a/objects/note%3Aplan/audit",
    "/events?after=x",
    "/rooms",
    "/policies",
    "/identities",
    "/policies/house",
    "/identities/ada/audit",
  ];
  const fleet = ["", "/graph", "/agents", "/cycles", "/waits", "/components", "/history", "/fleets"];
  const get = (port: Sound["port"], path: string): Sound => {
    return { port, method: "GET", path, body: null, required: [], isStrict: false };
  };
  return [
    ...paths.map((path) => get("main", path)),
    ...own.map((path) => get("main", `/v1${path}`)),
    ...fleet.flatMap((path) => [get("main", `/v1/fleet${path}`), get("router", `/v1/fleet${path}`)]),
    ...["/status", "/agents", "/h1-snapshot", "/metrics"].map((path) => get("router", path)),
  ];
}
