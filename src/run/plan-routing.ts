// Who of a plan's agents does a task, when the plan says `routing: h1`: the router chooses among those that have room.
// A task is routed once; its retries stay with its agent.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SessionManager } from "../session/manager.ts";
import type { Session } from "../session/session.ts";
import { capableAgents } from "./plan-order.ts";
import type { Plan, PlanAgent, PlanTask } from "./plan-schema.ts";

/** What routing needs of a manager. */
export type PlanRouter = Pick<SessionManager, "registerAgent" | "routeTaskH1">;

export interface PlanRoutingParams {
  readonly router?: PlanRouter;
  readonly session: Session;
  readonly plan: Plan;
  readonly clock: Clock;
}

export class PlanRouting {
  readonly #router: PlanRouter;
  readonly #session: Session;
  readonly #plan: Plan;
  readonly #clock: Clock;
  #fullUntil = 0;

  constructor({ router, session, plan, clock }: PlanRoutingParams & { readonly router: PlanRouter }) {
    this.#router = router;
    this.#session = session;
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Makes the plan's agents known to the router. */
  async begin(): Promise<void> {
    for (const { id, capabilities } of this.#plan.agents) await this.#router.registerAgent(id, capabilities);
  }

  /** Whether the router chooses who does a task: it asks for capabilities and names nobody. */
  concerns({ agent, capabilities }: PlanTask): boolean {
    return agent === undefined && capabilities.length > 0;
  }

  /** Whom a task was routed to; null when it was not yet, or to someone the plan does not have. */
  chosen(task: PlanTask): PlanAgent | null {
    const agentId = this.#session.getTask(task.id)?.routing?.agent_id;
    return capableAgents(this.#plan, task).find(({ id }) => id === agentId) ?? null;
  }

  isRouted(task: PlanTask): boolean {
    return (this.#session.getTask(task.id)?.routing ?? null) !== null;
  }

  /** When a fleet that was full is to be asked again, milliseconds since the epoch; null when it may be asked. */
  fullUntil(): number | null {
    return this.#fullUntil > this.#clock.now() ? this.#fullUntil : null;
  }

  /** Routes a task, best to one of those with room. When the fleet is full the task stays as it is, to be tried again. */
  async route({ id, capabilities }: PlanTask, withRoom: readonly PlanAgent[]): Promise<void> {
    const preferAgents = withRoom.slice(0, PREFERRED_MAX).map((agent) => agent.id);
    try {
      await this.#router.routeTaskH1(id, capabilities, this.#session, { preferAgents });
    } catch (error) {
      if (!(error instanceof HolodeckError && error.code === "fleet_full")) throw error;
      this.#fullUntil = this.#clock.now() + FULL_MS;
    }
  }
}

const PREFERRED_MAX = 64;

/** How long a fleet that was full is left alone. */
const FULL_MS = 1_000;

/** Null for a plan that routes by load, which needs no router. */
export function planRouting(params: PlanRoutingParams): PlanRouting | null {
  const { router, plan } = params;
  if (plan.routing !== "h1") return null;
  if (router !== undefined) return new PlanRouting({ ...params, router });
  throw new HolodeckError("invalid_argument", {
    what: "The plan says routing: h1, and nobody was given who routes.",
    todo: "Pass the manager as `router`.",
  });
}
