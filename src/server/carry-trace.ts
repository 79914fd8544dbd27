// On behalf of which trace a request came goes along with the code that works on it.
import { createMiddleware } from "hono/factory";
import { withTrace } from "../session/trace-context.ts";
import { traceparentFault } from "../session/traceparent.ts";
import type { ServerEnv } from "./principal.ts";

/** A trace that cannot be read is passed over, as its recommendation says (W3C Trace Context §4.3). */
export const carryTrace = createMiddleware<ServerEnv>(async (c, next) => {
  const trace = c.req.header("traceparent");
  if (trace === undefined || traceparentFault(trace) !== null) await next();
  else await withTrace(trace, next);
});
