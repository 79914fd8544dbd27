// What others serve under /v1, described beside what this folder serves: live events (`server/live.ts`) and fleets
// (`server/fleet/fleet-app.ts`). A test holds the document to the routes that there are.
import { z } from "zod";
import type { JsonObject } from "../../event/json.ts";
import { AGENTS_NEEDED_MAX, CAPABILITIES_MAX, CAPABILITY_LENGTH_MAX } from "../../fleet/fleet-limits.ts";
import type { Described, Group } from "./endpoint.ts";
import { text, whole } from "./fields.ts";

interface Given extends Pick<Described, "method" | "path" | "summary"> {
  readonly description?: string;
  readonly pathFields?: Readonly<Record<string, z.ZodType>>;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly refusals?: Described["refusals"];
  /** Fields of the answer, as a sentence. */
  readonly what: string;
  readonly example?: { readonly path?: string; readonly body?: JsonObject; readonly answer?: JsonObject };
}

const liveEvents: Described = {
  method: "get",
  path: "/v1/events",
  group: "What happened",
  summary: "Follow what happens, live",
  description:
    "Server-sent events: each has an id, its type as `event`, and as `data` one line of JSON with `stream`, `seq`, `hash`, `at`, `type`, `room`, `data`. First what came after the place that was named, then what comes: no gap, nothing twice. Values of one name are alternatives, the names hold together. Besides events: a comment every 15 s, with an id; `event: gap` where events were pruned, with `stream`, `from`, `to`; `event: bye` before the server ends the stream, with `reason` and the id to `resume` from.",
  access: "anyone",
  pathSchema: z.object({}),
  querySchema: z.object({
    after: z
      .string()
      .describe("The id of an event, or `start` for all there is. Left out: what comes from now on.")
      .optional(),
    stream: z.array(z.string()).max(100).describe("Streams, as `session:sess_…`. Repeat it.").optional(),
    room: z.array(z.string()).max(100).describe("Rooms. Repeat it.").optional(),
    type: z.array(z.string()).max(100).describe("Types of events. Repeat it.").optional(),
  }),
  bodySchema: null,
  headers: ["last_event_id"],
  answer: { status: 200, what: "The stream.", type: "text/event-stream", schema: null },
  refusals: ["pruned", "too_many", "store_closed"],
  example: { path: "/v1/events?after=start&type=task_ended" },
};

const FLEETS: Group = "Fleets";

const fleet = text("Which fleet. Default `default`.").optional();
const page = {
  limit: whole(1, 1_000, "At most so many. Default 100.").optional(),
  after: z.string().describe("The `next` of the page before.").optional(),
};
const agent_id = text("The agent.");
const task_id = text("The task.");
const session_id = text("The task's session, where it has one.").optional();
const required_capabilities = names("What its agent must be able to do. Default none.").optional();
const task = { task_id, session_id, required_capabilities };
const edge = {
  a: vertex("One end: an agent, a resource, or a task."),
  b: vertex("The other end."),
  kind: z.enum(["assignment", "delegation", "dependency"]).describe("What ties them."),
  directed: z
    .boolean()
    .describe("Whether `a` waits for `b` (dependency) or hands over to it (delegation). Default false.")
    .optional(),
};
const EDGE: JsonObject = { a: "oracle1", b: "scout", kind: "delegation" };

/** A task's vertex has its session's id before its own. */
function vertex(describe: string) {
  return z.string().min(1).max(513).describe(describe);
}

function names(describe: string) {
  return z.array(z.string().min(1).max(CAPABILITY_LENGTH_MAX)).max(CAPABILITIES_MAX).describe(describe);
}

function reading({ query, ...given }: Omit<Given, "method">): Described {
  return described({ ...given, method: "get", query: { fleet, ...query } }, "all");
}

/** What changes a fleet answers what the fleet has come to with it. */
function writing(given: Omit<Given, "what"> & { readonly what?: string }): Described {
  const what =
    "`status`, and of the fleet `seq`, `n_vertices`, `n_edges`, `n_components`, `h1_dimension`, `emergence`.";
  const refusals = ["not_found", "conflict", "fleet_full", "idempotency_key_reused"] as const;
  return described({ what, refusals, ...given, query: { fleet } }, "direct", ["effect_key", "traceparent"]);
}

function described(given: Given, access: Described["access"], headers: Described["headers"] = []): Described {
  const { pathFields = {}, query = {}, body, refusals = [], what, example = {}, ...rest } = given;
  return {
    ...rest,
    group: FLEETS,
    access,
    headers,
    refusals,
    pathSchema: z.strictObject(pathFields),
    querySchema: z.strictObject(query),
    bodySchema: body === undefined ? null : z.strictObject(body),
    answer: { status: 200, what, type: "application/json", schema: null },
    example: { path: rest.path, ...example },
  };
}

const read = [
  reading({
    path: "/v1/fleet",
    summary: "Read a fleet",
    description:
      "A fleet is who there is, which tasks they have, and what ties them; its loops (β₁) against the threshold tell when coordination is more than it needs. A key for certain sessions or rooms sees no fleet.",
    what: "`fleet`, `seq`, the members of the router's `/status`, `crossings` and `settings`.",
  }),
  reading({
    path: "/v1/fleet/fleets",
    summary: "List fleets",
    query: page,
    what: "`fleets`, each with `fleet`, `seq`, `status` and its numbers, and `next`.",
  }),
  reading({
    path: "/v1/fleet/graph",
    summary: "List vertices and edges",
    query: page,
    what: "`seq`, `vertices`, `edges`, `next`: all vertices come before all edges.",
  }),
  reading({
    path: "/v1/fleet/agents",
    summary: "List agents",
    query: page,
    what: "`seq`, `agents` with `agent_id`, `capabilities`, `n_tasks`, `capacity`, `heartbeat_seconds`, `due_at`, and `next`.",
  }),
  reading({
    path: "/v1/fleet/components",
    summary: "List components with their loops",
    query: { ...page, emergent: z.enum(["true"]).describe("Those above the threshold alone.").optional() },
    what: "`seq`, `n_components`, `components` with one `member` and their numbers each, `next`.",
  }),
  reading({
    path: "/v1/fleet/cycles",
    summary: "Name who is in each loop",
    query: page,
    what: "`seq`, `h1_dimension`, `cycles` with `length` and at most 1,000 `members`, `next`.",
  }),
  reading({
    path: "/v1/fleet/articulation",
    summary: "Name single points of failure",
    query: page,
    what: "`seq`, `n_points`, `n_bridges`, `points`, `bridges`, `next`.",
  }),
  reading({
    path: "/v1/fleet/waits",
    summary: "Name deadlocks and ping-pong",
    query: page,
    what: "`seq`, `deadlocks`, `ping_pong`, `next`.",
  }),
  reading({
    path: "/v1/fleet/rigidity",
    summary: "Tell what is rigid, and what is redundant",
    query: page,
    what: "`seq`, `whole`, `components`, `redundant_edges`, `next`.",
  }),
  reading({
    path: "/v1/fleet/history",
    summary: "List changes of β₁, newest first",
    description: "The newest 1,000.",
    query: page,
    what: "`seq`, `changes`, `next`.",
  }),
];

const routing = {
  ...task,
  prefer_agents: z.array(text("An agent.")).max(64).describe("Of equals, these first.").optional(),
  agents_needed: whole(1, AGENTS_NEEDED_MAX, "How many agents. Default 1.").optional(),
  policy: z.enum(["h1", "load", "blast-radius"]).describe("How it is chosen. Default h1.").optional(),
};

const changed = [
  writing({
    method: "post",
    path: "/v1/fleet/agents",
    summary: "Register an agent",
    description: "Again with other capabilities, it has those and keeps its tasks.",
    body: {
      agent_id,
      capabilities: names("What it can do. Default none.").optional(),
      capacity: whole(0, 1_000_000, "Tasks at a time. Default no limit.").optional(),
      heartbeat_seconds: whole(1, 86_400, "Silent for longer, it is given up. Default never.").optional(),
    },
    example: { body: { agent_id: "oracle1", capabilities: ["research"] } },
  }),
  writing({
    method: "delete",
    path: "/v1/fleet/agents/{id}",
    summary: "Unregister an agent",
    pathFields: { id: agent_id },
    example: { path: "/v1/fleet/agents/oracle1" },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/heartbeat",
    summary: "Tell that an agent is there",
    body: { agent_id },
    what: "`status`, and `due_at`, when it is given up; null for never.",
    example: { body: { agent_id: "oracle1" } },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/resources",
    summary: "Add a resource",
    body: { resource_id: text("The resource.") },
    example: { body: { resource_id: "gpu-1" } },
  }),
  writing({
    method: "delete",
    path: "/v1/fleet/resources/{id}",
    summary: "Remove a resource",
    pathFields: { id: text("The resource.") },
    example: { path: "/v1/fleet/resources/gpu-1" },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/edges",
    summary: "Add an edge",
    body: edge,
    example: { body: EDGE },
  }),
  writing({
    method: "delete",
    path: "/v1/fleet/edges",
    summary: "Remove an edge",
    body: edge,
    example: { body: EDGE },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/tasks",
    summary: "Register a task",
    body: task,
    example: { body: { task_id: "analyze", required_capabilities: ["research"] } },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/route",
    summary: "Route a task",
    body: routing,
    what: "The members of the router's `/route`, all that led to the decision, and the `alert` that came with it, or null.",
    example: { body: { task_id: "analyze", required_capabilities: ["research"] } },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/confirm",
    summary: "Confirm that a task was taken",
    description: "An assignment for a session that nobody confirms within 60 s is freed.",
    body: { task_id, session_id },
    example: { body: { task_id: "analyze" } },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/complete",
    summary: "Complete a task",
    description: "It leaves the graph with its edges.",
    body: { task_id, session_id },
    example: { body: { task_id: "analyze" } },
  }),
  writing({
    method: "post",
    path: "/v1/fleet/reset",
    summary: "Clear a fleet's edges",
    description: "For operators.",
    body: {},
    example: { body: {} },
  }),
];

const whatIf = described(
  {
    method: "post",
    path: "/v1/fleet/what-if",
    summary: "Ask what would be",
    description:
      "Changes nothing. With `tasks` it looks ahead over them; with `a`, `b` and `kind` it adds an edge; anything else is a route.",
    query: { fleet },
    body: {
      tasks: z.array(z.strictObject(task)).describe("Tasks to be routed together.").optional(),
      ...z.object({ ...edge, ...routing }).partial().shape,
    },
    refusals: ["not_found", "conflict", "fleet_full"],
    what: "`seq`, and what would be: a decision, a plan for the tasks, or `h1_before`, `h1_after` and `alert`.",
    example: { body: { task_id: "analyze" } },
  },
  "direct",
);

export const ELSEWHERE: readonly Described[] = [liveEvents, ...read, ...changed, whatIf];
