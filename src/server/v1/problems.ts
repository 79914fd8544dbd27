// Errors as /v1 answers them: RFC 9457 problem details with a stable type and code, whether trying again can help, and
// what to do. Of an error that is the server's own nothing is told but that it was.
import type { Context } from "hono";
import { HolodeckError, type ErrorCode } from "../../event/error.ts";
import type { JsonObject } from "../../event/json.ts";
import type { DoorRefusal } from "../door.ts";
import type { ServerEnv } from "../principal.ts";

/** What is the same for every problem with a code. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
}

/** What is wrong with one field of a request. */
export interface FieldFault {
  /** `body.tags[3]`, `query.limit`. */
  readonly field: string;
  readonly message: string;
}

export const PROBLEM_TYPE = "application/problem+json";

/** Every code, kept whole by the compiler. */
export const PROBLEM_KINDS: Readonly<Record<ErrorCode, ProblemKind>> = {
  address_in_use: own("The address is in use"),
  callback_failed: own("A callback failed"),
  conflict: kind(409, "The request does not fit what there is"),
  denied: kind(403, "This may not be done"),
  event_corrupt: own("Stored data is damaged"),
  event_too_large: kind(413, "The content is too large"),
  fleet_full: kind(409, "The fleet is full", true),
  idempotency_key_reused: kind(422, "The idempotency key belongs to another request"),
  internal: own("Something went wrong here"),
  invalid_argument: kind(400, "The request is not valid"),
  invalid_event: kind(400, "The request holds what cannot be kept"),
  invalid_plan: kind(400, "The plan is not valid"),
  method_not_allowed: kind(405, "The method is not allowed here"),
  misdirected: kind(421, "The request names another server"),
  not_found: kind(404, "There is no such thing"),
  persist_mismatch: kind(409, "What was persisted differs from what there is"),
  pruned: kind(410, "This has been pruned"),
  read_only: kind(409, "This can only be read"),
  recovery_failed: own("The session could not be recovered"),
  request_in_flight: kind(409, "The same request is being worked on", true),
  server_unreachable: { status: 502, title: "Another server could not be reached", retryable: true },
  session_ended: kind(409, "The session has ended"),
  store_busy: { status: 503, title: "The store is busy", retryable: true },
  store_closed: { status: 503, title: "The server is shutting down", retryable: true },
  store_corrupt: own("Stored data is damaged"),
  store_full: { status: 507, title: "The store is full", retryable: true },
  store_io: { status: 503, title: "The store could not be read or written", retryable: true },
  store_newer: own("The store belongs to a newer version"),
  store_unreachable: { status: 503, title: "The store could not be reached", retryable: true },
  task_ended: kind(409, "The task has ended"),
  task_exists: kind(409, "There is such a task already"),
  task_limit: kind(409, "The session has all the tasks it may have"),
  task_not_found: kind(404, "There is no such task"),
  tile_refused: kind(403, "The tile was refused"),
  too_many: kind(429, "There are too many of these already", true),
  unauthenticated: kind(401, "A key is asked for"),
  unsupported: own("This is not supported here"),
  unsupported_media_type: kind(415, "The body is not of a type that is read here"),
};

/** `urn:holodeck:problem:task_ended`: names the kind of problem, and leads nowhere. */
export function problemType(code: ErrorCode): string {
  return `urn:holodeck:problem:${code}`;
}

/** Anything thrown, as a problem. */
export function problemOf(error: unknown): { readonly code: ErrorCode; readonly body: JsonObject } {
  const code = error instanceof HolodeckError ? error.code : "internal";
  const { status, title, retryable } = PROBLEM_KINDS[code];
  const isOurs = status >= 500;
  const told = error instanceof HolodeckError && !isOurs ? error : null;
  const faults = error instanceof InvalidRequest ? error.faults : [];
  return {
    code,
    body: {
      type: problemType(code),
      title,
      status,
      code,
      detail: told?.what ?? `${title}. The server's log tells what.`,
      todo: told?.todo ?? (retryable ? "Try again in a while." : "Tell whoever runs this server."),
      retryable,
      ...(faults.length > 0 && { errors: faults.map(({ field, message }) => ({ field, message })) }),
    },
  };
}

export function problemResponse(error: unknown): Response {
  const { body } = problemOf(error);
  const status = Number(body["status"]);
  const headers = new Headers({ "content-type": PROBLEM_TYPE });
  if (body["retryable"] === true) headers.set("retry-after", "1");
  // The rest of a body that was not read to its end must not be taken for the next request.
  if (status === 413 || status === 415) headers.set("connection", "close");
  return new Response(JSON.stringify(body), { status, headers });
}

const DOOR_CODES: Readonly<Record<DoorRefusal["status"], ErrorCode>> = {
  400: "invalid_argument",
  403: "denied",
  405: "method_not_allowed",
  413: "event_too_large",
  415: "unsupported_media_type",
  417: "invalid_argument",
  421: "misdirected",
};

/** What was refused before anyone read it, in the same form. */
export function doorProblem({ status, what, todo }: DoorRefusal): {
  readonly type: string;
  readonly text: string;
} {
  const { body } = problemOf(new HolodeckError(DOOR_CODES[status], { what, todo }));
  return { type: PROBLEM_TYPE, text: JSON.stringify({ ...body, status }) };
}

/** Who came without a key, or with one that opens nothing. */
export function keyProblem(c: Context<ServerEnv>, status: 400 | 401, error: string): Response {
  const code = status === 401 ? "unauthenticated" : "invalid_argument";
  const { body } = problemOf(new HolodeckError(code, { what: error, todo: "Send a key as a header." }));
  return c.body(JSON.stringify(body), status, { "content-type": PROBLEM_TYPE });
}

/** A request that its schema refused. */
export class InvalidRequest extends HolodeckError {
  readonly faults: readonly FieldFault[];

  constructor(faults: readonly FieldFault[]) {
    const [first] = faults;
    super("invalid_argument", {
      what: `${first?.field ?? "The request"}: ${first?.message ?? "is not valid"}`,
      todo: "GET /v1/docs shows what this endpoint takes.",
    });
    this.faults = faults;
  }
}

function kind(status: number, title: string, retryable = false): ProblemKind {
  return { status, title, retryable };
}

function own(title: string): ProblemKind {
  return { status: 500, title, retryable: false };
}
