// What /v1 takes and answers in snake_case, as the interface has it in camelCase.
import type { JsonObject } from "../event/json.ts";
import type { SessionConfig } from "../session/config.ts";
import type { RecordAllows } from "../session/decisions.ts";
import type { H1Status, RoutingDecision } from "../session/router.ts";

const CALLBACKS: ReadonlySet<string> = new Set(["onTaskComplete", "onSessionEnd", "onEmergenceAlert"]);

/** A configuration, without what is this process's own, and without an empty room: that stands for the default. */
export function settingsOf(config: SessionConfig): JsonObject {
  const told = Object.entries(config).filter(
    ([name, value]) => !CALLBACKS.has(name) && value !== undefined && (name !== "scoutRoom" || value !== ""),
  );
  return Object.fromEntries(
    told.map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

/** Whose trust a session is started with. */
export function trustOf({ policy, identity, roles, recordAllows }: TrustNamed): JsonObject {
  return {
    ...(policy !== undefined && { policy }),
    ...(identity !== undefined && { identity }),
    ...(roles !== undefined && { roles }),
    ...(recordAllows !== undefined && { record_allows: recordAllows }),
  };
}

interface TrustNamed {
  readonly policy?: string;
  readonly identity?: string;
  readonly roles?: readonly string[];
  readonly recordAllows?: RecordAllows;
}

/** The id of the session that is told. */
export function sessionIn(body: JsonObject): string {
  return body["session_id"] as string;
}

interface DecisionTold {
  readonly agent_id: string;
  readonly task_id: string;
  readonly h1_before: number;
  readonly h1_after: number;
  readonly confidence: number;
  readonly emergence_risk: number;
  readonly capability_match_score: number;
  readonly reasoning: string;
  readonly fallback: boolean;
  readonly unreachable: string | null;
  readonly alert: RoutingDecision["alert"];
}

export function decisionOf(body: JsonObject): RoutingDecision {
  const told = body as unknown as DecisionTold;
  return {
    agentId: told.agent_id,
    taskId: told.task_id,
    h1Before: told.h1_before,
    h1After: told.h1_after,
    confidence: told.confidence,
    emergenceRisk: told.emergence_risk,
    capabilityMatchScore: told.capability_match_score,
    reasoning: told.reasoning,
    fallback: told.fallback,
    unreachable: told.unreachable,
    alert: told.alert,
  };
}

interface FleetTold {
  readonly h1_dimension: number;
  readonly n_vertices: number;
  readonly n_edges: number;
  readonly n_components: number;
  readonly emergence_detected: boolean;
  readonly settings: { readonly offset: number };
}

export function routerStatusOf(body: JsonObject): H1Status {
  const told = body as unknown as FleetTold;
  return {
    h1: told.h1_dimension,
    threshold: told.n_vertices + told.settings.offset,
    vertices: told.n_vertices,
    edges: told.n_edges,
    components: told.n_components,
    emergence: told.emergence_detected,
  };
}
