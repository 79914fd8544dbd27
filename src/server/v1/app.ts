// The /v1 API as an application: requests in, responses out, no port. What it answers to is a table of endpoints; here
// they are routed, kept to once per idempotency key, and their errors put into words.
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { SessionManager } from "../../session/manager.ts";
import type { Clock } from "../../event/clock.ts";
import type { Processes } from "../../session/host.ts";
import type { Store } from "../../store/port.ts";
import { carryTrace } from "../carry-trace.ts";
import type { ServerEnv } from "../principal.ts";
import { invalid } from "../query.ts";
import { RoomCounts } from "../room-counts.ts";
import { agentEndpoints } from "./agents.ts";
import { blobEndpoints } from "./blobs.ts";
import { decisionEndpoints } from "./decisions.ts";
import { ELSEWHERE } from "./elsewhere.ts";
import type { Answer, Endpoint, KeyedRequest, V1Context } from "./endpoint.ts";
import { RequestDesk, type KeptAnswer } from "./idempotency.ts";
import { noSuchEndpoint } from "./no-such-endpoint.ts";
import { PROBLEM_KINDS, PROBLEM_TYPE, problemOf, problemResponse } from "./problems.ts";
import { checkRequest } from "./request.ts";
import { happeningEndpoints } from "./happenings.ts";
import { identityEndpoints } from "./identities.ts";
import { objectEndpoints } from "./objects.ts";
import { policyEndpoints } from "./policies.ts";
import { roomEndpoints } from "./rooms.ts";
import { serviceEndpoints } from "./service.ts";
import { SessionReader } from "./session-reader.ts";
import { sessionEndpoints } from "./sessions.ts";
import { sessionWorkEndpoints } from "./session-work.ts";
import { taskEndpoints } from "./tasks.ts";

export interface V1Parts {
  /** Works on `store`. */
  readonly manager: SessionManager;
  readonly store: Store;
  readonly clock: Clock;
  readonly processes: Processes;
  /** Of this program. */
  readonly version: string;
  /** False once the server is shutting down. Default always true. */
  readonly isReady?: () => boolean;
  /** Finds out who is asking, and sets `principal`. Default: this machine's operator. */
  readonly authenticate?: MiddlewareHandler<ServerEnv>;
  /** Others under the same roof: they are asked once it is known who asks, and their errors are problems too. */
  readonly mount?: (app: Hono<ServerEnv>) => void;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
}

/** All that are served here, in the order in which they are shown. The service's own come last: they describe the others. */
export const ENDPOINTS: readonly Endpoint[] = serviceEndpoints(
  [
    ...sessionEndpoints,
    ...sessionWorkEndpoints,
    ...taskEndpoints,
    ...agentEndpoints,
    ...decisionEndpoints,
    ...objectEndpoints,
    ...happeningEndpoints,
    ...blobEndpoints,
    ...policyEndpoints,
    ...identityEndpoints,
    ...roomEndpoints,
  ],
  ELSEWHERE,
);

/** Whether a path is for this application to answer, if only by saying that there is no such thing. */
export function isPathOfV1(path: string): boolean {
  return /^\/v1(?:\/|$)/.test(path) || ENDPOINTS.some((endpoint) => endpoint.path === path);
}

/** What serves an endpoint beside the parts it is given. */
interface Desk {
  readonly context: V1Context;
  readonly requests: RequestDesk;
  readonly report: (error: unknown) => void;
}

export function v1App(parts: V1Parts): Hono<ServerEnv> {
  const { manager, store, clock, processes, version, isReady = () => true, report } = parts;
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const desk: Desk = {
    context: {
      manager,
      store,
      clock,
      version,
      isReady,
      counts: new RoomCounts(store),
      reader: new SessionReader(store),
    },
    requests: new RequestDesk({ store, moment, processes, report }),
    report,
  };
  const app = new Hono<ServerEnv>();
  if (parts.authenticate !== undefined) app.use(parts.authenticate);
  app.use(carryTrace);
  for (const endpoint of ENDPOINTS) {
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(endpoint.method.toUpperCase(), path, async (c) => await serveEndpoint(desk, endpoint, c));
  }
  parts.mount?.(app);
  app.onError((error) => answerProblem(desk, error));
  app.notFound((c) =>
    noSuchEndpoint(app, c, { path: c.req.path, todo: "GET /v1/docs lists what there is." }),
  );
  return app;
}

async function serveEndpoint(desk: Desk, endpoint: Endpoint, c: Context<ServerEnv>): Promise<Response> {
  const request = await checkRequest(c, endpoint, desk.context);
  const { principal, path, query, body } = request;
  const act = async (keyed: KeyedRequest | null) =>
    await endpoint.act({ ...desk.context, principal, path, query, body, keyed }, c);
  const key = endpoint.method === "get" ? undefined : keyOf(c);
  if (!endpoint.headers.includes("idempotency_key") || key === undefined) {
    const answer = await act(null);
    return answer instanceof Response ? answer : responseOf(keptOf(answer));
  }
  const asked = {
    principal: principal.name,
    key,
    method: c.req.method,
    path: c.req.path,
    body: request.rawBody,
  };
  const work = async (keyed: KeyedRequest) => await keptAnswer(async () => await act(keyed));
  const answer = await desk.requests.once(asked, work);
  return responseOf(answer, answer.isRepeat);
}

/** Throws `invalid_argument` for what is no key, also where it would count for nothing. */
function keyOf(c: Context): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined || /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  const what = "The idempotency key is not a text of 1 to 255 characters.";
  throw invalid(what, "Use a random id, for example.");
}

/** What an endpoint answers, or the problem it has. Throws trouble that passes: that is no answer to keep. */
async function keptAnswer(act: () => Promise<Answer | Response>): Promise<Omit<KeptAnswer, "isRepeat">> {
  try {
    const answer = await act();
    if (answer instanceof Response) throw new TypeError("Only a GET answers with something else than JSON.");
    return keptOf(answer);
  } catch (error) {
    const { code, body } = problemOf(error);
    const { status, retryable } = PROBLEM_KINDS[code];
    if (status >= 500 || retryable) throw error;
    return { status, type: PROBLEM_TYPE, location: null, text: JSON.stringify(body) };
  }
}

function keptOf({ status, body, location }: Answer): Omit<KeptAnswer, "isRepeat"> {
  return { status, type: "application/json", location: location ?? null, text: JSON.stringify(body) };
}

function responseOf(answer: Omit<KeptAnswer, "isRepeat">, isRepeat = false): Response {
  const { status, type, location, text } = answer;
  const headers = new Headers({ "content-type": type });
  if (location !== null) headers.set("location", location);
  if (isRepeat) headers.set("idempotency-replayed", "true");
  return new Response(text, { status, headers });
}

function answerProblem({ report }: Desk, error: unknown): Response {
  if (PROBLEM_KINDS[problemOf(error).code].status >= 500) report(error);
  return problemResponse(error);
}
