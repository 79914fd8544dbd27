// One session as it is shown in the document and on the page: the same in every example, so that they tell one story.
import type { JsonObject } from "../../event/json.ts";

const id = "sess_01krzvwa3g0000000000000001";
const hash = "5b1fbb8d2a0e1c6f4a7d9c3e8b2f6a1d0c9e8f7a6b5d4c3b2a1908f7e6d5c4b3";

const session: JsonObject = {
  session_id: id,
  session_name: "constraint-theory-research",
  agent_id: "oracle1",
  status: "open",
  outcome: null,
  error: null,
  tags: ["research"],
  metadata: {},
  created_at: "2026-05-19T22:45:00Z",
  due_at: "2026-05-19T23:45:00Z",
  duration_seconds: 0,
  patterns: [],
  totals: { total: 0, succeeded: 0, failed: 0, cancelled: 0, timed_out: 0 },
  h1_router_enabled: false,
  h1: null,
  emergence_alerts: 0,
  forked_from: null,
  room: "scout-reports/holodeck-session",
  process: { host: "lab", boot_id: "0c6d2b1e-6c58-4f0e-9d6a-1b1f6f0c2a11", pid: 4711, start_time: "88231" },
  identity_key: "identity:oracle1",
  policy_key: "policy:owner",
  config: {
    max_tasks: 50,
    task_timeout_seconds: 300,
    session_timeout_seconds: 3_600,
    h1_router_enabled: false,
    emergence_threshold_offset: -2,
    emit_tiles: true,
    scout_room: "scout-reports/holodeck-session",
    plato_url: "http://localhost:8848",
    deliver_tiles: false,
  },
};

const task: JsonObject = {
  task_id: "analyze",
  status: "pending",
  outcome: null,
  attempts: 0,
  attempts_max: 1,
  duration_ms: null,
  agent_id: "oracle1",
  priority: "normal",
  required_capabilities: ["research"],
  data: { query: "what is emergence?" },
  started_at: null,
  due_at: null,
  retry_at: null,
  heartbeat_at: null,
  ended_at: null,
  error: null,
  result: null,
};

const runningTask: JsonObject = {
  ...task,
  status: "running",
  attempts: 1,
  started_at: "2026-05-19T22:45:01Z",
  due_at: "2026-05-19T22:50:01Z",
};

const endedTask: JsonObject = {
  ...task,
  status: "ended",
  outcome: "success",
  attempts: 1,
  duration_ms: 2_340,
  ended_at: "2026-05-19T22:45:03Z",
  result: { patterns_found: 5 },
};

const tile: JsonObject = {
  domain: "scout-reports/holodeck-session",
  question: "[TASK_START] analyze → oracle1",
  answer: { session_id: id, task_id: "analyze", agent_id: "oracle1" },
  tags: ["scout", "task", "start"],
  confidence: 0.9,
  source: "holodeck-session-manager",
};

export const EXAMPLE = {
  id,
  hash,
  session,
  endedSession: {
    ...session,
    status: "success",
    outcome: "success",
    due_at: null,
    duration_seconds: 847,
    patterns: ["high_completion_streak"],
    totals: { total: 1, succeeded: 1, failed: 0, cancelled: 0, timed_out: 0 },
  },
  fork: {
    ...session,
    session_id: "sess_01krzvwa3g0000000000000002",
    forked_from: { session_id: id, seq: 3, hash },
  },
  sessionList: {
    sessions: [
      {
        session_id: id,
        session_name: "constraint-theory-research",
        agent_id: "oracle1",
        status: "open",
        created_at: "2026-05-19T22:45:00Z",
        due_at: "2026-05-19T23:45:00Z",
        duration_seconds: null,
        tasks: { total: 1, succeeded: 0, failed: 0, cancelled: 0, timed_out: 0 },
      },
    ],
    next_page_token: null,
  },
  persisted: {
    session_id: id,
    metadata: {},
    identity_key: "identity:oracle1",
    policy_key: "policy:owner",
    cursor_keys: [],
  },
  task,
  runningTask,
  endedTask,
  tile,
  event: {
    v: 1,
    stream: `session:${id}`,
    seq: 2,
    prev: hash,
    at: 1_779_230_701_000,
    type: "task_added",
    room: null,
    data: { task_id: "analyze", data: null, priority: "normal", required_capabilities: [] },
    hash,
  },
} as const satisfies Readonly<Record<string, JsonObject | string>>;
