// What can be asked of a session. Values come in checked (config.ts, input.ts); the decider judges them against the state.
import type { Boot } from "../event/clock.ts";
import type { Timed } from "../event/decider.ts";
import type { StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Routing } from "../tile/session-tiles.ts";
import type { ProcessIdentity, PrunedPart, Retries, TaskRecord } from "./events.ts";
import type { AgentKind } from "./agent-kind.ts";
import type { RecordAllows } from "./decisions.ts";
import type { RolesNegotiated } from "./events.ts";
import type { SessionOutcome, TaskOutcome, TaskPriority } from "./outcome.ts";
import type { RouterAlert } from "./router.ts";
import type { ForkedFrom, SessionState } from "./state.ts";

export interface StartSession extends Timed {
  readonly type: "start_session";
  readonly sessionId: string;
  readonly sessionName: string;
  readonly agentId: string;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly maxTasks: number;
  readonly taskTimeoutSeconds: number;
  readonly sessionTimeoutSeconds: number;
  readonly h1RouterEnabled: boolean;
  readonly emergenceThresholdOffset: number;
  readonly scoutRoom: string;
  readonly emitTiles: boolean;
  readonly platoUrl: string;
  /** Whether its tiles are to be sent to `platoUrl`. */
  readonly deliverTiles: boolean;
  /** Null for the fleet in the session's own store. */
  readonly h1RouterUrl: string | null;
  readonly plan: JsonObject | null;
  /** The streams of who acts and of what is allowed. */
  readonly identityKey: string | null;
  readonly policyKey: string | null;
  /** What came of asking for roles; null when none were asked for. */
  readonly roles: RolesNegotiated | null;
  readonly recordAllows: RecordAllows;
  readonly process: ProcessIdentity | null;
  readonly boot: Boot;
}

/** A session starts from the state another one had. */
export interface ForkSession extends Timed {
  readonly type: "fork_session";
  readonly sessionId: string;
  readonly from: ForkedFrom;
  /** As it was after `from.seq`. */
  readonly state: SessionState;
  readonly process: ProcessIdentity | null;
  readonly boot: Boot;
}

/** Another process takes the session's work over. */
export interface ResumeSession extends Timed {
  readonly type: "resume_session";
  readonly process: ProcessIdentity;
  readonly boot: Boot;
  /** The process that was found to have the work; null when none had. */
  readonly owner: ProcessIdentity | null;
  /** Whether that very process was found alive. */
  readonly ownerAlive: boolean;
}

export interface AddTask extends Timed {
  readonly type: "add_task";
  readonly taskId: string;
  readonly data: Json;
  readonly priority: TaskPriority;
  readonly requiredCapabilities: readonly string[];
  readonly agentId: string | null;
  readonly timeoutSeconds: number | null;
  readonly retries: Retries | null;
}

export interface RouteTask extends Timed {
  readonly type: "route_task";
  readonly taskId: string;
  readonly requiredCapabilities: readonly string[];
  readonly routing: Routing;
  readonly router: string;
  readonly reasoning: string;
  /** Why the router itself did not decide; null when it did. */
  readonly unreachable: string | null;
  /** The fleet's threshold was crossed with this decision; null when it was not. */
  readonly alert: RouterAlert | null;
}

export interface StartTask extends Timed {
  readonly type: "start_task";
  readonly taskId: string;
  /** Who does it; null for whom it was added or routed to, else the session's agent. */
  readonly agentId: string | null;
  readonly process: ProcessIdentity | null;
}

/** Whoever does a running attempt's work says that it goes on. */
export interface NoteHeartbeat extends Timed {
  readonly type: "note_heartbeat";
  readonly taskId: string;
  /** The attempt that speaks: it is refused unless it is the running one. Null for whichever runs. */
  readonly attempt: number | null;
  /** How far it is, in a sentence. */
  readonly note: string | null;
}

export interface CompleteTask extends Timed {
  readonly type: "complete_task";
  readonly taskId: string;
  readonly outcome: TaskOutcome;
  /** Milliseconds; null for the time since the attempt started. */
  readonly durationMs: number | null;
  readonly result?: Json | undefined;
  readonly error: string | null;
  readonly record: TaskRecord;
  /** The attempt that speaks: it is refused unless it is the running one. Null for whichever runs. */
  readonly attempt: number | null;
}

/** The process that did an attempt died. */
export interface LoseAttempt extends Timed {
  readonly type: "lose_attempt";
  readonly taskId: string;
  readonly attempt: number;
  readonly reason: string;
  /** What is kept of it. */
  readonly record: TaskRecord;
}

/** What is kept of an attempt that was over, by decision, before its processes had left. */
export interface KeepRecord extends Timed {
  readonly type: "keep_record";
  readonly taskId: string;
  readonly attempt: number;
  readonly record: TaskRecord;
}

export interface EndSession extends Timed {
  readonly type: "end_session";
  readonly outcome: SessionOutcome;
  readonly error: string | null;
}

export interface AttachAgent extends Timed {
  readonly type: "attach_agent";
  readonly agentId: string;
  readonly attachmentId: string;
  readonly nickname: string;
  readonly metadata: JsonObject;
  readonly kind: AgentKind;
  readonly gyreId: string | null;
  /** Null: all roles of the session. */
  readonly roles: readonly string[] | null;
  readonly capabilities: readonly string[];
  readonly heartbeatSeconds: number | null;
  /** Null: it belongs to no process, and none takes it along. */
  readonly process: ProcessIdentity | null;
}

export interface DetachAgent extends Timed {
  readonly type: "detach_agent";
  readonly agentId: string;
  /** The attachment that is meant: another one stays. Null for whichever there is. */
  readonly attachmentId: string | null;
  readonly reason: string | null;
}

/** An agent is heard of. */
export interface HeartbeatAgent extends Timed {
  readonly type: "heartbeat_agent";
  readonly agentId: string;
}

/** The session, and so its agents, have a role no more. */
export interface RevokeRole extends Timed {
  readonly type: "revoke_role";
  readonly roleId: string;
}

/** The session manages an object from now on: it is there, and durable. */
export interface ManageObject extends Timed {
  readonly type: "manage_object";
  /** Its stream, `kind:id`. */
  readonly key: StreamId;
}

/** What is due happens: timeouts of tasks, agents that are not heard of, then the session's own timeout. */
export interface Expire extends Timed {
  readonly type: "expire";
}

/** The machine's wall clock was set: deadlines move with it. */
export interface SetClock extends Timed {
  readonly type: "set_clock";
  readonly boot: Boot;
}

/** What a session holds is let go of, once it has ended. */
export interface PruneSession extends Timed {
  readonly type: "prune_session";
  /** Only blobs, or its events with them. */
  readonly what: PrunedPart;
  /** What had been pruned when `to` was read: another prune since then makes this one idle. */
  readonly seen: PrunedPart | null;
  /** The session's last event, and its hash. */
  readonly to: number;
  readonly lastHash: string;
}

export type SessionCommand =
  | StartSession
  | ForkSession
  | ResumeSession
  | AddTask
  | RouteTask
  | StartTask
  | NoteHeartbeat
  | CompleteTask
  | LoseAttempt
  | KeepRecord
  | EndSession
  | AttachAgent
  | DetachAgent
  | HeartbeatAgent
  | RevokeRole
  | ManageObject
  | Expire
  | SetClock
  | PruneSession;
