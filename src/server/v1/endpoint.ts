// What an endpoint of /v1 is: data. The same declaration routes a request, checks it, and describes it in the OpenAPI
// document and on the page for people, so that none of the three can say something else.
import type { Context } from "hono";
import { z } from "zod";
import type { Clock } from "../../event/clock.ts";
import type { ErrorCode } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { Store } from "../../store/port.ts";
import type { Principal } from "../principal.ts";
import type { RoomCounts } from "../room-counts.ts";
import type { SessionReader } from "./session-reader.ts";

/** What endpoints work on. */
export interface V1Context {
  readonly manager: SessionManager;
  readonly store: Store;
  readonly clock: Clock;
  readonly counts: RoomCounts;
  readonly reader: SessionReader;
  /** Of this program. */
  readonly version: string;
  /** False once the server is shutting down. */
  readonly isReady: () => boolean;
}

export type Group =
  | "Sessions"
  | "Tasks"
  | "Agents"
  | "What happened"
  | "Trust"
  | "Rooms"
  | "Fleets"
  | "Service";

/** Headers that mean something to an endpoint; `openapi.ts` says what. */
export type HeaderName = "idempotency_key" | "effect_key" | "last_event_id" | "traceparent";

/**
 * Who may: `anyone`; who sees the session in the path (`see`); who may also write (`work`); or start and end sessions,
 * for which a key must see them all (`direct`). `all` is for readers whose key sees every session, `operate` for operators.
 */
export type Access = "anyone" | "all" | "see" | "work" | "direct" | "operate";

/** A request that came with an idempotency key. */
export interface KeyedRequest {
  /** For the command it gives: whatever happens in between, the command has its effect once. */
  readonly key: string;
  /** When it came for the first time, milliseconds since the epoch. */
  readonly takenAt: number;
}

export interface Answer {
  readonly status: 200 | 201;
  readonly body: JsonObject;
  /** The path of what was made. */
  readonly location?: string;
}

export interface Call<Path, Query, Body> extends V1Context {
  readonly principal: Principal;
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** Null when it came without an idempotency key. */
  readonly keyed: KeyedRequest | null;
}

type Shape = Readonly<Record<string, z.ZodType>>;
// oxlint-disable-next-line typescript/no-empty-object-type -- fields of which there are none
type NoFields = {};
type Read<S extends Shape> = z.output<z.ZodObject<S, z.core.$strict>>;

interface Declared<Path extends Shape, Query extends Shape, Body extends Shape> {
  readonly method: "get" | "post";
  /** As OpenAPI writes it: `/v1/sessions/{session_id}`. */
  readonly path: string;
  readonly group: Group;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly pathFields: Path;
  readonly query: Query;
  readonly body: Body;
  /** True for a POST that is worked on anew under whatever key: what it answered then may not be true now. */
  readonly isAnew?: boolean;
  /** What no schema of one field can say. Throws `invalid_argument`, before anything is taken in or judged. */
  readonly check?: (request: Pick<Call<Read<Path>, Read<Query>, Read<Body>>, "path" | "body">) => void;
  readonly answer: {
    readonly status: 200 | 201;
    readonly what: string;
    readonly type:
      | "application/json"
      | "application/octet-stream"
      | "text/plain"
      | "text/html"
      | "text/event-stream";
    readonly schema: z.ZodType | null;
  };
  /** What it may be refused with, beside what every endpoint may. */
  readonly refusals: readonly ErrorCode[];
  readonly example: { readonly path: string; readonly body?: JsonObject; readonly answer?: JsonObject };
  act(call: Call<Read<Path>, Read<Query>, Read<Body>>, c: Context): Promise<Answer | Response>;
}

/** An endpoint whose request is still to be checked. */
export interface Endpoint extends Omit<
  Declared<Shape, Shape, Shape>,
  "act" | "check" | "isAnew" | "pathFields" | "query" | "body"
> {
  readonly pathSchema: z.ZodObject;
  readonly querySchema: z.ZodObject;
  readonly bodySchema: z.ZodObject;
  readonly headers: readonly HeaderName[];
  /** These two take what the schemas have checked. */
  check(request: { readonly path: object; readonly body: object }): void;
  act(call: Call<object, object, object>, c: Context): Promise<Answer | Response>;
}

/** What the document and the page tell of an endpoint, whoever serves it. */
export interface Described extends Omit<Endpoint, "act" | "check" | "method" | "bodySchema"> {
  readonly method: "get" | "post" | "delete";
  /** Null for what takes no body. */
  readonly bodySchema: z.ZodObject | null;
}

type Optional = "pathFields" | "query" | "body" | "refusals" | "access";
type Given<Path extends Shape, Query extends Shape, Body extends Shape> = Omit<
  Declared<Path, Query, Body>,
  Optional | "answer"
> &
  Partial<Pick<Declared<Path, Query, Body>, Optional>> & {
    readonly answer: Pick<Declared<Path, Query, Body>["answer"], "what"> &
      Partial<Declared<Path, Query, Body>["answer"]>;
  };

/** Declares an endpoint. Default: whoever sees the session may, and the answer is JSON with status 200. */
export function endpoint<
  Path extends Shape = NoFields,
  Query extends Shape = NoFields,
  Body extends Shape = NoFields,
>(given: Given<Path, Query, Body>): Endpoint {
  const {
    act,
    check,
    isAnew = false,
    pathFields,
    query,
    body,
    answer,
    access = "see",
    refusals = [],
    ...rest
  } = given;
  return {
    ...rest,
    access,
    refusals,
    answer: { status: 200, type: "application/json", schema: null, ...answer },
    pathSchema: z.strictObject(pathFields ?? {}),
    querySchema: z.strictObject(query ?? {}),
    bodySchema: z.strictObject(body ?? {}),
    headers: given.method === "get" || isAnew ? ["traceparent"] : ["idempotency_key", "traceparent"],
    check: (request) => check?.(request as Call<Read<Path>, Read<Query>, Read<Body>>),
    act: async (call, c) => await act(call as Call<Read<Path>, Read<Query>, Read<Body>>, c),
  };
}
