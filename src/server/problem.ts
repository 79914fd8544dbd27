// Errors as the HTTP services of spec/wire.md answer them: a status and `{error}`, never more than the error's own
// two sentences.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { HolodeckError, type ErrorCode } from "../event/error.ts";

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  conflict: 409,
  denied: 403,
  event_too_large: 413,
  fleet_full: 409,
  idempotency_key_reused: 422,
  invalid_argument: 400,
  invalid_event: 400,
  not_found: 404,
  pruned: 410,
  store_busy: 503,
  store_closed: 503,
  store_full: 507,
  store_unreachable: 503,
  task_not_found: 404,
  too_many: 429,
};

/** The status an error is answered with; undefined for those that were not meant to happen. */
export function statusOf(error: unknown): ContentfulStatusCode | undefined {
  return error instanceof HolodeckError ? STATUS[error.code] : undefined;
}

/** Answers any error. What was not meant to happen is answered with 500, and told to `report`. */
export function answerError(c: Context, error: unknown, report: (error: unknown) => void): Response {
  const known = statusOf(error);
  if (error instanceof HolodeckError && known !== undefined) {
    // The rest of a body that was not read to its end must not be taken for the next request.
    if (known === 413) c.header("connection", "close");
    return c.json({ error: error.message }, known);
  }
  report(error);
  return c.json({ error: "Something went wrong here. The server's log tells what." }, 500);
}
