// Finds out who is asking, and says it to the endpoints behind. Where a key is asked for, nobody comes in without one
// but to ask whether the server lives.
import type { Context, MiddlewareHandler } from "hono";
import { isKeyLike } from "./key.ts";
import type { Doorkeeper } from "./key-ring.ts";
import { LOCAL_OPERATOR, type Principal, type ServerEnv } from "./principal.ts";

export interface AuthenticateParts {
  readonly keys: Doorkeeper;
  /** Whether only this machine can reach the server: then, where no key is configured, who asks is its operator. */
  readonly isLocal: boolean;
  /** How a refusal is put. Default `{error}`. */
  readonly refuse?: (c: Context<ServerEnv>, status: 400 | 401, error: string) => Response;
}

/** What never needs a key, on either port, to be read: whether the server lives, and takes requests. */
const OPEN: ReadonlySet<string> = new Set(["/health", "/healthz", "/readyz", "/v1/health"]);

/** Names under which people put keys into addresses. */
const KEY_IN_QUERY = /^(?:x-)?(?:api[_-]?key|key|access[_-]?token|token|auth(?:orization)?|jwt|bearer)$/i;

const WHERE = "Send it as a header: Authorization: Bearer KEY, or X-API-Key: KEY.";

/** Only for `OPEN`: someone who may see nothing. */
const NOBODY: Principal = { name: "nobody", role: "observer", sessions: [], rooms: [], expiresAt: null };

/** Sets `principal`, or answers 401, or 400 for a key in the address: addresses are kept in logs and histories. */
export function authenticate({
  keys,
  isLocal,
  refuse = (c, status, error) => c.json({ error }, status),
}: AuthenticateParts): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    if (hasKeyInQuery(c)) {
      const error = `A key does not belong into the address, where logs keep it. ${WHERE} Revoke one that was sent so.`;
      return refuse(c, 400, error);
    }
    const principal = await principalOf(c, keys, isLocal);
    if (typeof principal !== "string") {
      c.set("principal", principal);
      return await next();
    }
    const parameter = principal === "wrong" ? ', error="invalid_token"' : "";
    c.header("www-authenticate", `Bearer realm="holodeck"${parameter}`);
    return refuse(c, 401, ERRORS[principal]);
  };
}

const ERRORS = {
  none: `This server asks for a key. ${WHERE}`,
  wrong: "The key is not one of this server's. `holodeck key new` makes one.",
  several: `The request has several keys that differ. ${WHERE}`,
} as const;

async function principalOf(
  c: Context<ServerEnv>,
  keys: Doorkeeper,
  isLocal: boolean,
): Promise<Principal | keyof typeof ERRORS> {
  if (OPEN.has(c.req.path) && ["GET", "HEAD"].includes(c.req.method)) return NOBODY;
  const [credential, ...others] = new Set(credentialsOf(c));
  if (credential !== undefined && others.length === 0) {
    const principal = await keys.principalOf(credential);
    if (principal !== null) return principal;
  }
  if (isLocal && !(await keys.asksForKey())) return LOCAL_OPERATOR;
  if (credential === undefined) return "none";
  return others.length > 0 ? "several" : "wrong";
}

function credentialsOf(c: Context): readonly string[] {
  const authorization = c.req.header("authorization");
  const apiKey = c.req.header("x-api-key");
  return [
    // Another scheme is a wrong key, not a missing one.
    ...(authorization === undefined ? [] : [/^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ""]),
    // Clients whose key is not set send the header all the same.
    ...(apiKey === undefined || apiKey.trim() === "" ? [] : [apiKey.trim()]),
  ];
}

function hasKeyInQuery(c: Context): boolean {
  for (const [name, values] of Object.entries(c.req.queries()))
    if (KEY_IN_QUERY.test(name) || values.some(isKeyLike)) return true;
  return false;
}
