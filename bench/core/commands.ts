// The commands of a session as a caller gives them, for what is measured without one.
import type { Position } from "../../src/event/batch.ts";
import { streamId } from "../../src/event/event.ts";
import type { SessionCommand } from "../../src/session/commands.ts";
import { initialState, type SessionState } from "../../src/session/state.ts";

export const STREAM = streamId("session", "sess_bench");

const NOW = Date.UTC(2026, 0, 1);
export const BOOT = { id: "boot", offsetMs: 0 };
const PROCESS = { host: "bench", boot_id: "boot", pid: 1, start_time: "1" };

export function newPosition(): Position<SessionState> {
  return { state: initialState(), seq: 0, hash: null, at: 0 };
}

export function startCommand(): SessionCommand {
  return {
    type: "start_session",
    now: NOW,
    sessionId: "sess_bench",
    sessionName: "bench",
    agentId: "oracle1",
    tags: ["bench"],
    metadata: {},
    maxTasks: 1_000_000,
    taskTimeoutSeconds: 300,
    sessionTimeoutSeconds: 3_600,
    h1RouterEnabled: false,
    emergenceThresholdOffset: -2,
    scoutRoom: "scout-reports/holodeck-session",
    emitTiles: true,
    platoUrl: "http://localhost:8848",
    deliverTiles: false,
    h1RouterUrl: null,
    plan: null,
    identityKey: "identity:oracle1",
    policyKey: "policy:owner",
    roles: null,
    recordAllows: "sampled",
    process: PROCESS,
    boot: BOOT,
  };
}

/** A session that starts, and `tasks` that are added, started and completed one after the other: three events each. */
export function sessionCommands(tasks: number): readonly SessionCommand[] {
  const commands = [startCommand()];
  for (let count = 0; count < tasks; count++) commands.push(...taskCommands(`task-${count}`));
  return commands;
}

/** Attempts of one task that are started and lost, over and over: events that leave the state as large as it was. */
export function attemptCommands(taskId: string, attempts: number): readonly SessionCommand[] {
  return Array.from({ length: attempts }, (_, index): readonly SessionCommand[] => [
    { type: "start_task", now: NOW, taskId, agentId: null, process: PROCESS },
    { type: "lose_attempt", now: NOW, taskId, attempt: index + 1, reason: "The process died.", record: {} },
  ]).flat();
}

export function addCommand(taskId: string): SessionCommand {
  return {
    type: "add_task",
    now: NOW,
    taskId,
    data: { query: "what is emergence?", depth: 2 },
    priority: "normal",
    requiredCapabilities: [],
    agentId: null,
    timeoutSeconds: null,
    retries: null,
  };
}

function taskCommands(taskId: string): readonly SessionCommand[] {
  return [
    addCommand(taskId),
    { type: "start_task", now: NOW, taskId, agentId: null, process: PROCESS },
    {
      type: "complete_task",
      now: NOW,
      taskId,
      outcome: "success",
      durationMs: null,
      error: null,
      attempt: null,
      result: { found: 5, source: "notes/emergence.md" },
      record: {},
    },
  ];
}
