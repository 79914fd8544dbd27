// What stands in a request about a fleet, and the command it asks for. What is longer or more than a fleet takes is
// refused by its decider, in the same words.
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Json, JsonObject } from "../../event/json.ts";
import type { AgentAsked, EdgeName, RouteAsked, RoutingPolicy, TaskName } from "../../fleet/fleet-facts.ts";
import type { EdgeKind } from "../../fleet/graph.ts";
import type { PendingTask } from "../../fleet/route-ahead.ts";
import { readJsonObject } from "../json-body.ts";
import { invalid } from "../query.ts";
import { DEFAULT_FLEET } from "./fleets.ts";

const KEY_LENGTH_MAX = 255;
const POLICIES: readonly RoutingPolicy[] = ["h1", "load", "blast-radius"];
const EDGE_KINDS: readonly EdgeKind[] = ["assignment", "delegation", "dependency"];

/** `?fleet=`: the fleet that is meant. */
export function fleetOf(c: Context): string {
  const name = c.req.query("fleet");
  return name === undefined || name === "" ? DEFAULT_FLEET : name;
}

/** Throws `invalid_argument` for what the address asks and nobody knows at this path, and for what stands twice. */
export const checkQuery = createMiddleware(async (c, next) => {
  const known = queryFields(c.req.method, c.req.path);
  for (const [name, values] of Object.entries(c.req.queries())) {
    const shown = JSON.stringify(name.slice(0, 80));
    if (!known.includes(name))
      throw invalid(`Nothing is asked by ${shown} here.`, `Use ${known.join(", ")}.`);
    if (values.length > 1) throw invalid(`${shown} stands twice.`, "Pass it once.");
  }
  await next();
});

function queryFields(method: string, path: string): readonly string[] {
  const isList = ["GET", "HEAD"].includes(method) && !/\/fleet\/?$/.test(path);
  const list = isList ? ["limit", "after"] : [];
  return ["fleet", ...list, ...(path.endsWith("/components") ? ["emergent"] : [])];
}

/** The header `Idempotency-Key`; null without one. */
export function keyOf(c: Context): string | null {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return null;
  if (key !== "" && key.length <= KEY_LENGTH_MAX) return key;
  throw invalid("The idempotency key is not a text of 1 to 255 characters.", "Use a random id, for example.");
}

/** The body of a request that needs none: an empty one, or an object. */
export async function readOptionalObject(c: Context): Promise<JsonObject> {
  const length = c.req.header("content-length");
  const isChunked = c.req.header("transfer-encoding") !== undefined;
  return isChunked || (length ?? "0") !== "0" ? await readJsonObject(c) : {};
}

const TASK_NAME_FIELDS = ["task_id", "session_id"] as const;
const TASK_FIELDS = [...TASK_NAME_FIELDS, "required_capabilities"] as const;

/** What the bodies of `/v1/fleet` may hold; the router's own, as in the field, may hold more. */
export const FIELDS = {
  agent: ["agent_id", "capabilities", "capacity", "heartbeat_seconds"],
  agentName: ["agent_id"],
  resource: ["resource_id"],
  taskName: TASK_NAME_FIELDS,
  task: TASK_FIELDS,
  route: [...TASK_FIELDS, "prefer_agents", "agents_needed", "policy"],
  edge: ["a", "b", "kind", "directed"],
  plan: ["tasks"],
  nothing: [],
} as const;

/** Throws `invalid_argument` for fields nobody knows here: a name with a slip in it is not passed over in silence. */
export function checkFields(body: JsonObject, fields: readonly string[]): JsonObject {
  const unknown = Object.keys(body).find((name) => !fields.includes(name));
  if (unknown === undefined) return body;
  const todo = fields.length === 0 ? "Send {}." : `Use ${fields.join(", ")}.`;
  throw invalid(`\`${unknown.slice(0, 80)}\` is not known here.`, todo);
}

/** The body of a request to `/v1/fleet`, with these fields and no others. */
export async function readFields(c: Context, fields: readonly string[]): Promise<JsonObject> {
  return checkFields(await readJsonObject(c), fields);
}

/** A text that must be there. */
export function textIn(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`The body has no \`${name}\`.`, `Send \`${name}\` as a text that is not empty.`);
}

/** A number that is null takes a limit away; one that is left out leaves it as it is. */
export function agentIn(body: JsonObject): AgentAsked {
  const { capacity, heartbeat_seconds } = body;
  return {
    agent_id: textIn(body, "agent_id"),
    ...listIn(body, "capabilities"),
    ...(capacity !== undefined && { capacity: numberIn(body, "capacity") }),
    ...(heartbeat_seconds !== undefined && { heartbeat_seconds: numberIn(body, "heartbeat_seconds") }),
  };
}

export function taskNameIn(body: JsonObject): TaskName {
  const isOwn = body["session_id"] === undefined || body["session_id"] === null;
  return {
    task_id: textIn(body, "task_id"),
    ...(isOwn ? {} : { session_id: textIn(body, "session_id") }),
  };
}

export function taskIn(body: JsonObject): PendingTask {
  return { ...taskNameIn(body), ...listIn(body, "required_capabilities") };
}

export function routeIn(body: JsonObject): RouteAsked {
  const agents_needed = numberIn(body, "agents_needed");
  const policy = choiceIn(body, "policy", POLICIES);
  return {
    ...taskIn(body),
    ...listIn(body, "prefer_agents"),
    ...(agents_needed !== null && { agents_needed }),
    ...(policy !== null && { policy }),
  };
}

export function edgeIn(body: JsonObject): EdgeName {
  const kind = choiceIn(body, "kind", EDGE_KINDS);
  const directed = body["directed"] ?? false;
  if (kind === null) throw invalid("The body has no `kind`.", `Send one of ${EDGE_KINDS.join(", ")}.`);
  if (typeof directed !== "boolean") throw invalid("`directed` is not true or false.", "Send one of them.");
  return { a: textIn(body, "a"), b: textIn(body, "b"), kind, directed };
}

/** A list of objects. */
export function objectsIn(body: JsonObject, name: string): readonly JsonObject[] {
  const value = body[name];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw invalid(`\`${name}\` is not a list of objects.`, `Send \`${name}\` as a list of objects.`);
}

/** A list of texts as a member of its name; nothing when it is left out. */
function listIn<Name extends string>(body: JsonObject, name: Name): Partial<Record<Name, readonly string[]>> {
  const value = body[name];
  if (value === undefined || value === null) return {};
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return { [name]: value } as unknown as Record<Name, readonly string[]>;
  }
  throw invalid(`\`${name}\` is not a list of texts.`, `Send \`${name}\` as a list of texts.`);
}

function numberIn(body: JsonObject, name: string): number | null {
  const value = body[name] ?? null;
  if (value === null || typeof value === "number") return value;
  throw invalid(`\`${name}\` is not a number.`, `Send \`${name}\` as a whole number.`);
}

function choiceIn<Choice extends string>(
  body: JsonObject,
  name: string,
  choices: readonly Choice[],
): Choice | null {
  const value = body[name] ?? null;
  if (value === null) return null;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw invalid(`\`${name}\` is none of its words.`, `Send one of ${choices.join(", ")}.`);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
