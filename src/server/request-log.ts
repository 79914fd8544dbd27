// A line in the log for each request: what was asked, by whom, how it was answered and how long that took. Of the
// address only the path: what stands behind the `?` may be private.
import type { MiddlewareHandler } from "hono";
import type { Log } from "../telemetry/log.ts";
import type { ServerEnv } from "./principal.ts";

const PATH_LENGTH_MAX = 512;

/** `monotonic` in milliseconds. Runs the door inside, so that those it turns away are told too. */
export function logRequests(
  log: Log,
  monotonic: () => number,
  door: MiddlewareHandler<ServerEnv>,
): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const start = monotonic();
    const turnedAway = await door(c, next);
    const { status } = turnedAway instanceof Response ? turnedAway : c.res;
    // Not set for who was turned away.
    const principal = c.get("principal") as { readonly name: string } | undefined;
    const facts = {
      method: c.req.method,
      path: c.req.path.slice(0, PATH_LENGTH_MAX),
      status,
      by: principal?.name ?? null,
      ms: Math.round((monotonic() - start) * 10) / 10,
    };
    if (status === 401) log.info("turned away", facts);
    else log.debug("answered", facts);
    return turnedAway;
  };
}
