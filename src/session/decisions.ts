// What was decided about who may do what in a session, as a stream of its own, `decisions:ID`: a flood of refused
// requests neither slows the session's work nor fills its stream, and a session that has ended can still refuse.
// What is kept is who asked for what and why it was answered so; never the data that was asked for.
import type { Aggregate, Happened, Timed } from "../event/decider.ts";
import type { Fact } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import type { Obligation } from "../trust/obligation.ts";

/** Which allowed decisions are recorded: none, the first and every hundredth after it, or all. Denied ones always are. */
export type RecordAllows = "none" | "sampled" | "all";

export const RECORD_ALLOWS = ["none", "sampled", "all"] as const satisfies readonly RecordAllows[];

export interface DecisionMade extends JsonObject {
  readonly decision_id: string;
  readonly allow: boolean;
  /** The statements that decided, the first 64 of them. */
  readonly reasons: readonly string[];
  /** What denied by itself, the first 16. */
  readonly errors: readonly { readonly statement_id: string | null; readonly what: string }[];
  readonly obligations: readonly (Obligation & JsonObject)[];
  readonly policy_key: string | null;
  readonly policy_version: number;
  readonly identity_key: string | null;
  /** As asked, cut to 256 characters; the resource to 4,096. */
  readonly agent_id: string;
  readonly action: string;
  readonly resource: string;
  /** What the policy was asked about; absent when it was not asked, which denies under any policy. */
  readonly asked?: Asked;
}

/** Enough to ask again. */
export interface Asked extends JsonObject {
  /** The time the agent was attached; null for the session's own identity. */
  readonly attachment_id: string | null;
  /** The version of the session's identity. */
  readonly identity_version: number;
  /** Those it was judged by. */
  readonly roles: readonly string[];
  /** Absent when they are too large to be kept: such a decision is not asked again. */
  readonly facts?: { readonly context: JsonObject; readonly attributes: JsonObject };
}

export type DecisionEvent = Fact & { readonly type: "decision_made"; readonly data: DecisionMade };

export interface RecordDecision extends Timed {
  readonly decision: DecisionMade;
}

export interface DecisionsState {
  createdAt: number;
  allowed: number;
  denied: number;
}

export const decisionsAggregate: Aggregate<DecisionsState, RecordDecision, DecisionEvent> = {
  initial: () => ({ createdAt: 0, allowed: 0, denied: 0 }),
  decide: (_, { decision }) => [{ type: "decision_made", room: null, data: decision }],
  evolve,
  head: ({ createdAt, allowed, denied }) => ({
    kind: "decisions",
    status: denied > 0 ? "denied" : "allowed",
    createdAt,
    dueAt: null,
    labels: [],
    summary: { allowed, denied },
  }),
  settle: () => null,
  snapshot: {
    version: 1,
    save: (state) => ({ ...state }),
    load: (json) => ({ ...(json as unknown as DecisionsState) }),
  },
};

function evolve(state: DecisionsState, { data, at, seq }: Happened<DecisionEvent>): DecisionsState {
  if (seq === 1) state.createdAt = at;
  if (data.allow) state.allowed += 1;
  else state.denied += 1;
  return state;
}
