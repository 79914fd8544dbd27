// An identity as a stream, `identity:id`: each change is a version. A role granted or revoked is one event, and the
// next decision that folds it knows.
import type { Aggregate, Decision, Happened, Refusal, Timed } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { Fact } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import { parseIdentity, type Identity } from "./identity.ts";
import { checkName } from "./name.ts";
import { checked, refuseOtherVersion } from "./refusals.ts";

interface Change extends Timed {
  /** Who changes it: kept in the event. */
  readonly by: string;
  /** Refused with `conflict` when the identity stands at another version. */
  readonly expectedVersion?: number;
}

export type IdentityCommand =
  /** Makes it what is given, roles too. A removed identity is there again. */
  | (Change & { readonly type: "put_identity"; readonly identity: unknown })
  | (Change & { readonly type: "grant_role"; readonly roleId: string })
  | (Change & { readonly type: "revoke_role"; readonly roleId: string })
  /** It holds nothing from then on; its history stays. */
  | (Change & { readonly type: "remove_identity" });

interface Versioned extends JsonObject {
  readonly version: number;
  readonly by: string;
}

type Of<Type extends string, Data extends JsonObject> = Fact & {
  readonly type: Type;
  readonly data: Versioned & Data;
};

export type IdentityEvent =
  | Of<"identity_put", { readonly identity: Identity }>
  | Of<"role_granted", { readonly role_id: string }>
  | Of<"role_revoked", { readonly role_id: string }>
  | Of<"identity_removed", JsonObject>;

export interface IdentityState {
  /** 0 before the first change. */
  version: number;
  createdAt: number;
  /** Null before it is put and once it is removed: then it may do nothing. */
  identity: Identity | null;
  /** Also of a removed one: a stream is one identity's for ever. */
  id: string | null;
}

export const identityAggregate: Aggregate<IdentityState, IdentityCommand, IdentityEvent> = {
  initial: () => ({ version: 0, createdAt: 0, identity: null, id: null }),
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state) => ({ ...state }),
    load: (json) => ({ ...(json as unknown as IdentityState) }),
  },
};

/** The identity as it stood at a version; null when it was removed. Throws `not_found` for a version that never was. */
export function identityAt(events: Iterable<Happened<IdentityEvent>>, version: number): Identity | null {
  let state = identityAggregate.initial();
  for (const event of events) {
    if (event.data.version > version) break;
    state = evolve(state, event);
  }
  if (state.version === version) return state.identity;
  throw new HolodeckError("not_found", {
    what: `The identity has no version ${version}; the last one here is ${state.version}.`,
    todo: "Ask for a version from 0 to the last one.",
  });
}

function decide(state: IdentityState, command: IdentityCommand): Decision<IdentityEvent> {
  const refusal = refuseOtherVersion(state.version, command.expectedVersion);
  if (refusal !== null) return refusal;
  const by = checked(() => checkName(command.by, "by"));
  if ("refusal" in by) return by.refusal;
  const change: Versioned = { version: state.version + 1, by: by.value };
  if (command.type === "put_identity") return putIdentity(state, command.identity, change);
  if (state.identity === null) return NOT_THERE;
  if (command.type === "remove_identity") return [{ type: "identity_removed", room: null, data: change }];
  const after = checked(() => withRole(state.identity, command));
  if ("refusal" in after) return after.refusal;
  if (after.value.roles.length === state.identity.roles.length) return [];
  const type = command.type === "grant_role" ? "role_granted" : "role_revoked";
  return [{ type, room: null, data: { ...change, role_id: command.roleId } }];
}

const NOT_THERE: Refusal = {
  code: "not_found",
  what: "There is no such identity.",
  todo: "Put it first.",
};

function putIdentity(state: IdentityState, given: unknown, change: Versioned): Decision<IdentityEvent> {
  const put = checked(() => parseIdentity(given));
  if ("refusal" in put) return put.refusal;
  const identity = put.value;
  if (state.id !== null && state.id !== identity.id) {
    return {
      code: "invalid_argument",
      what: `identity.id is ${JSON.stringify(identity.id)}, and this is ${JSON.stringify(state.id)}.`,
      todo: "Leave the id as it is; another identity has a stream of its own.",
    };
  }
  if (JSON.stringify(identity) === JSON.stringify(state.identity)) return [];
  return [{ type: "identity_put", room: null, data: { ...change, identity } }];
}

/** The identity after the change, checked as a whole. */
function withRole(
  identity: Identity | null,
  { type, roleId }: { readonly type: "grant_role" | "revoke_role"; readonly roleId: string },
): Identity {
  const role = checkName(roleId, "roleId");
  const others = identity?.roles.filter((one) => one !== role) ?? [];
  return parseIdentity({ ...identity, roles: type === "grant_role" ? [...others, role] : others });
}

function evolve(state: IdentityState, event: Happened<IdentityEvent>): IdentityState {
  if (state.version === 0) state.createdAt = event.at;
  state.version = event.data.version;
  switch (event.type) {
    case "identity_put":
      state.identity = event.data.identity;
      state.id = event.data.identity.id;
      break;
    case "role_granted":
      state.identity = withRole(state.identity, { type: "grant_role", roleId: event.data.role_id });
      break;
    case "role_revoked":
      state.identity = withRole(state.identity, { type: "revoke_role", roleId: event.data.role_id });
      break;
    case "identity_removed":
      state.identity = null;
      break;
  }
  return state;
}

/** A head has at most 32 labels. */
const LABELS_MAX = 32;

function head({ version, createdAt, identity }: IdentityState): Head {
  const labels = (identity?.roles ?? []).map((role) => `role:${role}`).slice(0, LABELS_MAX);
  const status = identity === null ? "removed" : "active";
  const summary = { version, nickname: identity?.nickname ?? "" };
  return { kind: "identity", status, createdAt, dueAt: null, labels, summary };
}
