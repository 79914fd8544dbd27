// Why a fleet refuses a command: what stands in the way, and what to do about it.
import type { Refusal } from "../event/decider.ts";
import type { EdgeName } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";
import type { VertexKind } from "./graph.ts";
import type { RouteRequest } from "./routing.ts";

export function invalid(what: string, todo: string): Refusal {
  return { code: "invalid_argument", what, todo };
}

export function noAgent(id: string): Refusal {
  return {
    code: "not_found",
    what: `The fleet has no agent ${quoted(id)}.`,
    todo: "Register it; an agent that fell silent registers again.",
  };
}

export function noTask(key: string): Refusal {
  return {
    code: "task_not_found",
    what: `The fleet has no task ${quoted(key)}.`,
    todo: "Register or route it first; it may be complete, or its assignment may have expired unconfirmed.",
  };
}

export function noVertex(id: string): Refusal {
  return {
    code: "not_found",
    what: `The fleet has no vertex ${quoted(id)}.`,
    todo: "Register the agent, task or resource first; a session's task is named session_id/task_id.",
  };
}

export function noEdge({ a, b, kind, directed = false }: EdgeName): Refusal {
  return {
    code: "not_found",
    what: `No such ${directed ? "directed " : ""}${kind} joins ${quoted(a)} and ${quoted(b)}.`,
    todo: "Name an edge that was added, with its kind and direction.",
  };
}

export function takenBy(id: string, kind: VertexKind): Refusal {
  return {
    code: "conflict",
    what: `${quoted(id)} is the id of ${kind === "agent" ? "an agent" : `a ${kind}`} in this fleet.`,
    todo: "Choose an id that no other agent, task or resource has.",
  };
}

/** Null when a task may have this vertex: nobody has it, or the same task of the same session. */
export function taskTaken(state: FleetState, key: string, session: string | undefined): Refusal | null {
  const kind = state.graph.kindOf(key);
  if (kind === null) return null;
  if (kind !== "task") return takenBy(key, kind);
  return state.tasks.get(key)?.sessionId === (session ?? null) ? null : takenBy(key, kind);
}

/** Fewer agents have room than a task needs. */
export function full(request: RouteRequest, found: number): Refusal {
  return {
    code: "fleet_full",
    what: `The task needs ${request.needed} more agents, and ${found} fit for it have room.`,
    todo: "Complete tasks, raise capacities, register more agents, or ask for fewer agents.",
  };
}

export function agentFull(id: string): Refusal {
  return {
    code: "fleet_full",
    what: `Agent ${quoted(id)} has as many tasks as its capacity allows.`,
    todo: "Complete one of its tasks or raise its capacity.",
  };
}

function quoted(id: string): string {
  return JSON.stringify(id);
}
