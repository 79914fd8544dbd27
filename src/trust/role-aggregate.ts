// A role as a stream, `role:id`: what it is for, and that it is no longer given.
import type { Aggregate, Decision, Happened, Timed } from "../event/decider.ts";
import type { Fact } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import { checkName } from "./name.ts";
import { checked } from "./refusals.ts";
import { parseRole, type Role } from "./role.ts";

interface Change extends Timed {
  /** Who changes it: kept in the event. */
  readonly by: string;
}

export type RoleCommand =
  /** Makes it what is given. A retired role is there again. */
  | (Change & { readonly type: "put_role"; readonly role: unknown })
  /** It is not offered any more (see negotiation.ts). Identities that hold it keep it until it is revoked. */
  | (Change & { readonly type: "retire_role" });

interface Versioned extends JsonObject {
  readonly version: number;
  readonly by: string;
}

export type RoleEvent =
  | (Fact & { readonly type: "role_put"; readonly data: Versioned & { readonly role: Role } })
  | (Fact & { readonly type: "role_retired"; readonly data: Versioned });

export interface RoleState {
  /** 0 before the first change. */
  version: number;
  createdAt: number;
  role: Role | null;
  isRetired: boolean;
}

export const roleAggregate: Aggregate<RoleState, RoleCommand, RoleEvent> = {
  initial: () => ({ version: 0, createdAt: 0, role: null, isRetired: false }),
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state) => ({ ...state }),
    load: (json) => ({ ...(json as unknown as RoleState) }),
  },
};

function decide(state: RoleState, command: RoleCommand): Decision<RoleEvent> {
  const by = checked(() => checkName(command.by, "by"));
  if ("refusal" in by) return by.refusal;
  const change: Versioned = { version: state.version + 1, by: by.value };
  if (command.type === "put_role") return putRole(state, command.role, change);
  if (state.role === null) {
    return { code: "not_found", what: "There is no such role.", todo: "Put it first." };
  }
  return state.isRetired ? [] : [{ type: "role_retired", room: null, data: change }];
}

function putRole(state: RoleState, given: unknown, change: Versioned): Decision<RoleEvent> {
  const put = checked(() => parseRole(given));
  if ("refusal" in put) return put.refusal;
  const role = put.value;
  if (state.role !== null && state.role.id !== role.id) {
    return {
      code: "invalid_argument",
      what: `role.id is ${JSON.stringify(role.id)}, and this is ${JSON.stringify(state.role.id)}.`,
      todo: "Leave the id as it is; another role has a stream of its own.",
    };
  }
  const isSame = JSON.stringify(role) === JSON.stringify(state.role);
  return isSame && !state.isRetired ? [] : [{ type: "role_put", room: null, data: { ...change, role } }];
}

function evolve(state: RoleState, event: Happened<RoleEvent>): RoleState {
  if (state.version === 0) state.createdAt = event.at;
  state.version = event.data.version;
  state.isRetired = event.type === "role_retired";
  if (event.type === "role_put") state.role = event.data.role;
  return state;
}

function head({ version, createdAt, role, isRetired }: RoleState): Head {
  const status = isRetired ? "retired" : "active";
  const summary = { version, description: role?.description ?? "" };
  return { kind: "role", status, createdAt, dueAt: null, labels: [], summary };
}
