// What became of the tries to recover a session that cannot be read or decided: a stream beside the session's own,
// which may be the very thing that is broken. After three tries the session is given up until someone asks for it.
import type { Aggregate, Decision, Happened, Timed } from "../event/decider.ts";
import type { Fact } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";

/** So many tries a trouble gets, at least so many milliseconds apart. */
export const TRIES_MAX = 3;
export const TRY_AGAIN_MS = 2_000;

export interface NoteFailure extends Timed {
  readonly type: "note_failure";
  readonly sessionId: string;
  /** Where the session's stream stood: another seq is another trouble. */
  readonly seq: number;
  readonly error: string;
}

/** The session was read and decided. */
export interface NoteRecovery extends Timed {
  readonly type: "note_recovery";
}

export type RecoveryCommand = NoteFailure | NoteRecovery;

type Of<Type extends string, Data extends JsonObject> = Fact & { readonly type: Type; readonly data: Data };

interface Failure extends JsonObject {
  readonly session_id: string;
  readonly seq: number;
  /** 1 for the first. */
  readonly attempts: number;
  readonly error: string;
}

export type RecoveryEvent =
  | Of<"recovery_attempt_failed", Failure>
  /** The last try: the session is given up. */
  | Of<"recovery_failed", Failure>
  | Of<"recovered", { readonly session_id: string }>;

export interface RecoveryState {
  status: "none" | "trying" | "recovery_failed" | "recovered";
  sessionId: string;
  seq: number;
  attempts: number;
  error: string | null;
  createdAt: number;
  failedAt: number;
}

export const recoveryAggregate: Aggregate<RecoveryState, RecoveryCommand, RecoveryEvent> = {
  initial: () => ({
    status: "none",
    sessionId: "",
    seq: 0,
    attempts: 0,
    error: null,
    createdAt: 0,
    failedAt: 0,
  }),
  decide: (state, command) =>
    command.type === "note_failure" ? noteFailure(state, command) : noteRecovery(state),
  evolve,
  head: ({ status, sessionId, attempts, error, createdAt }) => ({
    kind: "recovery",
    status,
    createdAt,
    dueAt: null,
    labels: [],
    summary: { session_id: sessionId, attempts, error },
  }),
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state) => ({ ...state }),
    load: (json) => ({ ...(json as unknown as RecoveryState) }),
  },
};

function noteFailure(state: RecoveryState, command: NoteFailure): Decision<RecoveryEvent> {
  const { now, sessionId, seq, error } = command;
  const isSame = seq === state.seq && (state.status === "trying" || state.status === "recovery_failed");
  if (isSame && state.status === "recovery_failed") return [];
  // Processes that stumble over one trouble together make one try. A clock that was set back starts the wait anew.
  const since = now - state.failedAt;
  if (isSame && since >= 0 && since < TRY_AGAIN_MS) return [];
  const attempts = isSame ? state.attempts + 1 : 1;
  const type = attempts < TRIES_MAX ? "recovery_attempt_failed" : "recovery_failed";
  return [{ type, room: null, data: { session_id: sessionId, seq, attempts, error } }];
}

function noteRecovery({ status, sessionId }: RecoveryState): Decision<RecoveryEvent> {
  if (status !== "trying" && status !== "recovery_failed") return [];
  return [{ type: "recovered", room: null, data: { session_id: sessionId } }];
}

function evolve(state: RecoveryState, event: Happened<RecoveryEvent>): RecoveryState {
  if (state.status === "none") state.createdAt = event.at;
  state.sessionId = event.data.session_id;
  if (event.type === "recovered") {
    state.status = "recovered";
    state.attempts = 0;
    state.error = null;
    return state;
  }
  state.status = event.type === "recovery_failed" ? "recovery_failed" : "trying";
  state.seq = event.data.seq;
  state.attempts = event.data.attempts;
  state.error = event.data.error;
  state.failedAt = event.at;
  return state;
}
