// A manager's policies: put, edited, read, each change a version.
import type { Decided } from "../event/batch.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId, type Fact, type StreamId } from "../event/event.ts";
import type { Untimed } from "../event/runtime.ts";
import { policyAt, type PolicyCommand, type PolicyEvent } from "../trust/policy-aggregate.ts";
import type { Policy } from "../trust/policy.ts";
import type { Statement } from "../trust/statement.ts";
import { checkKeys, checkText, invalid } from "./input.ts";
import { eventsOf } from "./past-events.ts";
import { OWNER_POLICY_KEY } from "./stream.ts";
import { trustAudit, type TrustChange } from "./trust-audit.ts";
import { trustList, type TrustPage, type TrustPageOptions } from "./trust-list.ts";
import { trustStream, type TrustStreams } from "./trust-streams.ts";

/** What is told of a change beside what it is. */
export interface ChangeOptions {
  /** Who changes it, kept with the change: 1 to 256 visible characters. Default `operator`. */
  readonly by?: string;
  /** Refused with `conflict` when it stands at another version. */
  readonly expectedVersion?: number;
  /** Makes the change happen once, however often it is repeated: the repeat answers what is there by then. */
  readonly idempotencyKey?: string;
}

/** A policy as it stood when it was read. */
export interface StoredPolicy {
  readonly id: string;
  /** Its stream, as `session.persist()` names it: `policy:ID`. */
  readonly key: string;
  /** 1 for the first. */
  readonly version: number;
  readonly statements: readonly Statement[];
  /** What decides. */
  readonly policy: Policy;
  /** The policy as it stood at a version; 0 is the empty one. Throws `not_found` for one that never was. */
  at(version: number): Promise<Policy>;
}

/** The policies of a store. Made by the manager: `manager.policies`. */
export class Policies {
  readonly #open: () => Promise<TrustStreams>;

  constructor(open: () => Promise<TrustStreams>) {
    this.#open = open;
  }

  /**
   * Makes these all the statements of a policy; the next decision of every process knows. A change that is not sound
   * is refused whole (`invalid_argument`, with the path of what is wrong) and the version before stays.
   */
  async put(id: string, statements: unknown, options: ChangeOptions = {}): Promise<StoredPolicy> {
    return await this.#change(id, { type: "set_policy", statements, ...changeOf(options) }, options);
  }

  /** Adds a statement, or puts it in the place of the one with its id. */
  async putStatement(id: string, statement: unknown, options: ChangeOptions = {}): Promise<StoredPolicy> {
    return await this.#change(id, { type: "put_statement", statement, ...changeOf(options) }, options);
  }

  /** Throws `not_found` when the policy has no such statement. */
  async removeStatement(id: string, statementId: string, options: ChangeOptions = {}): Promise<StoredPolicy> {
    return await this.#change(id, { type: "remove_statement", statementId, ...changeOf(options) }, options);
  }

  /** The policy as it stands now. Throws `not_found` when nobody put it. */
  async get(id: string): Promise<StoredPolicy> {
    const streams = await this.#open();
    return await this.#read(streams, id, policyStream(id));
  }

  /** Those that were put, the newest first; also those that sessions keep, under `sha256-…`. */
  async list(options: TrustPageOptions = {}): Promise<TrustPage> {
    return await trustList((await this.#open()).store, "policy", options);
  }

  /** Who changed it when, and how, the oldest first. Throws `not_found` when nobody put it. */
  async audit(id: string): Promise<readonly TrustChange[]> {
    return await auditOf(await this.#open(), "policy", id);
  }

  async #change(id: string, command: Untimed<PolicyCommand>, options: ChangeOptions): Promise<StoredPolicy> {
    const stream = policyStream(id);
    const streams = await this.#open();
    throwRefusal(await streams.policies.execute(stream, command, keyOf(options)));
    return await this.#read(streams, id, stream);
  }

  async #read(streams: TrustStreams, id: string, stream: StreamId): Promise<StoredPolicy> {
    const state = await streams.policies.refresh(stream);
    if (state.version === 0) throw unknown("policy", id);
    const policy = streams.compiled(state);
    const { version, statements } = policy;
    const at = async (asked: number): Promise<Policy> =>
      policyAt(await eventsOf<PolicyEvent>(streams.store, stream), asked);
    return { id, key: stream, version, statements, policy, at };
  }
}

/** The stream of a policy that people put; the built-in one is nobody's to change. */
export function policyStream(id: string): StreamId {
  const stream = trustStream("policy", id);
  if (stream !== streamId("policy", OWNER_POLICY_ID)) return stream;
  throw invalid(
    "The policy's id",
    id,
    "Give it another: this is the built-in one, which a session without a policy has.",
  );
}

const OWNER_POLICY_ID = OWNER_POLICY_KEY.slice("policy:".length);

export function changeOf(options: ChangeOptions): { readonly by: string; readonly expectedVersion?: number } {
  const known = ["by", "expectedVersion", "idempotencyKey"] as const;
  const { by = "operator", expectedVersion } = checkKeys(options, "options", known);
  return { by, ...(expectedVersion !== undefined && { expectedVersion }) };
}

/** Under which key a change is made; null for none. */
export function keyOf({ idempotencyKey }: Pick<ChangeOptions, "idempotencyKey">): string | null {
  return idempotencyKey === undefined ? null : checkText(idempotencyKey, "idempotencyKey");
}

export function throwRefusal({ refusal }: Decided<Fact>): void {
  if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
}

/** Throws `not_found` when nobody put it. */
export async function auditOf(
  { store }: TrustStreams,
  kind: Parameters<typeof trustStream>[0],
  id: string,
): Promise<readonly TrustChange[]> {
  const changes = await trustAudit(store, trustStream(kind, id));
  if (changes.length === 0) throw unknown(kind, id);
  return changes;
}

export function unknown(kind: string, id: string): HolodeckError {
  return new HolodeckError("not_found", {
    what: `There is no ${kind} ${JSON.stringify(id.slice(0, 100))}.`,
    todo: "Put it first.",
  });
}
