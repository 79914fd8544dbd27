// What a Cedar policy's scope asks of a request, so that only policies that may speak of it are asked: the engine copies
// every policy of a set at each call. A scope that does not fit is neither satisfied nor an error, so nothing is lost.
import type { CedarPolicyJson, CedarScopePart } from "./cedar-engine.ts";
import type { CedarName, CedarRequest } from "./cedar-request.ts";

/** The entities of which one must be the request's; null when any may. */
export interface CedarScope {
  readonly principal: string | null;
  readonly actions: readonly string[] | null;
  readonly resource: string | null;
}

export function scopeOf({ principal, action, resource }: CedarPolicyJson): CedarScope {
  return {
    principal: entitiesOf(principal)?.[0] ?? null,
    actions: entitiesOf(action),
    resource: entitiesOf(resource)?.[0] ?? null,
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

/** A scope that names several actions has a key for each. */
export function scopeKeysOf({ principal, actions, resource }: CedarScope): readonly string[] {
  return (actions ?? [null]).map((action) => keyOf(principal, action, resource));
}

function keyOf(principal: string | null, action: string | null, resource: string | null): string {
  return JSON.stringify([principal, action, resource]);
}

/** Null when the scope names none: any fits. */
function entitiesOf({ entity, entities, in: within }: CedarScopePart): readonly string[] | null {
  const one = entity ?? (within !== undefined && "entity" in within ? within.entity : undefined);
  const named = entities ?? (one === undefined ? null : [one]);
  return named?.map((name) => nameOf("__entity" in name ? name.__entity : name)) ?? null;
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}::${id}`;
}

function isSame(one: CedarName, other: CedarName): boolean {
  return one.type === other.type && one.id === other.id;
}
