// What /v1 answers about agents and decisions in snake_case, as the interface has it in camelCase.
import type { JsonObject } from "../event/json.ts";
import type { DecisionMade } from "../session/decisions.ts";
import type { Introspection, PresentAgent } from "../session/introspection.ts";
import type { SessionDecision, SessionReplay } from "../session/replay.ts";
import type { Decision, PolicyRequest } from "../trust/decision.ts";
import type { Identity } from "../trust/identity.ts";
import type { Obligation } from "../trust/obligation.ts";

interface IntrospectionTold extends Pick<Introspection, "status" | "identity" | "roles"> {
  readonly session_id: string;
  readonly policy_key: string | null;
  readonly agents: readonly (Omit<PresentAgent, "agentId" | "attachedAt" | "dueAt"> & {
    readonly agent_id: string;
    readonly attached_at: string;
    readonly due_at: string | null;
  })[];
}

export function introspectionIn(body: JsonObject): Introspection {
  const { session_id, policy_key, agents, ...told } = body as unknown as IntrospectionTold;
  return {
    sessionId: session_id,
    ...told,
    policyKey: policy_key,
    agents: agents.map(({ agent_id, attached_at, due_at, ...agent }) => ({
      agentId: agent_id,
      ...agent,
      attachedAt: Date.parse(attached_at),
      dueAt: due_at === null ? null : Date.parse(due_at),
    })),
  };
}

interface DecisionTold {
  readonly decision_id: string;
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly errors: readonly { readonly statement_id: string | null; readonly what: string }[];
  readonly obligations: readonly Obligation[];
  readonly policy_version: number;
}

export function decisionIn(body: JsonObject): Decision {
  return decisionOf(body as unknown as DecisionTold);
}

function decisionOf({ allow, reasons, errors, obligations, ...told }: DecisionTold): Decision {
  return {
    allow,
    reasons,
    errors: errors.map(({ statement_id, what }) => ({ statementId: statement_id, what })),
    obligations,
    policyVersion: told.policy_version,
    decisionId: told.decision_id,
  };
}

/** Those of a page. */
export function recordedIn(body: JsonObject): readonly SessionDecision[] {
  const { decisions } = body as unknown as { readonly decisions: readonly RecordTold[] };
  return decisions.map(({ at, ...made }) => ({ ...made, at: Date.parse(at) }));
}

type RecordTold = DecisionMade & { readonly seq: number; readonly at: string };

interface ReplayTold extends Omit<SessionReplay, "differences"> {
  readonly differences: readonly (Pick<SessionReplay["differences"][number], "kind"> &
    PolicyRequest & {
      readonly principal: Identity;
      readonly recorded: DecisionTold;
      readonly replayed: DecisionTold;
    })[];
}

export function replayIn(body: JsonObject): SessionReplay {
  const { differences, ...told } = body as unknown as ReplayTold;
  return {
    ...told,
    differences: differences.map(({ kind, principal, recorded, replayed, ...request }) => ({
      kind,
      recorded: { principal, request, decision: decisionOf(recorded) },
      replayed: decisionOf(replayed),
    })),
  };
}
