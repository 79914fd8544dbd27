// The events of a fleet that read as tiles, and how they read (spec/wire.md §2): each routing decision, and each
// upward crossing into emergence.
import type { Event } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { alertQuestion, ALERT_TAGS, isoTime, type TileContent } from "./session-tiles.ts";

/** The `source` of every tile of a fleet. */
export const FLEET_TILE_SOURCE = "fleet-h1-router";

/** What a tile reads of `task_routed`. */
interface Routed extends JsonObject {
  readonly agent_id: string;
  readonly agent_ids: readonly string[];
  readonly task_id: string;
  readonly session_id: string | null;
  readonly h1_before: number;
  readonly h1_after: number;
  readonly confidence: number;
  readonly emergence_risk: number;
  readonly capability_match_score: number;
}

/** What a tile reads of `emergence_crossed`. */
interface Crossed extends JsonObject {
  readonly direction: "up" | "down";
  readonly h1_dimension: number;
  readonly v_threshold: number;
  readonly n_vertices: number;
  readonly n_edges: number;
  readonly routing_decision: JsonObject | null;
  readonly recommendation: string;
}

/** The tile content of a fleet's event; null for types that have none. */
export function renderFleetEvent({ type, data, at }: Event): TileContent | null {
  // The type of an event fixes the shape of its data; fleet/fleet-facts.ts ties the two.
  if (type === "task_routed") return renderRouted(data as Routed);
  if (type === "emergence_crossed") return renderCrossed(data as Crossed, at);
  return null;
}

function renderRouted(routed: Routed): TileContent {
  const { agent_id, agent_ids, task_id, session_id, confidence } = routed;
  const { h1_before, h1_after, emergence_risk, capability_match_score } = routed;
  return {
    question: `[H1_ROUTE] ${agent_ids.length === 0 ? "nobody" : agent_ids.join(", ")} → ${task_id}`,
    answer: {
      session_id,
      task_type: task_id,
      agent_id,
      h1_before,
      h1_after,
      emergence_risk,
      capability_match_score,
    },
    tags: ["routing", "h1", ...agent_ids],
    confidence,
  };
}

function renderCrossed(crossed: Crossed, at: number): TileContent | null {
  const { direction, h1_dimension, v_threshold, n_vertices, n_edges } = crossed;
  if (direction === "down") return null;
  const { routing_decision, recommendation } = crossed;
  return {
    question: alertQuestion(h1_dimension, v_threshold - n_vertices, v_threshold),
    answer: {
      timestamp: isoTime(at),
      h1_dimension,
      v_threshold,
      n_vertices,
      n_edges,
      routing_decision,
      recommendation,
    },
    tags: ALERT_TAGS,
    confidence: 0.95,
  };
}
