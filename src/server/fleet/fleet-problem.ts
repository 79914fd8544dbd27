// Errors of `/v1/fleet` as problem details (RFC 9457): what happened, what to do, and whether the same may succeed
// later. Never more than the error's own two sentences.
import type { Context } from "hono";
import { HolodeckError, type ErrorCode } from "../../event/error.ts";
import { statusOf } from "../problem.ts";

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly todo: string;
  /** Whether the very same request may succeed later. */
  readonly retryable: boolean;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["fleet_full", "store_busy", "store_unreachable"]);

/** Answers any error. What was not meant to happen is answered with 500, and told to `report`. */
export function answerProblem(c: Context, error: unknown, report: (error: unknown) => void): Response {
  const status = statusOf(error);
  if (!(error instanceof HolodeckError) || status === undefined) {
    report(error);
    const what = "Something went wrong here.";
    return answer(c, 500, { code: "internal", what, todo: "Look into the server's log." });
  }
  // The rest of a body that was not read to its end must not be taken for the next request.
  if (status === 413) c.header("connection", "close");
  return answer(c, status, error);
}

function answer(
  c: Context,
  status: number,
  { code, what, todo }: { readonly code: ErrorCode; readonly what: string; readonly todo: string },
): Response {
  const problem: Problem = {
    type: `urn:holodeck:problem:${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail: what,
    code,
    todo,
    retryable: RETRYABLE.has(code),
  };
  c.status(status as Parameters<typeof c.status>[0]);
  return c.body(JSON.stringify(problem), { headers: { "content-type": "application/problem+json" } });
}
