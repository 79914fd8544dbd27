// A manager's identities and roles: who may be judged, and the names that statements grant to.
import { HolodeckError } from "../event/error.ts";
import type { Untimed } from "../event/runtime.ts";
import { identityAt, type IdentityCommand, type IdentityEvent } from "../trust/identity-aggregate.ts";
import { parseIdentity, type Identity } from "../trust/identity.ts";
import type { RoleCommand } from "../trust/role-aggregate.ts";
import { parseRole, type Role } from "../trust/role.ts";
import { auditOf, changeOf, keyOf, throwRefusal, unknown, type ChangeOptions } from "./policies.ts";
import { eventsOf } from "./past-events.ts";
import type { TrustChange } from "./trust-audit.ts";
import { trustList, type TrustPage, type TrustPageOptions } from "./trust-list.ts";
import { trustStream, type TrustStreams } from "./trust-streams.ts";

/** What `put` takes: the id must be there. */
export type IdentityInput = Pick<Identity, "id"> & Partial<Identity>;
export type RoleInput = Pick<Role, "id"> & Partial<Role>;

/** An identity as it stood when it was read. */
export interface StoredIdentity extends Pick<Identity, "id" | "nickname" | "metadata" | "roles"> {
  /** Its stream, as `session.persist()` names it: `identity:ID`. */
  readonly key: string;
  readonly version: number;
  /** As it stood at a version; null when it was removed then. Throws `not_found` for one that never was. */
  at(version: number): Promise<Identity | null>;
}

/** The identities of a store. Made by the manager: `manager.identities`. */
export class Identities {
  readonly #open: () => Promise<TrustStreams>;

  constructor(open: () => Promise<TrustStreams>) {
    this.#open = open;
  }

  /** Makes it what is given, roles too. Throws `invalid_argument` and changes nothing for what is not sound. */
  async put(identity: IdentityInput, options: ChangeOptions = {}): Promise<StoredIdentity> {
    const { id } = parseIdentity(identity);
    return await this.#change(id, { type: "put_identity", identity, ...changeOf(options) }, options);
  }

  /** The next decision that rests on it knows. */
  async grantRole(id: string, roleId: string, options: ChangeOptions = {}): Promise<StoredIdentity> {
    return await this.#change(id, { type: "grant_role", roleId, ...changeOf(options) }, options);
  }

  /** Sessions that had the role from this identity have it no more: the next decision knows. */
  async revokeRole(id: string, roleId: string, options: ChangeOptions = {}): Promise<StoredIdentity> {
    return await this.#change(id, { type: "revoke_role", roleId, ...changeOf(options) }, options);
  }

  /** It may do nothing from then on, nor may what acts for it; its history stays. */
  async remove(id: string, options: ChangeOptions = {}): Promise<void> {
    const command = { type: "remove_identity", ...changeOf(options) } as const;
    const { identities } = await this.#open();
    throwRefusal(await identities.execute(trustStream("identity", id), command, keyOf(options)));
  }

  /** Throws `not_found` when nobody put it, or it was removed. */
  async get(id: string): Promise<StoredIdentity> {
    const stream = trustStream("identity", id);
    const streams = await this.#open();
    const { identity, version } = await streams.identities.refresh(stream);
    if (identity === null) throw unknown("identity", id);
    const { nickname, metadata, roles } = identity;
    const at = async (asked: number): Promise<Identity | null> => await this.at(id, asked);
    return { id, key: stream, version, nickname, metadata, roles, at };
  }

  /**
   * An identity as it stood at a version, also one that was removed since; null when it was removed then. Throws
   * `not_found` when nobody put it, and for a version that never was.
   */
  async at(id: string, version: number): Promise<Identity | null> {
    const events = await eventsOf<IdentityEvent>((await this.#open()).store, trustStream("identity", id));
    if (events.length === 0) throw unknown("identity", id);
    return identityAt(events, version);
  }

  /** Those that were put, the newest first; a removed one says so. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await trustList((await this.#open()).store, "identity", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(await this.#open(), "identity", id);
  }

  async #change(
    id: string,
    command: Untimed<IdentityCommand>,
    options: ChangeOptions,
  ): Promise<StoredIdentity> {
    const { identities } = await this.#open();
    throwRefusal(await identities.execute(trustStream("identity", id), command, keyOf(options)));
    return await this.get(id);
  }
}

/** A role as it stood when it was read. */
export interface StoredRole extends Pick<Role, "id" | "description"> {
  readonly key: string;
  readonly version: number;
  /** Whether it is no longer given; who has it keeps it until it is revoked. */
  readonly isRetired: boolean;
}

/** The roles of a store: only those that are put, and not retired, can be had. Made by the manager: `manager.roles`. */
export class Roles {
  readonly #open: () => Promise<TrustStreams>;

  constructor(open: () => Promise<TrustStreams>) {
    this.#open = open;
  }

  /** Makes it what is given. A retired role is offered again. */
  async put(role: RoleInput, options: RoleChangeOptions = {}): Promise<StoredRole> {
    const { id } = parseRole(role);
    return await this.#change(id, { type: "put_role", role, ...changeOf(options) }, options);
  }

  async retire(id: string, options: RoleChangeOptions = {}): Promise<StoredRole> {
    return await this.#change(id, { type: "retire_role", ...changeOf(options) }, options);
  }

  /** Throws `not_found` when nobody put it. */
  async get(id: string): Promise<StoredRole> {
    const stream = trustStream("role", id);
    const { role, version, isRetired } = await (await this.#open()).roles.refresh(stream);
    if (role === null) throw unknown("role", id);
    return { id, key: stream, version, description: role.description, isRetired };
  }

  /** Those that were put, the newest first; a retired one says so. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await trustList((await this.#open()).store, "role", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(await this.#open(), "role", id);
  }

  async #change(id: string, command: Untimed<RoleCommand>, options: RoleChangeOptions): Promise<StoredRole> {
    const { roles } = await this.#open();
    throwRefusal(await roles.execute(trustStream("role", id), command, keyOf(options)));
    return await this.get(id);
  }
}

export type RoleChangeOptions = Pick<ChangeOptions, "by" | "idempotencyKey">;

/** Throws `not_found` for an identity that nobody put, or that was removed. */
export async function heldBy(streams: TrustStreams, id: string): Promise<Identity> {
  const { identity } = await streams.identities.refresh(trustStream("identity", id));
  if (identity !== null) return identity;
  throw new HolodeckError("not_found", {
    what: `There is no identity ${JSON.stringify(id.slice(0, 100))}.`,
    todo: "Put the identity first, or leave it out.",
  });
}
