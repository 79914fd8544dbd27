// The one error of the project: a code for programs, a sentence on what happened, a sentence on what to do.

export type ErrorCode =
  | "address_in_use"
  | "callback_failed"
  | "conflict"
  | "denied"
  | "event_corrupt"
  | "event_too_large"
  | "fleet_full"
  | "idempotency_key_reused"
  | "internal"
  | "invalid_argument"
  | "invalid_event"
  | "invalid_plan"
  | "method_not_allowed"
  | "misdirected"
  | "not_found"
  | "persist_mismatch"
  | "read_only"
  | "recovery_failed"
  | "request_in_flight"
  | "server_unreachable"
  | "pruned"
  | "session_ended"
  | "store_busy"
  | "store_closed"
  | "store_corrupt"
  | "store_full"
  | "store_io"
  | "store_newer"
  | "store_unreachable"
  | "task_exists"
  | "task_ended"
  | "task_limit"
  | "task_not_found"
  | "tile_refused"
  | "too_many"
  | "unauthenticated"
  | "unsupported_media_type"
  | "unsupported";

/** What happened and what to do, a sentence each. */
export interface ErrorText {
  readonly what: string;
  readonly todo: string;
  readonly cause?: unknown;
}

/** Every error this project throws. `message` is both sentences; `code` is stable. */
export class HolodeckError extends Error {
  override readonly name = "HolodeckError";
  readonly code: ErrorCode;
  /** What happened. */
  readonly what: string;
  /** What to do about it. */
  readonly todo: string;

  constructor(code: ErrorCode, { what, todo, cause }: ErrorText) {
    super(together({ what, todo }), cause === undefined ? undefined : { cause });
    this.code = code;
    this.what = what;
    this.todo = todo;
  }
}

/** As one text: what is told on several lines is followed by a line of its own. */
export function together({ what, todo }: Pick<ErrorText, "what" | "todo">): string {
  return `${what}${what.includes("\n") ? "\n" : " "}${todo}`;
}
