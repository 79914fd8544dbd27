// What can happen in a session. Names and members are snake_case: they are what is stored and sent.
// Those that read as tiles have their data's shape in tile/session-tiles.ts.
import type { Fact, StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Pruned } from "../event/pruned.ts";
import type {
  EmergenceAlert,
  Routing,
  SessionEnded,
  SessionError,
  SessionStarted,
  TaskEnded,
  TaskStarted,
  TaskTotals,
} from "../tile/session-tiles.ts";
import type { AgentKind } from "./agent-kind.ts";
import type { RecordAllows } from "./decisions.ts";
import type { SessionOutcome, TaskOutcome, TaskPriority } from "./outcome.ts";

/** A process that can be found again: a pid alone is used anew after a while, a start time with it is not. */
export interface ProcessIdentity extends JsonObject {
  readonly host: string;
  readonly boot_id: string;
  readonly pid: number;
  /** As the system tells it, compared for equality alone. */
  readonly start_time: string;
}

/** Which tries again a task gets: at most `max`, after these outcomes, `backoff_seconds` × 2ⁿ apart. */
export interface Retries extends JsonObject {
  readonly max: number;
  readonly on: readonly ("failed" | "timeout")[];
  readonly backoff_seconds: number;
}

/** Bytes kept beside the events, by their SHA-256, with a text to show. */
export interface BlobReference extends JsonObject {
  readonly hash: string;
  readonly bytes: number;
  readonly preview?: string;
}

/** A kept file, by its path below the task's folder. */
export interface ArtifactReference extends BlobReference {
  readonly path: string;
}

export interface LeftOut extends JsonObject {
  readonly path: string;
  readonly why: string;
}

/** What is kept of a task's work beside its result. */
export interface TaskRecord extends JsonObject {
  /** A result too large for an event. */
  readonly result_blob?: BlobReference;
  readonly output?: BlobReference;
  readonly artifacts?: readonly ArtifactReference[];
  /** The list of artifacts, as JSON, when it is too large for an event; see `task.readArtifacts`. */
  readonly artifacts_blob?: BlobReference;
  /** What the task asked for and was not kept, and why. */
  readonly artifacts_left_out?: readonly LeftOut[];
  readonly exit_code?: number;
}

type Of<Type extends string, Data extends JsonObject> = Fact & { readonly type: Type; readonly data: Data };

/** Any of them may have `trace` in its data: the W3C traceparent its command came with (`withTrace`). */
export type SessionEvent =
  | Of<"session_started", SessionStarted & SessionSettings>
  | Of<"session_forked", SessionForked>
  | Of<"session_resumed", { readonly process: ProcessIdentity; readonly boot_offset_ms: number }>
  | Of<"clock_set", { readonly by_ms: number; readonly boot_offset_ms: number }>
  | Of<"task_added", TaskAdded>
  | Of<"task_carried", TaskCarried>
  | Of<"task_routed", TaskRouted>
  | Of<"routing_fell_back", RoutingFellBack>
  | Of<"task_started", TaskStarted & AttemptStarted>
  | Of<"task_heartbeat", TaskHeartbeat>
  | Of<"attempt_ended", AttemptEnded>
  | Of<"record_kept", RecordKept>
  | Of<"task_ended", TaskEnded<TaskOutcome> & TaskRecord & TaskClosed>
  | Of<"emergence_alert", EmergenceAlert>
  | Of<"roles_negotiated", RolesNegotiated>
  | Of<"role_revoked", { readonly role_id: string }>
  | Of<"agent_attached", AgentAttached>
  | Of<"agent_heartbeat", Attachment & { readonly due_at: number }>
  | Of<"agent_detached", Attachment & { readonly reason?: string }>
  | Of<"agent_disconnected", Attachment>
  | Of<"route_freed", RouteFreed>
  | Of<"object_managed", { readonly key: StreamId }>
  | Of<"session_error", SessionError>
  | Of<"session_ended", SessionEnded<SessionOutcome> & { readonly error?: string }>
  | Of<"blobs_pruned", JsonObject>
  | Of<"pruned", SessionPruned>;

/** How far a session has been pruned. */
export type PrunedPart = "blobs" | "events";

/** What stays of a session whose events go: all that its head says, and how it was set. */
export interface SessionPruned extends Pruned {
  readonly session_id: string;
  readonly session_name: string;
  readonly agent_id: string;
  readonly tags: readonly string[];
  readonly max_tasks: number;
  readonly task_timeout_seconds: number;
  readonly session_timeout_seconds: number;
  readonly h1_router_enabled: boolean;
  readonly emergence_threshold_offset: number;
  readonly scout_room: string;
  readonly emit_tiles: boolean;
  /** Its head's. */
  readonly labels: readonly string[];
  readonly boot_id: string;
  readonly boot_offset_ms: number;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  readonly started_at: number;
  readonly due_at: number;
  readonly active_at: number;
  readonly outcome: SessionOutcome;
  readonly duration_ms: number;
  readonly patterns: readonly string[];
  readonly tasks: TaskTotals;
  readonly h1: { readonly start: number; readonly end: number } | null;
  readonly forked_from: { readonly session_id: string; readonly seq: number; readonly hash: string } | null;
}

/** Every type of a session's events, kept whole by the compiler. */
const TYPES: Readonly<Record<SessionEvent["type"], true>> = {
  session_started: true,
  session_forked: true,
  session_resumed: true,
  clock_set: true,
  task_added: true,
  task_carried: true,
  task_routed: true,
  routing_fell_back: true,
  task_started: true,
  task_heartbeat: true,
  attempt_ended: true,
  record_kept: true,
  task_ended: true,
  emergence_alert: true,
  roles_negotiated: true,
  role_revoked: true,
  agent_attached: true,
  agent_heartbeat: true,
  agent_detached: true,
  agent_disconnected: true,
  route_freed: true,
  object_managed: true,
  session_error: true,
  session_ended: true,
  pruned: true,
  blobs_pruned: true,
};
export const SESSION_EVENT_TYPES = Object.keys(TYPES) as readonly SessionEvent["type"][];

/** What the start event keeps beside what its tile says. */
export interface SessionSettings extends JsonObject {
  readonly metadata: JsonObject;
  readonly session_timeout_seconds: number;
  readonly emergence_threshold_offset: number;
  readonly scout_room: string;
  readonly emit_tiles: boolean;
  /** The PLATO server its tiles go to, and whether they are to be sent there. Absent before version 0.2. */
  readonly plato_url?: string;
  readonly deliver_tiles?: boolean;
  /** The H¹ router its tasks are routed by; absent for the fleet in its own store. */
  readonly h1_router_url?: string;
  /** Where the session's work is written down, for `resume`; absent when the work lives in the caller's code. */
  readonly plan?: JsonObject;
  /** Streams of what the session manages. */
  readonly identity_key: string | null;
  readonly policy_key: string | null;
  readonly cursor_keys: readonly string[];
  /** Which allowed decisions are recorded; absent for `sampled`. Denied ones always are. */
  readonly record_allows?: RecordAllows;
  readonly process?: ProcessIdentity;
  readonly boot_id: string;
  /** Wall time minus time since boot, milliseconds. */
  readonly boot_offset_ms: number;
}

/** The session began as another one stood after one of its events; what is carried from there follows. */
export interface SessionForked extends JsonObject {
  readonly from_session_id: string;
  readonly from_seq: number;
  readonly from_hash: string;
  readonly h1?: { readonly start: number; readonly end: number };
}

/** What had become of a task in the session this one was forked from. It has no tile and is counted nowhere again. */
export interface TaskCarried extends JsonObject {
  readonly task_id: string;
  /** How many attempts were started there, and how many of them used up a retry. */
  readonly attempt: number;
  readonly retried: number;
  readonly routing?: Routing;
  readonly error?: string;
  readonly retry_at?: number;
  /** Absent for a task that had not ended. */
  readonly end?: TaskRecord & {
    readonly outcome: TaskOutcome;
    readonly duration_ms: number;
    /** Milliseconds since the epoch. */
    readonly ended_at: number;
    readonly closed_by_session?: boolean;
    readonly result?: Json;
  };
}

export interface TaskAdded extends JsonObject {
  readonly task_id: string;
  readonly data: Json;
  readonly priority: TaskPriority;
  readonly required_capabilities: readonly string[];
  readonly agent_id?: string;
  readonly timeout_seconds?: number;
  readonly retries?: Retries;
}

export interface TaskRouted extends JsonObject {
  readonly task_id: string;
  readonly required_capabilities: readonly string[];
  readonly routing: Routing;
  /** Who routed it, and frees its edges: `fleet:<name>` or a URL. Absent before version 0.2, where it was the former. */
  readonly router?: string;
  /** The router did not decide: it is not to confirm. Absent otherwise. */
  readonly fell_back?: true;
  /** Why this agent, in a sentence. */
  readonly reasoning?: string;
}

/** The router did not answer well and in time: capability and load decided among the agents that were known. */
export interface RoutingFellBack extends JsonObject {
  readonly task_id: string;
  readonly router: string;
  readonly reason: string;
}

export interface AttemptStarted extends JsonObject {
  /** When it times out, milliseconds since the epoch. */
  readonly due_at: number;
  /** Who does the work: its death ends the attempt. */
  readonly process?: ProcessIdentity;
}

/** A sign of life of a running attempt. */
export interface TaskHeartbeat extends JsonObject {
  readonly task_id: string;
  readonly attempt: number;
  readonly note?: string;
}

export interface TaskClosed extends JsonObject {
  /** True when the session's end closed it. */
  readonly closed_by_session?: boolean;
  /** Of a task that was routed: who frees its edges. */
  readonly router?: string;
}

/** An attempt that did not end its task. */
export interface AttemptEnded extends TaskRecord {
  readonly task_id: string;
  readonly attempt: number;
  /** `lost`: the process that did the work died; such an attempt is not counted against the retries. */
  readonly outcome: "failed" | "timeout" | "lost";
  readonly duration_ms: number;
  readonly error?: string;
  /** The next attempt starts no sooner, milliseconds since the epoch. */
  readonly retry_at: number;
}

/** What is kept of an attempt that was over, by decision, before its processes had left. It may come after the session's end. */
export interface RecordKept extends TaskRecord {
  readonly task_id: string;
  readonly attempt: number;
}

/** What the session asked for and what it may have; see trust/negotiation.ts. */
export interface RolesNegotiated extends JsonObject {
  readonly requested: readonly string[];
  readonly granted: readonly string[];
  readonly refused: readonly { readonly role_id: string; readonly why: "not_offered" | "not_allowed" }[];
}

/** One time an agent was attached: it may come again under the same name. */
export interface Attachment extends JsonObject {
  readonly agent_id: string;
  readonly attachment_id: string;
}

/** The agent a task was routed to has left: the fleet holds no edge for it, and it may be routed anew. */
export interface RouteFreed extends JsonObject {
  readonly task_id: string;
  readonly router: string;
}

export interface AgentAttached extends Attachment {
  readonly nickname: string;
  readonly metadata: JsonObject;
  readonly kind: AgentKind;
  /** Of a drift: whom it acts through. */
  readonly gyre_id?: string;
  /** Those of the session's roles that were named; absent: all it has. */
  readonly roles?: readonly string[];
  readonly capabilities: readonly string[];
  readonly heartbeat_seconds?: number;
  /** When it counts as disconnected unless it is heard of, milliseconds since the epoch. */
  readonly due_at?: number;
  /** Absent for one that belongs to no process: it stays when those that serve the session go. */
  readonly process?: ProcessIdentity;
}
