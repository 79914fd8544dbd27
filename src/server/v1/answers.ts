// What /v1 answers, as schemas with names: the OpenAPI document is written from them, and the tests hold every answer
// to them.
import { z } from "zod";
import { ANY_JSON } from "./fields.ts";
import { SESSION_OUTCOMES, TASK_OUTCOMES, TASK_PRIORITIES } from "../../session/outcome.ts";

/** Schemas that the document gives a name. */
export const NAMED = z.registry<{ readonly id: string }>();

export const at = z.string().describe("A moment, ISO-8601 in UTC.");
const maybeAt = at.nullable();
const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("A SHA-256 in lower-case hex.");
const count = z.int().min(0);
export const anyObject = z.record(z.string(), ANY_JSON);
export const nextPage = z.string().nullable().describe("For the page that follows; null when there is none.");

export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  NAMED.add(schema, { id });
  return schema;
}

const totals = named(
  "TaskTotals",
  z.strictObject({ total: count, succeeded: count, failed: count, cancelled: count, timed_out: count }),
);

const process = named(
  "Process",
  z.strictObject({ host: z.string(), boot_id: z.string(), pid: z.int(), start_time: z.string() }),
);

export const session = named(
  "Session",
  z.strictObject({
    session_id: z.string(),
    session_name: z.string(),
    agent_id: z.string(),
    status: z.enum(["open", ...SESSION_OUTCOMES]).describe("`open`, or the outcome."),
    outcome: z.enum(SESSION_OUTCOMES).nullable(),
    error: z.string().nullable(),
    tags: z.array(z.string()),
    metadata: anyObject,
    created_at: at,
    due_at: maybeAt.describe("When its time is up; null when it has ended."),
    duration_seconds: z.number().min(0),
    patterns: z.array(z.string()).describe("What its run looked like; empty while it is open."),
    totals: totals.describe("`total` counts all tasks, the others those that have ended."),
    h1_router_enabled: z.boolean(),
    h1_router_url: z
      .string()
      .optional()
      .describe("The server that routes its tasks; left out for the fleet here."),
    h1: z
      .strictObject({ start: z.int(), end: z.int() })
      .nullable()
      .describe("β₁ of the fleet at its first and its newest routing; null when nothing was routed."),
    emergence_alerts: z.int().describe("How many crossings of the threshold it has raised."),
    forked_from: z.strictObject({ session_id: z.string(), seq: z.int(), hash }).nullable(),
    room: z.string().nullable().describe("The room its tiles go to; null when it sends none."),
    process: process.nullable().describe("The process that has its work."),
    identity_key: z.string().nullable().describe("The identity it acts for; null for nobody."),
    policy_key: z.string().nullable().describe("The policy that says who may do what in it."),
    pruned: z.enum(["blobs", "events"]).optional().describe("What retention has let go of."),
    last_seq: z.int().optional().describe("Of its newest event. Told to who reads the session itself."),
    last_hash: hash.optional().describe("Of its newest event."),
    config: z.strictObject({
      max_tasks: z.int(),
      task_timeout_seconds: z.number(),
      session_timeout_seconds: z.number(),
      h1_router_enabled: z.boolean(),
      emergence_threshold_offset: z.int(),
      emit_tiles: z.boolean(),
      scout_room: z.string(),
      plato_url: z.string(),
      deliver_tiles: z.boolean(),
    }),
  }),
);

const blobReference = named(
  "BlobReference",
  z.strictObject({ hash, bytes: count, preview: z.string().optional(), path: z.string().optional() }),
);

const routing = anyObject.describe(
  "The agent it was routed to, with β₁ (coordination loops) before and after.",
);

export const task = named(
  "Task",
  z.strictObject({
    task_id: z.string(),
    status: z.enum(["pending", "running", "ended"]).describe("Between two attempts it is pending."),
    outcome: z.enum(TASK_OUTCOMES).nullable(),
    attempts: count.describe("How many were started."),
    attempts_max: z.int(),
    duration_ms: z.number().nullable(),
    agent_id: z.string(),
    priority: z.enum(TASK_PRIORITIES),
    required_capabilities: z.array(z.string()),
    data: ANY_JSON,
    routing: routing.optional(),
    router: z.string().nullable().optional().describe("Who routed it."),
    started_at: maybeAt,
    due_at: maybeAt.describe("When the running attempt times out."),
    retry_at: maybeAt.describe("When the next attempt may start."),
    heartbeat_at: maybeAt.describe("When the running attempt last said that it goes on."),
    ended_at: maybeAt,
    error: z.string().nullable(),
    result: ANY_JSON.describe(
      "Null when there is none, or when it is too large: then `result_blob` names it.",
    ),
    result_blob: blobReference.optional(),
    output: blobReference.optional(),
    artifacts: z.array(blobReference).optional(),
    artifacts_blob: blobReference.optional(),
    artifacts_left_out: z.array(z.strictObject({ path: z.string(), why: z.string() })).optional(),
    exit_code: z.int().optional(),
  }),
);

export const routingDecision = named(
  "RoutingDecision",
  z.strictObject({
    agent_id: z.string(),
    task_id: z.string(),
    h1_before: z.int().describe("β₁ (coordination loops) once the task is there."),
    h1_after: z.int().describe("β₁ once it is the agent's."),
    confidence: z.number(),
    emergence_risk: z.number(),
    capability_match_score: z.number(),
    reasoning: z.string(),
    fallback: z.boolean().describe("Whether load alone decided."),
    unreachable: z.string().nullable().describe("Why the router did not decide; null when it did."),
    alert: z
      .strictObject({
        h1: z.int(),
        threshold: z.int(),
        vertices: count,
        edges: count,
        recommendation: z.string(),
      })
      .nullable()
      .describe("The threshold was crossed with this decision."),
  }),
);

export const sessionSummary = named(
  "SessionSummary",
  z.strictObject({
    session_id: z.string(),
    session_name: z.string(),
    agent_id: z.string(),
    status: z.enum(["open", "recovery_failed", ...SESSION_OUTCOMES]),
    created_at: at,
    due_at: maybeAt.describe("When its next timeout falls due; null when it has ended."),
    duration_seconds: z.number().nullable().describe("Null while it is open."),
    tasks: totals.describe("`total` counts all tasks, the others those that have ended."),
  }),
);

export const sessionList = named(
  "SessionList",
  z.strictObject({ sessions: z.array(sessionSummary), next_page_token: nextPage }),
);

export const taskList = named(
  "TaskList",
  z.strictObject({ tasks: z.array(task), next_page_token: nextPage }),
);

export const pastSession = named(
  "PastSession",
  z.strictObject({
    seq: z.int(),
    at: at.describe("When the event happened."),
    hash,
    session,
    tasks: z.array(task),
  }),
);

export const persisted = named(
  "PersistedSession",
  z.strictObject({
    session_id: z.string(),
    metadata: anyObject,
    identity_key: z.string().nullable(),
    policy_key: z.string().nullable(),
    cursor_keys: z.array(z.string()),
  }),
);

const event = named(
  "Event",
  z.strictObject({
    v: z.literal(1),
    stream: z.string(),
    seq: z.int(),
    prev: hash.nullable().describe("The hash of the event before."),
    at: z.int().describe("Milliseconds since the epoch."),
    type: z.string(),
    room: z.string().nullable(),
    data: anyObject.describe("Has `trace` when the request that caused it came with a traceparent."),
    hash,
  }),
);

const nextAfter = z
  .int()
  .nullable()
  .describe(
    "The `after_seq` of the page that follows; null when there was no more. Ask again later for what is new.",
  );

export const eventList = named(
  "EventList",
  z.strictObject({ events: z.array(event), next_after_seq: nextAfter }),
);

const tile = named(
  "Tile",
  z.strictObject({
    domain: z.string(),
    question: z.string(),
    answer: ANY_JSON,
    tags: z.array(z.string()),
    confidence: z.number(),
    source: z.string(),
  }),
);

export const tileList = named(
  "TileList",
  z.strictObject({
    tiles: z.array(z.strictObject({ seq: z.int(), hash, tile })),
    next_after_seq: nextAfter,
  }),
);

export const blobList = named(
  "BlobList",
  z.strictObject({
    blobs: z.array(
      z.strictObject({
        hash,
        bytes: count,
        kind: z.enum(["result", "output", "artifact", "artifact_list"]),
        task_id: z.string(),
        path: z.string().optional().describe("Of an artifact, below the task's folder."),
      }),
    ),
    next_after_seq: nextAfter,
  }),
);

export const taskResult = named(
  "TaskResult",
  z.strictObject({ task_id: z.string(), result: ANY_JSON.describe("Null when there is none.") }),
);

export const roomList = named(
  "RoomList",
  z.strictObject({
    rooms: z.array(z.strictObject({ room: z.string(), tiles: count, created_at: at, latest_at: at })),
    next_page_token: nextPage,
  }),
);

export const roomTiles = named(
  "RoomTiles",
  z.strictObject({
    room: z.string(),
    tile_count: count,
    tiles: z.array(anyObject).describe("As PLATO's `GET /room/{name}` has them, newest first."),
    next_page_token: nextPage,
  }),
);

export const health = named("Health", z.strictObject({ status: z.string(), version: z.string() }));

export const problem = named(
  "Problem",
  z.strictObject({
    type: z.string().describe("`urn:holodeck:problem:` and the code. Stable."),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().describe("What happened."),
    todo: z.string().describe("What to do about it."),
    retryable: z.boolean().describe("Whether the same request may succeed later, unchanged."),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .describe("What is wrong with which field."),
  }),
);
