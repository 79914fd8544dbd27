// What the command's exit code says, in one table.
import type { ErrorCode } from "../event/error.ts";
import type { SessionOutcome } from "../session/outcome.ts";

export const EXIT = {
  ok: 0,
  /** The session failed, or the command did. */
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  dustExhausted: 5,
  /** β₁ rose above its threshold. */
  emergence: 6,
  serverUnreachable: 7,
  waitingForApproval: 8,
  /** As timeout(1) has it. */
  timeout: 124,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

const OF_ERROR: Readonly<Record<ErrorCode, number>> = {
  address_in_use: EXIT.failed,
  callback_failed: EXIT.failed,
  conflict: EXIT.failed,
  denied: EXIT.denied,
  event_corrupt: EXIT.failed,
  event_too_large: EXIT.failed,
  fleet_full: EXIT.failed,
  internal: EXIT.failed,
  invalid_argument: EXIT.usage,
  invalid_event: EXIT.failed,
  invalid_plan: EXIT.usage,
  idempotency_key_reused: EXIT.failed,
  method_not_allowed: EXIT.failed,
  misdirected: EXIT.failed,
  request_in_flight: EXIT.failed,
  unauthenticated: EXIT.denied,
  unsupported_media_type: EXIT.failed,
  not_found: EXIT.notFound,
  persist_mismatch: EXIT.failed,
  read_only: EXIT.failed,
  recovery_failed: EXIT.failed,
  server_unreachable: EXIT.serverUnreachable,
  pruned: EXIT.notFound,
  session_ended: EXIT.failed,
  store_busy: EXIT.failed,
  store_closed: EXIT.failed,
  store_corrupt: EXIT.failed,
  store_full: EXIT.failed,
  store_io: EXIT.failed,
  store_newer: EXIT.failed,
  store_unreachable: EXIT.serverUnreachable,
  task_exists: EXIT.failed,
  task_ended: EXIT.failed,
  task_limit: EXIT.failed,
  task_not_found: EXIT.notFound,
  tile_refused: EXIT.failed,
  too_many: 1,
  unsupported: EXIT.usage,
};

const OF_OUTCOME: Readonly<Record<SessionOutcome, number>> = {
  success: EXIT.ok,
  failed: EXIT.failed,
  timeout: EXIT.timeout,
  cancelled: EXIT.interrupted,
};

/** The exit code of a command that ended with this error. */
export function exitCodeOf(code: ErrorCode): number {
  return OF_ERROR[code];
}

/** The exit code of a command that ran a session to this end. */
export function exitCodeOfOutcome(outcome: SessionOutcome): number {
  return OF_OUTCOME[outcome];
}
