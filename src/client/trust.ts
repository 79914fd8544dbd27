// A server's policies, identities and roles, with the names the manager on this machine has for them. Who changes one is
// told by the key; a policy is its statements here, and judges where the store is.
import type { JsonObject } from "../event/json.ts";
import type { IdentityInput, RoleInput, StoredIdentity, StoredRole } from "../session/identities.ts";
import { checkKeys } from "../session/input.ts";
import type {
  ChangeOptions as LocalChangeOptions,
  StoredPolicy as LocalPolicy,
} from "../session/policies.ts";
import type { TrustChange } from "../session/trust-audit.ts";
import type { TrustPage, TrustPageOptions, TrustSummary } from "../session/trust-list.ts";
import type { Identity } from "../trust/identity.ts";
import type { Statement } from "../trust/statement.ts";

/** What is told of a change beside what it is. Who makes it is whose key it comes with. */
export type ChangeOptions = Omit<LocalChangeOptions, "by">;

type RoleChangeOptions = Pick<ChangeOptions, "idempotencyKey">;

/** A policy as it stood when it was read. */
export interface StoredPolicy extends Omit<LocalPolicy, "policy" | "at"> {
  /** The policy as it stood at a version; 0 is the empty one. Throws `not_found` for one that never was. */
  at(version: number): Promise<{ readonly version: number; readonly statements: readonly Statement[] }>;
}

/** Requests to the server. */
export interface Asking {
  get(path: string): Promise<JsonObject>;
  post(path: string, body: object, key?: string | null): Promise<JsonObject>;
}

export class Policies {
  readonly #ask: Asking;

  constructor(ask: Asking) {
    this.#ask = ask;
  }

  /** Makes these all the statements of a policy; the next decision of every process knows. Refused whole. */
  async put(id: string, statements: unknown, options: ChangeOptions = {}): Promise<StoredPolicy> {
    const body = { policy_id: id, statements, ...expectedIn(options) };
    return this.#policyOf(await this.#ask.post("/v1/policies", body, options.idempotencyKey));
  }

  /** Adds a statement, or puts it in the place of the one with its id. */
  async putStatement(id: string, statement: unknown, options: ChangeOptions = {}): Promise<StoredPolicy> {
    const path = pathOf("policies", id, "statements");
    const body = { statement, ...expectedIn(options) };
    return this.#policyOf(await this.#ask.post(path, body, options.idempotencyKey));
  }

  /** Throws `not_found` when the policy has no such statement. */
  async removeStatement(id: string, statementId: string, options: ChangeOptions = {}): Promise<StoredPolicy> {
    const path = pathOf("policies", id, "statements", statementId, "remove");
    return this.#policyOf(await this.#ask.post(path, expectedIn(options), options.idempotencyKey));
  }

  /** The policy as it stands now. Throws `not_found` when nobody put it. */
  async get(id: string): Promise<StoredPolicy> {
    return this.#policyOf(await this.#ask.get(pathOf("policies", id)));
  }

  /** Those that were put, the newest first; also those that sessions keep, under `sha256-…`. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await listOf(this.#ask, "policies", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(this.#ask, pathOf("policies", id, "audit"));
  }

  #policyOf(body: JsonObject): StoredPolicy {
    const { policy_id: id, key, version, statements } = body as unknown as PolicyTold;
    const at = async (asked: number) => {
      const told = await this.#ask.get(`${pathOf("policies", id)}?version=${asked}`);
      const then = told as unknown as PolicyTold;
      return { version: then.version, statements: then.statements };
    };
    return { id, key, version, statements, at };
  }
}

export class Identities {
  readonly #ask: Asking;

  constructor(ask: Asking) {
    this.#ask = ask;
  }

  /** Makes it what is given, roles too. Throws `invalid_argument` and changes nothing for what is not sound. */
  async put({ id, ...identity }: IdentityInput, options: ChangeOptions = {}): Promise<StoredIdentity> {
    const body = { identity_id: id, ...identity, ...expectedIn(options) };
    return this.#identityOf(await this.#ask.post("/v1/identities", body, options.idempotencyKey));
  }

  /** The next decision that rests on it knows. */
  async grantRole(id: string, roleId: string, options: ChangeOptions = {}): Promise<StoredIdentity> {
    return await this.#changeRole(id, "grant", roleId, options);
  }

  /** Sessions that had the role from this identity have it no more: the next decision knows. */
  async revokeRole(id: string, roleId: string, options: ChangeOptions = {}): Promise<StoredIdentity> {
    return await this.#changeRole(id, "revoke", roleId, options);
  }

  /** It may do nothing from then on, nor may what acts for it; its history stays. */
  async remove(id: string, options: ChangeOptions = {}): Promise<void> {
    const path = pathOf("identities", id, "remove");
    await this.#ask.post(path, expectedIn(options), options.idempotencyKey);
  }

  /** Throws `not_found` when nobody put it, or it was removed. */
  async get(id: string): Promise<StoredIdentity> {
    return this.#identityOf(await this.#ask.get(pathOf("identities", id)));
  }

  /**
   * An identity as it stood at a version, also one that was removed since; null when it was removed then. Throws
   * `not_found` when nobody put it, and for a version that never was.
   */
  async at(id: string, version: number): Promise<Identity | null> {
    const told = await this.#ask.get(`${pathOf("identities", id)}?version=${version}`);
    const { status, nickname, metadata, roles } = told as unknown as IdentityTold;
    return status === "removed" ? null : { id, nickname, metadata, roles };
  }

  /** Those that were put, the newest first; a removed one says so. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await listOf(this.#ask, "identities", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(this.#ask, pathOf("identities", id, "audit"));
  }

  async #changeRole(
    id: string,
    verb: "grant" | "revoke",
    roleId: string,
    options: ChangeOptions,
  ): Promise<StoredIdentity> {
    const body = { role_id: roleId, ...expectedIn(options) };
    const path = pathOf("identities", id, verb);
    return this.#identityOf(await this.#ask.post(path, body, options.idempotencyKey));
  }

  #identityOf(body: JsonObject): StoredIdentity {
    const { identity_id: id, key, version, nickname, metadata, roles } = body as unknown as IdentityTold;
    const at = async (asked: number): Promise<Identity | null> => await this.at(id, asked);
    return { id, key, version, nickname, metadata, roles, at };
  }
}

export class Roles {
  readonly #ask: Asking;

  constructor(ask: Asking) {
    this.#ask = ask;
  }

  /** Makes it what is given. A retired role is offered again. */
  async put({ id, ...role }: RoleInput, options: RoleChangeOptions = {}): Promise<StoredRole> {
    const { idempotencyKey } = checkKeys(options, "options", ["idempotencyKey"]);
    return roleOf(await this.#ask.post("/v1/roles", { role_id: id, ...role }, idempotencyKey));
  }

  async retire(id: string, options: RoleChangeOptions = {}): Promise<StoredRole> {
    const { idempotencyKey } = checkKeys(options, "options", ["idempotencyKey"]);
    return roleOf(await this.#ask.post(pathOf("roles", id, "retire"), {}, idempotencyKey));
  }

  /** Throws `not_found` when nobody put it. */
  async get(id: string): Promise<StoredRole> {
    return roleOf(await this.#ask.get(pathOf("roles", id)));
  }

  /** Those that were put, the newest first; a retired one says so. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await listOf(this.#ask, "roles", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(this.#ask, pathOf("roles", id, "audit"));
  }
}

interface PolicyTold {
  readonly policy_id: string;
  readonly key: string;
  readonly version: number;
  readonly statements: readonly Statement[];
}

interface IdentityTold extends Pick<Identity, "nickname" | "metadata" | "roles"> {
  readonly identity_id: string;
  readonly key: string;
  readonly version: number;
  readonly status: "active" | "removed";
}

interface RoleTold {
  readonly role_id: string;
  readonly key: string;
  readonly version: number;
  readonly status: "active" | "retired";
  readonly description: string;
}

function roleOf(body: JsonObject): StoredRole {
  const { role_id: id, key, version, status, description } = body as unknown as RoleTold;
  return { id, key, version, description, isRetired: status === "retired" };
}

function pathOf(kind: string, ...segments: readonly string[]): string {
  return `/v1/${[kind, ...segments.map(encodeURIComponent)].join("/")}`;
}

/** Also refuses what is none of the options. */
function expectedIn(options: ChangeOptions): JsonObject {
  const { expectedVersion } = checkKeys(options, "options", ["expectedVersion", "idempotencyKey"]);
  return expectedVersion === undefined ? {} : { expected_version: expectedVersion };
}

async function listOf(ask: Asking, kind: string, options: TrustPageOptions): Promise<TrustPage> {
  const { limit, after } = checkKeys(options, "options", ["limit", "after"]);
  const query = new URLSearchParams();
  if (limit !== undefined) query.set("limit", `${limit}`);
  if (after !== undefined) query.set("page_token", after);
  const told = await ask.get(`/v1/${kind}?${query.toString()}`);
  const { items, next_page_token: next } = told as unknown as ListTold;
  return {
    items: items.map(({ created_at, ...one }) => ({ ...one, createdAt: Date.parse(created_at) })),
    next,
  };
}

interface ListTold {
  readonly items: readonly (Omit<TrustSummary, "createdAt"> & { readonly created_at: string })[];
  readonly next_page_token: string | null;
}

async function auditOf(ask: Asking, path: string): Promise<readonly TrustChange[]> {
  const changes: TrustChange[] = [];
  for (let after: number | null = 0; after !== null;) {
    const told: JsonObject = await ask.get(`${path}?after_version=${after}&limit=1000`);
    const page = told as unknown as AuditTold;
    for (const change of page.changes) changes.push({ ...change, at: Date.parse(change.at) });
    after = page.next_after_version;
  }
  return changes;
}

interface AuditTold {
  readonly changes: readonly (Omit<TrustChange, "at"> & { readonly at: string })[];
  readonly next_after_version: number | null;
}
