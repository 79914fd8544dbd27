import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { streamId, type Event } from "../event/event.ts";
import { tileOf } from "./tile.ts";

const ROOM = "gc/research/scout-reports/holodeck-session";
const SESSION = { session_id: "sess_abc123", agent_id: "oracle1" };
const NAMED = { ...SESSION, session_name: "constraint-theory-research" };

function event(type: string, data: Event["data"], room: string | null = ROOM): Event {
  const at = Date.UTC(2026, 4, 19, 22, 45);
  return { v: 1, stream: streamId("session", "sess_abc123"), seq: 1, prev: null, at, type, room, data };
}

/** Equality as spec/wire.md §3 defines it: same keys, same order, same text. */
function expectFixture(name: string, one: Event): void {
  const fixture: unknown = JSON.parse(
    readFileSync(new URL(`../../test/fixtures/${name}.tile.json`, import.meta.url), "utf8"),
  );
  expect(JSON.stringify(tileOf(one))).toBe(JSON.stringify(fixture));
}

test("a session's start reads as the fixture", () => {
  const data = {
    ...NAMED,
    tags: ["research", "constraint-theory", "h1"],
    max_tasks: 50,
    task_timeout_seconds: 300,
    h1_router_enabled: true,
    metadata: { not: "shown" },
  };
  expectFixture("session-start", event("session_started", data));
});

test("a routed task's start reads as the fixture", () => {
  const routing = { agent_id: "oracle1", h1_before: 3, h1_after: 4, emergence_risk: 0, fallback: false };
  const data = { ...SESSION, task_id: "analyze-fleet-h1", attempt: 1, routing, due_at: 1 };
  expectFixture("task-start", event("task_started", data));
});

test("a session's end reads as the fixture, its seconds floored", () => {
  const data = {
    ...NAMED,
    outcome: "success",
    duration_ms: 847_999,
    tasks: { total: 5, succeeded: 4, failed: 1, cancelled: 0, timed_out: 0 },
    h1_delta: { start: 2, end: 3, change: 1 },
    patterns: ["high_completion_streak", "first_failure_recovered"],
  };
  expectFixture("session-end", event("session_ended", data));
});

test("an end with timeouts tells them, and without routing has no h1_delta", () => {
  const tasks = { total: 2, succeeded: 1, failed: 0, cancelled: 0, timed_out: 1 };
  const data = { ...NAMED, outcome: "timeout", duration_ms: 1_000, tasks, patterns: [] };
  expect(tileOf(event("session_ended", data))).toEqual({
    domain: ROOM,
    question: "[SESSION_END] oracle1:constraint-theory-research — TIMEOUT",
    answer: { session_id: "sess_abc123", outcome: "timeout", duration_seconds: 1, tasks, patterns: [] },
    tags: ["scout", "session", "end", "timeout"],
    confidence: 0.95,
    source: "holodeck-session-manager",
  });
});

test("a task's end tells result, error and attempt when there is something to tell", () => {
  const data = { ...SESSION, task_id: "t", outcome: "failed", duration_ms: 5, attempt: 2, error: "no" };
  const tile = tileOf(event("task_ended", { ...data, result: null }));
  expect(tile?.question).toBe("[TASK_END] t — FAILED");
  expect(JSON.stringify(tile?.answer)).toBe(
    '{"session_id":"sess_abc123","task_id":"t","agent_id":"oracle1","outcome":"failed","duration_ms":5,' +
      '"result":null,"error":"no","attempt":2}',
  );
  expect(tile?.tags).toEqual(["scout", "task", "end", "failed"]);
  const first = tileOf(
    event("task_ended", { ...SESSION, task_id: "t", outcome: "success", duration_ms: 5, attempt: 1 }),
  );
  expect(Object.keys(first?.answer ?? {})).toEqual([
    "session_id",
    "task_id",
    "agent_id",
    "outcome",
    "duration_ms",
  ]);
});

test("a second attempt's start tells its number, and no routing when it was not routed", () => {
  const tile = tileOf(event("task_started", { ...SESSION, task_id: "t", attempt: 2, due_at: 1 }));
  expect(JSON.stringify(tile?.answer)).toBe(
    '{"session_id":"sess_abc123","task_id":"t","agent_id":"oracle1","attempt":2}',
  );
});

test("an error and an alert read as spec/wire.md says", () => {
  expect(tileOf(event("session_error", { ...NAMED, error: "boom" }))).toMatchObject({
    question: "[SESSION_ERROR] oracle1:constraint-theory-research",
    answer: { session_id: "sess_abc123", agent_id: "oracle1", error: "boom", at: "2026-05-19T22:45:00Z" },
    tags: ["scout", "session", "error"],
    confidence: 1,
  });
  const alert = { session_id: "sess_abc123", h1: 6, threshold: 5, offset: -2, vertices: 7, edges: 12 };
  const tile = tileOf(event("emergence_alert", { ...alert, routing_decision: {}, recommendation: "Look." }));
  expect(tile?.question).toBe("[EMERGENCE ALERT] β₁=6 > V-2=5");
  expect(tile?.tags).toEqual(["emergency", "h1", "emergence", "routing"]);
});

test("an event without a room, and one of a type without a tile, have none", () => {
  expect(tileOf(event("session_error", { ...NAMED, error: "boom" }, null))).toBeNull();
  expect(tileOf(event("task_added", {}))).toBeNull();
});
