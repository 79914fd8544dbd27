// Routes by a fleet that is a stream of the session's own store: no service is needed, and it survives restarts.
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId } from "../event/event.ts";
import type { EventLog } from "../event/log.ts";
import { Runtime, type Untimed } from "../event/runtime.ts";
import { loops } from "../fleet/graph.ts";
import { thresholdOf } from "../fleet/emergence.ts";
import { createFleet } from "../fleet/router.ts";
import type { EmergenceCrossed, FleetCommand, FleetFact, TaskRouted } from "../fleet/fleet-facts.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import type {
  H1Status,
  RoutedTask,
  RouteRequest,
  RouterAlert,
  RoutingDecision,
  TaskRouter,
} from "./router.ts";

export class FleetRouter implements TaskRouter {
  readonly #runtime: Runtime<FleetState, FleetCommand, FleetFact>;
  readonly #stream;
  readonly #offset: number;

  /** `fleet` names the fleet: routers with one name and one store share it. */
  constructor({
    log,
    moment,
    fleet,
    offset,
  }: {
    readonly log: EventLog;
    readonly moment: () => Moment;
    readonly fleet: string;
    readonly offset: number;
  }) {
    this.#runtime = new Runtime({ aggregate: createFleet({ offset }), log, moment });
    this.#stream = streamId("fleet", fleet);
    this.#offset = offset;
  }

  /** The session's own agent is made known to a fleet that has no agent yet: without one nothing can be routed. */
  async route({ sessionId, agentId, taskId, requiredCapabilities }: RouteRequest): Promise<RoutingDecision> {
    const { selection } = await this.#runtime.refresh(this.#stream);
    if (selection.size === 0) await this.#give({ type: "register_agent", agent_id: agentId });
    const route = { task_id: taskId, session_id: sessionId, required_capabilities: requiredCapabilities };
    const facts = await this.#give({ type: "route", ...route });
    const routed = facts.find((fact) => fact.type === "task_routed");
    if (routed === undefined) throw notRouted(taskId);
    const crossed = facts.find((fact) => fact.type === "emergence_crossed");
    return { ...decisionOf(routed.data), alert: crossed === undefined ? null : alertOf(crossed.data) };
  }

  async status(): Promise<H1Status> {
    const state = await this.#runtime.refresh(this.#stream);
    const counts = state.graph.counts();
    return {
      h1: loops(counts),
      threshold: thresholdOf(counts, this.#offset),
      vertices: counts.vertices,
      edges: counts.edges,
      components: counts.components,
      emergence: state.emergence.above,
    };
  }

  async confirm({ sessionId, taskId }: RoutedTask): Promise<void> {
    await this.#giveIfKnown({ type: "confirm", task_id: taskId, session_id: sessionId });
  }

  async complete({ sessionId, taskId }: RoutedTask): Promise<void> {
    await this.#giveIfKnown({ type: "complete", task_id: taskId, session_id: sessionId });
  }

  async #giveIfKnown(command: Untimed<FleetCommand>): Promise<void> {
    const { refusal } = await this.#runtime.execute(this.#stream, command);
    if (refusal !== null && refusal.code !== "task_not_found") throw new HolodeckError(refusal.code, refusal);
  }

  async #give(command: Untimed<FleetCommand>): Promise<readonly FleetFact[]> {
    const { events, refusal } = await this.#runtime.execute(this.#stream, command);
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
    return events;
  }
}

function alertOf(crossed: EmergenceCrossed): RouterAlert | null {
  if (crossed.direction === "down") return null;
  return {
    h1: crossed.h1_dimension,
    threshold: crossed.v_threshold,
    vertices: crossed.n_vertices,
    edges: crossed.n_edges,
    recommendation: crossed.recommendation,
  };
}

function decisionOf(routed: TaskRouted): Omit<RoutingDecision, "alert"> {
  return {
    agentId: routed.agent_id,
    taskId: routed.task_id,
    h1Before: routed.h1_before,
    h1After: routed.h1_after,
    confidence: routed.confidence,
    emergenceRisk: routed.emergence_risk,
    capabilityMatchScore: routed.capability_match_score,
    reasoning: routed.reasoning,
    fallback: routed.fallback,
  };
}

function notRouted(taskId: string): HolodeckError {
  return new HolodeckError("internal", {
    what: `Routing ${JSON.stringify(taskId)} came to no decision.`,
    todo: "Report this with the fleet's events.",
  });
}
