// JWTs instead of keys: signed by someone this server trusts by configuration. Issuer, audience and algorithms are
// pinned, `exp` is required, keys come from a file and never from the token or the network.
import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload, type JSONWebKeySet } from "jose";
import { HolodeckError } from "../event/error.ts";
import { KEY_ROLES, SCOPE_MAX, scopeOf } from "../trust/key-aggregate.ts";
import type { Principal } from "./principal.ts";

/** Signatures alone: with a shared secret, whoever checks tokens could make them. */
export const JWT_ALGORITHMS = [
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
] as const;

export interface JwtOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly (typeof JWT_ALGORITHMS)[number][];
  /** A public key as PEM, or a JWKS document. */
  readonly keys: string;
}

export interface TokenReader {
  /** Null for a token that does not let in. `now` in milliseconds since the epoch. */
  read(token: string, now: number): Promise<Principal | null>;
}

/** Throws `invalid_argument` for keys that cannot be read. */
export function jwtReader({ issuer, audience, algorithms, keys }: JwtOptions): TokenReader {
  const key = readKeys(keys);
  const checks = { issuer, audience, algorithms: [...algorithms], requiredClaims: ["exp", "sub"] };
  return {
    async read(token, now) {
      try {
        const options = { ...checks, currentDate: new Date(now) };
        const { payload } =
          typeof key === "function"
            ? await jwtVerify(token, key, options)
            : await jwtVerify(token, key, options);
        return principalIn(payload);
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
        throw error;
      }
    },
  };
}

/** The claims `sub`, `role`, `sessions` and `rooms`. Without a role, or with one that is none, nobody comes in. */
function principalIn({ sub, role, sessions, rooms, exp }: JWTPayload): Principal | null {
  const known = KEY_ROLES.find((one) => one === role);
  const scope = { sessions: readScope(sessions), rooms: readScope(rooms) };
  if (sub === undefined || sub === "" || known === undefined || exp === undefined) return null;
  if (scope.sessions === undefined || scope.rooms === undefined) return null;
  const isScoped = scope.sessions !== null || scope.rooms !== null;
  if (known === "operator" && isScoped) return null;
  const { sessions: seen, rooms: entered } = scopeOf({ sessions: scope.sessions, rooms: scope.rooms });
  return { name: sub, role: known, sessions: seen, rooms: entered, expiresAt: exp * 1_000 };
}

/** Undefined for a claim that is no list of texts. */
function readScope(claim: unknown): readonly string[] | null | undefined {
  if (claim === undefined || claim === null) return null;
  if (!Array.isArray(claim) || claim.length > SCOPE_MAX) return undefined;
  return claim.every((one): one is string => typeof one === "string") ? claim : undefined;
}

function readKeys(text: string) {
  try {
    return text.trimStart().startsWith("{")
      ? createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
      : createPublicKey(checkPublic(text));
  } catch (cause) {
    throw new HolodeckError("invalid_argument", {
      what: "The keys for JWTs are neither a public key as PEM nor a JWKS document.",
      todo: 'Name a file that begins with -----BEGIN PUBLIC KEY-----, or one with {"keys": […]}.',
      cause,
    });
  }
}

/** Node makes a public key of a private one too; a server that checks tokens has no business with it. */
function checkPublic(text: string): string {
  if (/PRIVATE KEY/.test(text)) throw new TypeError("It is a private key.");
  return text;
}
