// The streams of the trust boundary beside a manager's sessions: policies, identities, roles, and what was decided.
import type { Moment } from "../event/decider.ts";
import { streamId, streamKind, type StreamId } from "../event/event.ts";
import type { Runtime } from "../event/runtime.ts";
import type { Clock } from "../event/clock.ts";
import type { Store } from "../store/port.ts";
import {
  identityAggregate,
  type IdentityCommand,
  type IdentityEvent,
  type IdentityState,
} from "../trust/identity-aggregate.ts";
import { checkName } from "../trust/name.ts";
import {
  policyAggregate,
  policyOf,
  type PolicyCommand,
  type PolicyEvent,
  type PolicyState,
} from "../trust/policy-aggregate.ts";
import type { Policy } from "../trust/policy.ts";
import { roleAggregate, type RoleCommand, type RoleEvent, type RoleState } from "../trust/role-aggregate.ts";
import { BoundedWait } from "./bounded-wait.ts";
import {
  decisionsAggregate,
  type DecisionEvent,
  type DecisionsState,
  type RecordDecision,
} from "./decisions.ts";
import { Freshness } from "./freshness.ts";
import { TracedRuntime } from "./traced-runtime.ts";

/** A store that does not answer for this long, in milliseconds, is away: decisions deny. */
const ANSWER_MS_MAX = 5_000;

const AWAY = {
  code: "store_unreachable",
  what: `The store did not answer for ${ANSWER_MS_MAX / 1_000} s.`,
  todo: "Look whether it is there; what cannot be confirmed is denied.",
} as const;

interface TrustStreamsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** Told which stream is used, so that it can be let go of when it is not. */
  readonly touch: (stream: StreamId) => void;
}

export class TrustStreams {
  readonly store: Store;
  readonly freshness: Freshness;
  /** For what a decision waits for. */
  readonly patience: BoundedWait;
  readonly policies: Runtime<PolicyState, PolicyCommand, PolicyEvent>;
  readonly identities: Runtime<IdentityState, IdentityCommand, IdentityEvent>;
  readonly roles: Runtime<RoleState, RoleCommand, RoleEvent>;
  readonly decisions: Runtime<DecisionsState, RecordDecision, DecisionEvent>;
  readonly #touch: (stream: StreamId) => void;
  /** Each state's policy, compiled once a version. A state that leaves memory takes it along. */
  readonly #compiled = new WeakMap<PolicyState, Policy>();

  constructor({ store, clock, moment, touch }: TrustStreamsOptions) {
    this.store = store;
    this.#touch = touch;
    this.freshness = new Freshness(store);
    this.patience = new BoundedWait({ clock, ms: ANSWER_MS_MAX, late: AWAY });
    this.policies = new TracedRuntime({ aggregate: policyAggregate, log: store, moment });
    this.identities = new TracedRuntime({ aggregate: identityAggregate, log: store, moment });
    this.roles = new TracedRuntime({ aggregate: roleAggregate, log: store, moment });
    this.decisions = new TracedRuntime({ aggregate: decisionsAggregate, log: store, moment });
  }

  /** The policy as it stands at `seq` of its stream, or later; null when nobody put it. */
  async policy(stream: StreamId, seq: number): Promise<Policy | null> {
    this.#touch(stream);
    return await this.policies.look(stream, seq, (state) =>
      state.version === 0 ? null : this.compiled(state),
    );
  }

  compiled(state: PolicyState): Policy {
    let policy = this.#compiled.get(state);
    if (policy?.version !== state.version) this.#compiled.set(state, (policy = policyOf(state)));
    return policy;
  }

  /** The identity's state at `seq` of its stream, or later. */
  async identity(stream: StreamId, seq: number): Promise<IdentityState> {
    this.#touch(stream);
    // A copy: the state goes on.
    return await this.identities.look(stream, seq, (state) => ({ ...state }));
  }

  /** Keeps a decision; durable when it answers. */
  async record(stream: StreamId, command: Omit<RecordDecision, "now">): Promise<void> {
    this.#touch(stream);
    await this.decisions.execute(stream, command);
  }

  /** Lets go of a stream's state, when it is one of these; undefined when it is not, false when that cannot be now. */
  forget(stream: StreamId): boolean | undefined {
    return this.#runtimeOf(stream)?.forget(stream);
  }

  /** Resolves when no command waits. */
  async idle(): Promise<void> {
    for (const runtime of [this.policies, this.identities, this.roles, this.decisions]) await runtime.idle();
  }

  #runtimeOf(stream: StreamId): { readonly forget: (stream: StreamId) => boolean } | undefined {
    switch (streamKind(stream)) {
      case "policy":
        return this.policies;
      case "identity":
        return this.identities;
      case "role":
        return this.roles;
      case "decisions":
        return this.decisions;
      default:
        return undefined;
    }
  }
}

/** The stream of a policy, identity or role. Throws `invalid_argument` for what is no name. */
export function trustStream(kind: "policy" | "identity" | "role", id: string): StreamId {
  return streamId(kind, checkName(id, `${kind} id`));
}
