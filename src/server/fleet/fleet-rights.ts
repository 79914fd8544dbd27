// Who may do what with fleets. A fleet is one whole: whoever sees a part of the sessions or rooms alone sees none of it.
import { createMiddleware } from "hono/factory";
import { HolodeckError } from "../../event/error.ts";
import { LOCAL_OPERATOR, mayOperate, mayWrite, type ServerEnv } from "../principal.ts";

/** Throws `denied`. */
export const checkFleetRights = createMiddleware<ServerEnv>(async (c, next) => {
  const principal = c.get("principal") ?? LOCAL_OPERATOR;
  if (principal.sessions !== null || principal.rooms !== null)
    throw denied("This key is for some sessions or rooms alone, and a fleet is one whole.");
  const isReading = c.req.method === "GET" || c.req.method === "HEAD";
  if (!isReading && !mayWrite(principal)) throw denied("An observer's key changes nothing.");
  if (c.req.path.endsWith("/reset") && !mayOperate(principal))
    throw denied("An operator alone resets a fleet.");
  await next();
});

function denied(what: string): HolodeckError {
  return new HolodeckError("denied", { what, todo: "Ask with a key that may, or let an operator make one." });
}
