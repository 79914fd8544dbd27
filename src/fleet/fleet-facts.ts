// The words of a fleet's stream: what can be asked of it, and what then has happened.
// Names are snake_case, as on the wire. A task is known by `session_id/task_id`, or by `task_id` alone when no
// session stands behind it, so that tasks of different sessions may share a name.
import type { Timed } from "../event/decider.ts";
import type { EdgeKind } from "./graph.ts";

/** What comes first once crossings are kept away: least Δβ₁, least load, or the smallest component to be in. */
export type RoutingPolicy = "h1" | "load" | "blast-radius";

/** What told a choice from the next candidate. */
export type Criterion = "match" | "crossing" | "preference" | "h1" | "blast-radius" | "load" | "id";

export type TaskName = { readonly task_id: string; readonly session_id?: string };

export type EdgeName = {
  readonly a: string;
  readonly b: string;
  readonly kind: EdgeKind;
  /** `a` waits for `b` (dependency) or hands over to it (delegation). Default false. */
  readonly directed?: boolean;
};

export type RouteAsked = TaskName & {
  /** Default: those the task was registered with, else none. */
  readonly required_capabilities?: readonly string[];
  /** Chosen before others who are as capable, unless they alone would bring emergence. */
  readonly prefer_agents?: readonly string[];
  /** 1 to 16; default 1. */
  readonly agents_needed?: number;
  /** Default `h1`. */
  readonly policy?: RoutingPolicy;
};

/** What is left out stays as it was; of a new agent: no capabilities, no limit, never given up. */
export type AgentAsked = {
  readonly agent_id: string;
  readonly capabilities?: readonly string[];
  /** The most tasks at a time; null: no limit. */
  readonly capacity?: number | null;
  /** Unregistered when not heard from for so long (and up to a quarter more); null: never. */
  readonly heartbeat_seconds?: number | null;
};

/** What is left out stays as it was. */
export type SettingsAsked = {
  /** Emergence is β₁ > V + offset. Default −2. */
  readonly offset?: number;
  /** The PLATO room of routing and alert tiles; null for none. */
  readonly room?: string | null;
  /** The PLATO server those tiles are sent to; null for none. */
  readonly plato_url?: string | null;
  /** Confidence never falls below this while the fleet has agents. Default 0.5. */
  readonly min_confidence?: number;
};

type FleetAsked =
  | ({ readonly type: "register_agent" } & AgentAsked)
  | { readonly type: "unregister_agent"; readonly agent_id: string }
  | { readonly type: "heartbeat"; readonly agent_id: string }
  | { readonly type: "agent_timeout"; readonly agent_id: string }
  | ({ readonly type: "register_task"; readonly required_capabilities?: readonly string[] } & TaskName)
  | ({ readonly type: "route" } & RouteAsked)
  | ({ readonly type: "confirm" } & TaskName)
  | ({ readonly type: "complete" } & TaskName)
  | { readonly type: "add_resource"; readonly resource_id: string }
  | { readonly type: "remove_resource"; readonly resource_id: string }
  | ({ readonly type: "add_edge" } & EdgeName)
  | ({ readonly type: "remove_edge" } & EdgeName)
  | { readonly type: "reset" }
  | ({ readonly type: "configure" } & SettingsAsked)
  | { readonly type: "expire" };

export type FleetCommand = Timed & FleetAsked;
export type CommandOf<T extends FleetCommand["type"]> = Extract<FleetCommand, { readonly type: T }>;

/** A candidate that was looked at, and what spoke against it; null for those chosen. */
export type CandidateView = {
  readonly agent_id: string;
  readonly load: number;
  readonly h1_delta: number;
  readonly capability_match_score: number;
  readonly why_not: Criterion | null;
};

/** The answer to `route`, spec/wire.md §2, with what explains it. */
export type RoutingDecision = {
  /** The first of those chosen; empty when the fleet has no agents. */
  readonly agent_id: string;
  readonly task_id: string;
  /** β₁ once the task is a vertex. */
  readonly h1_before: number;
  readonly h1_after: number;
  readonly confidence: number;
  readonly emergence_risk: number;
  /** The least share of the required capabilities among those chosen. */
  readonly capability_match_score: number;
  readonly reasoning: string;
  readonly agent_ids: readonly string[];
  readonly policy: RoutingPolicy;
  readonly fallback: boolean;
  /** What told the last one chosen from the next candidate; null when there was no other. */
  readonly decided_by: Criterion | null;
  /** How many agents were looked at, and whether there were more. */
  readonly considered: number;
  readonly capped: boolean;
  readonly candidates: readonly CandidateView[];
};

type FactOf<Type extends string, Data> = {
  readonly type: Type;
  readonly room: string | null;
  readonly data: Data;
};

type TaskFacts = { readonly task_id: string; readonly session_id: string | null };

/** At most 100 names, and how many there are. */
export type Freed = { readonly freed: readonly string[]; readonly n_freed: number };

export type AgentRegistered = {
  readonly agent_id: string;
  readonly capabilities: readonly string[];
  readonly capacity: number | null;
  readonly heartbeat_seconds: number | null;
};

export type TaskRouted = RoutingDecision & {
  readonly session_id: string | null;
  readonly required_capabilities: readonly string[];
  /** Freed at this time unless its session confirms; null when no session stands behind the task. */
  readonly confirm_by: number | null;
};

export type EdgeChanged = {
  readonly a: string;
  readonly b: string;
  readonly kind: EdgeKind;
  readonly directed: boolean;
};

export type EmergenceCrossed = {
  readonly direction: "up" | "down";
  /** The number of the upward crossing: an alert is keyed by it. */
  readonly crossing: number;
  readonly h1_dimension: number;
  readonly v_threshold: number;
  readonly n_vertices: number;
  readonly n_edges: number;
  readonly n_components: number;
  /** The route that crossed; null when something else did. */
  readonly routing_decision: { readonly agent_ids: readonly string[]; readonly task_id: string } | null;
  readonly recommendation: string;
};

/** How the fleet is run, for every process that decides in it, whatever that process was started with. */
export type FleetConfigured = {
  readonly offset: number;
  readonly room: string | null;
  readonly plato_url: string | null;
  /** Whether tiles go to `plato_url`; what waited for another server before goes there too. */
  readonly deliver_tiles: boolean;
  readonly min_confidence: number;
};

export type FleetFact =
  | FactOf<"agent_registered", AgentRegistered>
  | FactOf<"agent_unregistered", { readonly agent_id: string; readonly reason: "asked" | "timeout" } & Freed>
  | FactOf<"agent_heard", { readonly agent_id: string }>
  | FactOf<"task_registered", TaskFacts & { readonly required_capabilities: readonly string[] }>
  | FactOf<"task_routed", TaskRouted>
  | FactOf<"task_confirmed", TaskFacts>
  | FactOf<"task_completed", TaskFacts & Freed>
  | FactOf<"assignment_expired", TaskFacts & { readonly agent_ids: readonly string[] }>
  | FactOf<"resource_added", { readonly resource_id: string }>
  | FactOf<"resource_removed", { readonly resource_id: string }>
  | FactOf<"edge_added", EdgeChanged>
  | FactOf<"edge_removed", EdgeChanged>
  | FactOf<"emergence_crossed", EmergenceCrossed>
  | FactOf<"fleet_reset", Record<string, never>>
  | FactOf<"fleet_configured", FleetConfigured>;

/** The vertex of a task. */
export function taskKey(name: { readonly task_id: string; readonly session_id?: string | null }): string {
  return name.session_id === undefined || name.session_id === null
    ? name.task_id
    : `${name.session_id}/${name.task_id}`;
}
