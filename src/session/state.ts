// A session as its events leave it.
import type { Boot } from "../event/clock.ts";
import type { StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Routing, TaskTotals } from "../tile/session-tiles.ts";
import type { AgentState } from "./agent-state.ts";
import type { RecordAllows } from "./decisions.ts";
import type { ProcessIdentity, PrunedPart, Retries, TaskRecord } from "./events.ts";
import type { SessionOutcome, TaskOutcome, TaskPriority } from "./outcome.ts";

export interface TaskState {
  readonly taskId: string;
  readonly data: Json;
  readonly priority: TaskPriority;
  readonly requiredCapabilities: readonly string[];
  /** Whom it was added for, then who started it last; null leaves it to the routing, else to the session's agent. */
  agentId: string | null;
  readonly timeoutSeconds: number;
  readonly retries: Retries;
  routing: Routing | null;
  /** Who routed it and frees its edges; null when it was not. */
  router: string | null;
  /** How often it was routed. */
  routings: number;
  status: "pending" | "running" | "ended";
  /** How many attempts were started. */
  attempt: number;
  /** How many of them used up a retry. */
  retried: number;
  /** Of the running attempt; null otherwise. Milliseconds since the epoch. */
  startedAt: number | null;
  dueAt: number | null;
  process: ProcessIdentity | null;
  /** When the running attempt last said that it goes on; null otherwise. Milliseconds since the epoch. */
  heartbeatAt: number | null;
  /** The next attempt starts no sooner. Milliseconds since the epoch. */
  retryAt: number | null;
  outcome: TaskOutcome | null;
  durationMs: number | null;
  endedAt: number | null;
  result: Json | undefined;
  error: string | null;
  record: TaskRecord;
}

/** One task's end, as patterns see it. */
export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly durationMs: number;
  readonly attempts: number;
  /** Whether it was the session's end that closed it. */
  readonly closedBySession: boolean;
}

/** A task's end with whose it was. */
export interface EndedTask extends TaskEnd {
  readonly taskId: string;
}

/** An event of another session. */
export interface ForkedFrom {
  readonly sessionId: string;
  readonly seq: number;
  readonly hash: string;
}

export interface SessionState {
  /** `none` before the first event. */
  status: "none" | "open" | "ended";
  /** What has been let go of since it ended; null when all is there. With its events, its tasks went. */
  pruned: PrunedPart | null;
  sessionId: string;
  sessionName: string;
  agentId: string;
  tags: readonly string[];
  /** What its head is found by. */
  labels: readonly string[];
  metadata: JsonObject;
  maxTasks: number;
  taskTimeoutSeconds: number;
  sessionTimeoutSeconds: number;
  h1RouterEnabled: boolean;
  emergenceThresholdOffset: number;
  /** The room its tiles go to; kept also when it sends none. */
  scoutRoom: string;
  emitTiles: boolean;
  platoUrl: string;
  /** Whether its tiles are to be sent to `platoUrl`. */
  deliverTiles: boolean;
  /** The H¹ router of its tasks; null for the fleet in its own store. */
  h1RouterUrl: string | null;
  plan: JsonObject | null;
  /** Streams of what the session manages. */
  identityKey: string | null;
  policyKey: string | null;
  cursorKeys: readonly string[];
  /** The roles its agents may inherit: those negotiated, less those revoked. */
  roles: readonly string[];
  recordAllows: RecordAllows;
  /** The streams of the objects it manages, in the order they came to it. */
  managed: Set<StreamId>;
  /** Who is attached, by id, in the order they came. */
  agents: Map<string, AgentState>;
  forkedFrom: ForkedFrom | null;
  process: ProcessIdentity | null;
  boot: Boot;
  /** `at` of the first event: it never changes, whatever the clock does. */
  createdAt: number;
  /** These move with the clock when it is set, so that what is left of a timeout stays the same. */
  startedAt: number;
  dueAt: number;
  /** Of the newest start or end of a task. */
  activeAt: number;
  outcome: SessionOutcome | null;
  error: string | null;
  durationMs: number | null;
  patterns: readonly string[];
  h1: { start: number; end: number } | null;
  /** How often the fleet's threshold was crossed upward by its routing. */
  alerts: number;
  /** By id, in the order they came. */
  tasks: Map<string, TaskState>;
  /** Ids of the tasks that have not ended, in the order they came. */
  open: Set<string>;
  /** Ids of the tasks an attempt of which is running. */
  running: Set<string>;
  /** The newest event that told a record, which may be the stream's last after the session's end; 0 before the first. */
  recordSeq: number;
  /** In the order they ended. */
  ends: EndedTask[];
  readonly totals: Record<TaskOutcome, number>;
}

export const NO_RETRIES: Retries = { max: 0, on: [], backoff_seconds: 0 };

export function initialState(): SessionState {
  return {
    status: "none",
    pruned: null,
    sessionId: "",
    sessionName: "",
    agentId: "",
    tags: [],
    labels: [],
    metadata: {},
    maxTasks: 0,
    taskTimeoutSeconds: 0,
    sessionTimeoutSeconds: 0,
    h1RouterEnabled: false,
    emergenceThresholdOffset: 0,
    scoutRoom: "",
    emitTiles: false,
    platoUrl: "",
    deliverTiles: false,
    h1RouterUrl: null,
    plan: null,
    identityKey: null,
    policyKey: null,
    cursorKeys: [],
    roles: [],
    recordAllows: "sampled",
    managed: new Set(),
    agents: new Map(),
    forkedFrom: null,
    process: null,
    boot: { id: "", offsetMs: 0 },
    createdAt: 0,
    startedAt: 0,
    dueAt: 0,
    activeAt: 0,
    outcome: null,
    error: null,
    durationMs: null,
    patterns: [],
    h1: null,
    alerts: 0,
    tasks: new Map(),
    open: new Set(),
    running: new Set(),
    recordSeq: 0,
    ends: [],
    totals: { success: 0, failed: 0, cancelled: 0, timeout: 0 },
  };
}

/** How many tasks ended how. While the session is open, tasks that have not ended are in none of the parts. */
export function taskTotals({ totals }: SessionState): TaskTotals {
  const { success: succeeded, failed, cancelled, timeout: timed_out } = totals;
  return { total: succeeded + failed + cancelled + timed_out, succeeded, failed, cancelled, timed_out };
}

/** How many tasks there are, or were before they were pruned. */
export function taskCount(state: SessionState): number {
  return state.pruned === "events" ? taskTotals(state).total : state.tasks.size;
}

/** When the next thing falls due: a timeout of a task or of the session, an agent that is not heard of; null when the session is not open. */
export function nextDueAt(state: SessionState): number | null {
  if (state.status !== "open") return null;
  let dueAt = state.dueAt;
  for (const taskId of state.running) {
    const due = state.tasks.get(taskId)?.dueAt;
    if (due !== null && due !== undefined && due < dueAt) dueAt = due;
  }
  for (const { dueAt: due } of state.agents.values()) if (due !== null && due < dueAt) dueAt = due;
  return dueAt;
}
