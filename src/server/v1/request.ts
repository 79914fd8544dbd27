// From a request to an endpoint's call: who asks is judged before anything is read, then every part is checked by the
// endpoint's schemas, then whether the session in the path is there for who asks.
import type { Context } from "hono";
import type { z } from "zod";
import { HolodeckError } from "../../event/error.ts";
import { streamId } from "../../event/event.ts";
import type { JsonObject } from "../../event/json.ts";
import { unknownSession } from "../../session/past-session.ts";
import type { Store } from "../../store/port.ts";
import { readJsonObject } from "../json-body.ts";
import {
  LOCAL_OPERATOR,
  mayOperate,
  mayWrite,
  seesSession,
  type Principal,
  type ServerEnv,
} from "../principal.ts";
import { invalid } from "../query.ts";
import { assertAgentMay, isJudgedAsAgent, type AgentRequest } from "./agent-rights.ts";
import type { Access, Endpoint, V1Context } from "./endpoint.ts";
import { InvalidRequest, type FieldFault } from "./problems.ts";

/** The parts of a request, checked. */
export interface CheckedRequest {
  readonly principal: Principal;
  readonly path: object;
  readonly query: object;
  readonly body: object;
  /** As it came; empty for a request without one. */
  readonly rawBody: JsonObject;
}

/** Throws `denied`, `invalid_argument`, `unsupported_media_type`, or `not_found` for a session that is not there for who asks. */
export async function checkRequest(
  c: Context<ServerEnv>,
  endpoint: Endpoint,
  { store, manager }: Pick<V1Context, "store" | "manager">,
): Promise<CheckedRequest> {
  const principal = (c.get("principal") as Principal | undefined) ?? LOCAL_OPERATOR;
  const agent = isJudgedAsAgent(endpoint) ? principal.agent : undefined;
  if (agent === undefined) assertMay(principal, endpoint.access);
  const path = check("path", endpoint.pathSchema, c.req.param());
  const query = check("query", endpoint.querySchema, queryOf(c));
  const rawBody = endpoint.method === "post" ? await bodyOf(c) : {};
  const body = check("body", endpoint.bodySchema, rawBody);
  endpoint.check({ path, body });
  // The schemas have checked what the questions are about.
  if (agent !== undefined) await assertAgentMay(manager, agent, endpoint, { path, body } as AgentRequest);
  else await assertSession(principal, path, store);
  return { principal, path, query, body, rawBody };
}

function assertMay(principal: Principal, access: Access): void {
  const writes = access === "work" || access === "direct";
  if (writes && !mayWrite(principal)) {
    const todo = "Use a key of the role agent or operator.";
    throw new HolodeckError("denied", { what: "This key may read and not write.", todo });
  }
  if (access === "operate" && !mayOperate(principal)) {
    const todo = "Use a key of the role operator.";
    throw new HolodeckError("denied", { what: "This is for operators alone.", todo });
  }
  const all = access === "direct" || access === "all" || access === "operate";
  if (all && principal.sessions !== null) {
    // A key for certain rooms is one for no sessions.
    const what = `This key is for certain ${principal.rooms === null ? "sessions" : "sessions or rooms"} alone.`;
    throw new HolodeckError("denied", { what, todo: "Use a key without a scope." });
  }
}

/** Another's session is answered just as one that does not exist. */
async function assertSession(principal: Principal, path: object, store: Store): Promise<void> {
  if (!("session_id" in path)) return;
  const id = String(path.session_id);
  if (!seesSession(principal, id)) throw unknownSession(id);
  if ((await store.head({ stream: streamId("session", id) })) === null) throw unknownSession(id);
}

async function bodyOf(c: Context): Promise<JsonObject> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/json\s*(?:;|$)/i.test(type.trim())) {
    throw new HolodeckError("unsupported_media_type", {
      what: `A body of type ${JSON.stringify(type.slice(0, 100))} is not read here.`,
      todo: "Send JSON, with the header Content-Type: application/json; {} where there is nothing to say.",
    });
  }
  return await readJsonObject(c);
}

/** Each parameter may stand once. */
function queryOf(c: Context): Readonly<Record<string, string>> {
  const entries = Object.entries(c.req.queries()).map(([name, values]) => {
    const [value = ""] = values;
    if (values.length > 1) throw invalid(`query.${name.slice(0, 80)} stands twice.`, "Pass it once.");
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

/** The most faults an answer lists. */
const FAULTS_MAX = 20;

function check(part: string, schema: z.ZodObject, value: unknown): object {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.flatMap((issue) => faultsOf(part, issue));
  // What is wrong with a field first is what to mend first.
  const first = faults.filter(
    (fault, index) => faults.findIndex(({ field }) => field === fault.field) === index,
  );
  throw new InvalidRequest(first.slice(0, FAULTS_MAX));
}

function faultsOf(part: string, issue: z.core.$ZodIssue): readonly FieldFault[] {
  const field = issue.path.reduce<string>(
    (before, step) => before + (typeof step === "number" ? `[${step}]` : `.${String(step).slice(0, 80)}`),
    part,
  );
  if (issue.code !== "unrecognized_keys") return [{ field, message: issue.message }];
  return issue.keys
    .slice(0, FAULTS_MAX)
    .map((key) => ({ field: `${field}.${key.slice(0, 80)}`, message: "is not known here." }));
}
