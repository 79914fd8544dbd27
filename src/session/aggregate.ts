// The session as an aggregate: its slices put together, its head, its snapshot.
import type { Aggregate, Decision } from "../event/decider.ts";
import type { StreamId } from "../event/event.ts";
import type { Json } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import type { AgentState } from "./agent-state.ts";
import { attachAgent, detachAgent, heartbeatAgent, revokeRole } from "./agents.ts";
import type { SessionCommand } from "./commands.ts";
import { carryOver } from "./carry-over.ts";
import type { SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { endSession, expire, resumeSession, setClock, settle, startSession } from "./lifecycle.ts";
import { manageObject } from "./managing.ts";
import { pruneSession } from "./prune.ts";
import { keepRecord } from "./records.ts";
import {
  initialState,
  nextDueAt,
  taskCount,
  taskTotals,
  type SessionState,
  type TaskState,
} from "./state.ts";
import { addTask, completeTask, loseAttempt, noteHeartbeat, routeTask, startTask } from "./tasks.ts";

export type SessionAggregate = Aggregate<SessionState, SessionCommand, SessionEvent>;

export const sessionAggregate: SessionAggregate = {
  initial: initialState,
  decide,
  evolve,
  head,
  settle,
  snapshot: { version: 8, save, load },
};

function decide(state: SessionState, command: SessionCommand): Decision<SessionEvent> {
  switch (command.type) {
    case "start_session":
      return startSession(state, command);
    case "fork_session":
      return carryOver(state, command);
    case "resume_session":
      return resumeSession(state, command);
    case "add_task":
      return addTask(state, command);
    case "route_task":
      return routeTask(state, command);
    case "start_task":
      return startTask(state, command);
    case "note_heartbeat":
      return noteHeartbeat(state, command);
    case "complete_task":
      return completeTask(state, command);
    case "lose_attempt":
      return loseAttempt(state, command);
    case "keep_record":
      return keepRecord(state, command);
    case "end_session":
      return endSession(state, command);
    case "attach_agent":
      return attachAgent(state, command);
    case "detach_agent":
      return detachAgent(state, command);
    case "heartbeat_agent":
      return heartbeatAgent(state, command);
    case "revoke_role":
      return revokeRole(state, command.roleId);
    case "manage_object":
      return manageObject(state, command);
    case "expire":
      return expire(state, command.now);
    case "set_clock":
      return setClock(state, command);
    case "prune_session":
      return pruneSession(state, command);
  }
}

function head(state: SessionState): Head {
  return {
    kind: "session",
    status: state.outcome ?? "open",
    createdAt: state.createdAt,
    dueAt: nextDueAt(state),
    labels: state.labels,
    summary: {
      session_name: state.sessionName,
      agent_id: state.agentId,
      tasks: { ...taskTotals(state), total: taskCount(state) },
      duration_ms: state.durationMs,
      deliver_tiles: state.deliverTiles,
      boot_id: state.boot.id,
      boot_offset_ms: state.boot.offsetMs,
      ...(state.pruned !== null && { pruned: state.pruned }),
    },
  };
}

/** Plain JSON: maps and sets as arrays. A snapshot is read back by the version of the program that wrote it alone. */
function save(state: SessionState): Json {
  const saved = {
    ...state,
    tasks: [...state.tasks.values()],
    open: [...state.open],
    running: [...state.running],
    agents: [...state.agents.values()],
    managed: [...state.managed],
  };
  return JSON.parse(JSON.stringify(saved)) as Json;
}

function load(json: Json): SessionState {
  const saved = structuredClone(json) as unknown as SavedState;
  return {
    ...saved,
    tasks: new Map(saved.tasks.map((task) => [task.taskId, task])),
    open: new Set(saved.open),
    running: new Set(saved.running),
    agents: new Map(saved.agents.map((agent) => [agent.agentId, agent])),
    managed: new Set(saved.managed),
  };
}

type SavedState = Omit<SessionState, "tasks" | "open" | "running" | "agents" | "managed"> & {
  readonly tasks: readonly TaskState[];
  readonly open: readonly string[];
  readonly running: readonly string[];
  readonly agents: readonly AgentState[];
  readonly managed: readonly StreamId[];
};
