import { expect, test } from "vitest";
import { streamId, type Event } from "../event/event.ts";
import type { JsonObject } from "../event/json.ts";
import { tileOf } from "./tile.ts";

const ROOM = "gc/research/h1-routing-experiment";

test("a routing decision reads as the tile that routers in the field post", () => {
  const data = {
    agent_id: "oracle1",
    agent_ids: ["oracle1"],
    task_id: "plato-sync",
    session_id: "sess_1",
    h1_before: 0,
    h1_after: 1,
    confidence: 0.7,
    emergence_risk: 0.3,
    capability_match_score: 1,
    reasoning: "not told",
  };
  expect(JSON.stringify(tileOf(event("task_routed", data)))).toBe(
    JSON.stringify({
      domain: ROOM,
      question: "[H1_ROUTE] oracle1 → plato-sync",
      answer: {
        session_id: "sess_1",
        task_type: "plato-sync",
        agent_id: "oracle1",
        h1_before: 0,
        h1_after: 1,
        emergence_risk: 0.3,
        capability_match_score: 1,
      },
      tags: ["routing", "h1", "oracle1"],
      confidence: 0.7,
      source: "fleet-h1-router",
    }),
  );
  const several = { ...data, agent_ids: ["a", "b"] };
  expect(tileOf(event("task_routed", several))?.question).toBe("[H1_ROUTE] a, b → plato-sync");
  const none = { ...data, agent_id: "", agent_ids: [] };
  expect(tileOf(event("task_routed", none))?.question).toBe("[H1_ROUTE] nobody → plato-sync");
});

test("an upward crossing reads as an alert, a downward one as nothing", () => {
  const data = {
    direction: "up",
    crossing: 1,
    h1_dimension: 6,
    v_threshold: 5,
    n_vertices: 7,
    n_edges: 12,
    n_components: 1,
    routing_decision: { agent_ids: ["a"], task_id: "t" },
    recommendation: "Finish tasks.",
  };
  expect(JSON.stringify(tileOf(event("emergence_crossed", data)))).toBe(
    JSON.stringify({
      domain: ROOM,
      question: "[EMERGENCE ALERT] β₁=6 > V-2=5",
      answer: {
        timestamp: "2026-05-19T22:45:00Z",
        h1_dimension: 6,
        v_threshold: 5,
        n_vertices: 7,
        n_edges: 12,
        routing_decision: { agent_ids: ["a"], task_id: "t" },
        recommendation: "Finish tasks.",
      },
      tags: ["emergency", "h1", "emergence", "routing"],
      confidence: 0.95,
      source: "fleet-h1-router",
    }),
  );
  expect(tileOf(event("emergence_crossed", { ...data, direction: "down" }))).toBeNull();
  expect(tileOf({ ...event("emergence_crossed", data), room: null })).toBeNull();
  expect(tileOf(event("task_completed", {}))).toBeNull();
});

function event(type: string, data: JsonObject): Event {
  const stream = streamId("fleet", "default");
  return { v: 1, stream, seq: 1, prev: null, at: Date.UTC(2026, 4, 19, 22, 45), type, room: ROOM, data };
}
