// Roles are negotiated once per session: granted = requested ∩ offered ∩ allowed. Its agents inherit what was granted,
// all of it or the part named when they were attached; never more.
import { checkRoleIds } from "./role.ts";

export interface RoleNegotiation {
  /** What the session asks for, at most 64. */
  readonly requested: readonly string[];
  /** What may be had here: the roles that are put and not retired. */
  readonly offered: readonly string[];
  /** What the session's identity holds. */
  readonly allowed: readonly string[];
}

/** In order of their names. */
export interface NegotiatedRoles {
  readonly granted: readonly string[];
  readonly refused: readonly RefusedRole[];
}

export interface RefusedRole {
  readonly roleId: string;
  readonly why: "not_offered" | "not_allowed";
}

const REQUESTED_MAX = 64;
const OFFERED_MAX = 10_000;

/** Throws `invalid_argument` for what is no role's id; `*` is none, so all cannot be asked for, offered or allowed. */
export function negotiateRoles({ requested, offered, allowed }: RoleNegotiation): NegotiatedRoles {
  const isOffered = new Set(checkRoleIds(offered, "offered", OFFERED_MAX));
  const isAllowed = new Set(checkRoleIds(allowed, "allowed", OFFERED_MAX));
  const granted: string[] = [];
  const refused: RefusedRole[] = [];
  for (const roleId of checkRoleIds(requested, "requested", REQUESTED_MAX)) {
    if (!isOffered.has(roleId)) refused.push({ roleId, why: "not_offered" });
    else if (!isAllowed.has(roleId)) refused.push({ roleId, why: "not_allowed" });
    else granted.push(roleId);
  }
  return { granted, refused };
}

/**
 * The roles an agent is judged by: those of its session as they stand now, or the part of them named at its
 * attachment. A role revoked from the session is gone from its agents with it.
 */
export function inheritedRoles({
  granted,
  subset,
}: {
  readonly granted: readonly string[];
  /** Null: all. */
  readonly subset: readonly string[] | null;
}): readonly string[] {
  const roles = checkRoleIds(granted, "granted", REQUESTED_MAX);
  if (subset === null) return roles;
  const named = new Set(checkRoleIds(subset, "subset", REQUESTED_MAX));
  return roles.filter((role) => named.has(role));
}
