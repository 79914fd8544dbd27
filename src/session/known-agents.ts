// The agents a process knows of a router's, for the time it is away: those that were registered from here, and those
// it named. Among them capability and load decide, as a fleet with the policy `load` does it.
import { isRefusal } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { taskKey, type RoutingDecision as FleetDecision } from "../fleet/fleet-facts.ts";
import { MemoryFleet } from "../fleet/memory-fleet.ts";

interface Task {
  readonly sessionId: string;
  readonly taskId: string;
}

export class KnownAgents {
  readonly #fleet = new MemoryFleet();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#fleet.state.selection.size;
  }

  register(agentId: string, capabilities: readonly string[]): void {
    this.#fleet.give({ type: "register_agent", agent_id: agentId, capabilities, now: this.#now() });
  }

  /** The router gave a task to an agent, which then has what the task requires unless it was a fallback. */
  assigned(task: Task, agentId: string, capabilities: readonly string[]): void {
    const { selection } = this.#fleet.state;
    const known = selection.has(agentId) ? selection.capabilities(agentId) : null;
    if (known === null || capabilities.some((one) => !known.includes(one))) {
      this.register(agentId, [...new Set([...(known ?? []), ...capabilities])].slice(0, CAPABILITIES_MAX));
    }
    this.ended(task);
    const { sessionId: session_id, taskId: task_id } = task;
    const now = this.#now();
    // What a fleet here would refuse, such as an id of an odd kind, is not counted.
    this.#fleet.give({ type: "register_task", session_id, task_id, now });
    const edge = { a: agentId, b: taskKey({ session_id, task_id }), kind: "assignment" } as const;
    this.#fleet.give({ type: "add_edge", ...edge, now });
  }

  /** Capability, then who is preferred, then load. */
  choose(task: Task, required: readonly string[], preferred: readonly string[]): FleetDecision {
    const name = { session_id: task.sessionId, task_id: task.taskId };
    const now = this.#now();
    this.ended(task);
    const asked = { required_capabilities: required, prefer_agents: preferred, policy: "load" } as const;
    const decided = this.#fleet.give({ type: "route", ...name, ...asked, now });
    if (isRefusal(decided)) throw new HolodeckError(decided.code, decided);
    this.#fleet.give({ type: "confirm", ...name, now });
    const routed = decided.find((fact) => fact.type === "task_routed");
    if (routed !== undefined) return routed.data;
    throw new HolodeckError("internal", { what: "Nobody was chosen.", todo: "Report this." });
  }

  ended({ sessionId, taskId }: Task): void {
    const command = { type: "complete", session_id: sessionId, task_id: taskId } as const;
    // Tasks of other processes are unknown here.
    this.#fleet.give({ ...command, now: this.#now() });
  }
}

/** A fleet's limit. */
const CAPABILITIES_MAX = 64;
