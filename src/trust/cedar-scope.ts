// What a Cedar policy's scope asks of a request, so that only policies that may speak of it are asked: the engine copies
// every policy of a set at each call. A scope that does not fit is neither satisfied nor an error, so nothing is lost.
import type { CedarPolicyJson, CedarScopePart } from "./cedar-engine.ts";
import type { CedarName, CedarRequest } from "./cedar-request.ts";

/** The entities of which one must be the request's; null when any may. */
export interface CedarScope {
  readonly principal: string | null;
  readonly action: string | null;
  readonly resource: string | null;
}

export function scopeOf({ principal, action, resource }: CedarPolicyJson): CedarScope {
  return {
    principal: entityOf(principal),
    // A schema may declare groups of actions, which we do not look through: any action may be in one.
    action: action.op === "in" ? null : entityOf(action),
    resource: entityOf(resource),
  };
}

/** The keys of the scopes that may fit, and no other. */
export function scopeKeysFor({ principal, action, resource, entities }: CedarRequest): readonly string[] {
  const roles = entities.flatMap(({ uid, parents }) => (isSame(uid, principal) ? parents : []));
  const keys: string[] = [];
  for (const who of [null, nameOf(principal), ...roles.map(nameOf)]) {
    for (const does of [null, nameOf(action)]) {
      for (const what of [null, nameOf(resource)]) keys.push(keyOf(who, does, what));
    }
  }
  return keys;
}

export function scopeKeyOf({ principal, action, resource }: CedarScope): string {
  return keyOf(principal, action, resource);
}

function keyOf(principal: string | null, action: string | null, resource: string | null): string {
  return JSON.stringify([principal, action, resource]);
}

/** Null when it names none: any fits. */
function entityOf({ entity, in: within }: CedarScopePart): string | null {
  const named = entity ?? (within !== undefined && "entity" in within ? within.entity : undefined);
  if (named === undefined) return null;
  return nameOf("__entity" in named ? named.__entity : named);
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}::${id}`;
}

function isSame(one: CedarName, other: CedarName): boolean {
  return one.type === other.type && one.id === other.id;
}
