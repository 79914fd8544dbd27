// Routes by a fleet that is a stream of the session's own store: no service is needed, and it survives restarts.
import type { Moment } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId } from "../event/event.ts";
import type { EventLog } from "../event/log.ts";
import type { Runtime, Untimed } from "../event/runtime.ts";
import { loops } from "../fleet/graph.ts";
import { thresholdOf } from "../fleet/emergence.ts";
import { createFleet } from "../fleet/router.ts";
import { taskKey } from "../fleet/fleet-facts.ts";
import type { EmergenceCrossed, FleetCommand, FleetFact, TaskRouted } from "../fleet/fleet-facts.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import type {
  H1Status,
  RoutedTask,
  RouterAgent,
  RouteRequest,
  RouterAlert,
  RoutingDecision,
  TaskRouter,
} from "./router.ts";
import { TracedRuntime } from "./traced-runtime.ts";

export class FleetRouter implements TaskRouter {
  readonly name: string;
  readonly #log: EventLog;
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
    this.#log = log;
    this.#runtime = new TracedRuntime({ aggregate: createFleet({ offset }), log, moment });
    this.#stream = streamId("fleet", fleet);
    this.name = this.#stream;
    this.#offset = offset;
  }

  /** What the fleet has already is not told again. */
  async register({ agentId, capabilities }: RouterAgent): Promise<void> {
    const { selection, heartbeats } = await this.#runtime.refresh(this.#stream);
    const wanted = [...new Set(capabilities)].sort();
    const known = selection.has(agentId) ? [...selection.capabilities(agentId)].sort() : null;
    if (known !== null && JSON.stringify(known) === JSON.stringify(wanted)) return;
    const capacity = known === null ? null : selection.capacity(agentId);
    const heartbeat_seconds = heartbeats.get(agentId) ?? null;
    const agent = { agent_id: agentId, capabilities: wanted, capacity, heartbeat_seconds };
    await this.#give({ type: "register_agent", ...agent });
  }

  /** The session's own agent is made known to a fleet that has no agent yet: without one nothing can be routed. */
  async route(request: RouteRequest): Promise<RoutingDecision> {
    const { selection } = await this.#runtime.refresh(this.#stream);
    if (selection.size === 0) await this.#give({ type: "register_agent", agent_id: request.agentId });
    for (let turn = 0; ; turn++) {
      const decision = await this.#routeOnce(request, turn);
      if (decision !== null) return decision;
    }
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

  async confirm({ sessionId, taskId, key }: RoutedTask): Promise<void> {
    await this.#giveIfKnown({ type: "confirm", task_id: taskId, session_id: sessionId }, key);
  }

  async complete({ sessionId, taskId, key }: RoutedTask): Promise<void> {
    await this.#giveIfKnown({ type: "complete", task_id: taskId, session_id: sessionId }, key);
  }

  /**
   * A repeat answers what was decided the first time, as long as that assignment stands. Null when it was freed
   * meanwhile, since no session had confirmed it: then it is decided anew.
   */
  async #routeOnce(request: RouteRequest, turn: number): Promise<RoutingDecision | null> {
    const { taskId: task_id, sessionId: session_id, requiredCapabilities, preferAgents } = request;
    const asked = { required_capabilities: requiredCapabilities, prefer_agents: preferAgents };
    const { events, refusal, repeated } = await this.#runtime.execute(
      this.#stream,
      { type: "route", task_id, session_id, ...asked },
      `${request.key}.${turn}`,
    );
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
    const facts = repeated === null ? events : await this.#factsFrom(repeated);
    const routed = facts.find((fact) => fact.type === "task_routed");
    if (routed === undefined) throw notRouted(taskKey({ task_id, session_id }));
    if (repeated !== null && !(await this.#stands(routed.data))) return null;
    const crossed = facts.find((fact) => fact.type === "emergence_crossed");
    return { ...decisionOf(routed.data), alert: crossed === undefined ? null : alertOf(crossed.data) };
  }

  /** The decision that was appended at a seq, and the crossing it brought, if it did. */
  async #factsFrom(seq: number): Promise<readonly FleetFact[]> {
    const read = await this.#log.read({ stream: this.#stream, afterSeq: seq - 1, limit: 2 });
    const [routed, next] = read.map(({ event }) => event as unknown as FleetFact);
    if (routed === undefined) return [];
    const isIts = next?.type === "emergence_crossed" && next.data.routing_decision !== null;
    return isIts ? [routed, next] : [routed];
  }

  async #stands(routed: TaskRouted): Promise<boolean> {
    const { graph, tasks } = await this.#runtime.refresh(this.#stream);
    const key = taskKey(routed);
    const isTied = (agent: string): boolean =>
      graph.multiplicity({ a: agent, b: key, kind: "assignment" }) > 0;
    return tasks.has(key) && routed.agent_ids.every(isTied);
  }

  async #giveIfKnown(command: Untimed<FleetCommand>, key: string | null): Promise<void> {
    const { refusal } = await this.#runtime.execute(this.#stream, command, key);
    if (refusal !== null && refusal.code !== "task_not_found") throw new HolodeckError(refusal.code, refusal);
  }

  async #give(command: Untimed<FleetCommand>): Promise<void> {
    const { refusal } = await this.#runtime.execute(this.#stream, command);
    if (refusal !== null) throw new HolodeckError(refusal.code, refusal);
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
    unreachable: null,
  };
}

function notRouted(task: string): HolodeckError {
  return new HolodeckError("internal", {
    what: `Routing ${JSON.stringify(task)} came to no decision.`,
    todo: "Report this with the fleet's events.",
  });
}
