// Routes by an H1 router over HTTP, spec/wire.md §2, plain or ours. When it is away, slow, or answers nonsense, work
// goes on: capability and load decide among the agents that are known, and the decision says so.
import { HolodeckError } from "../event/error.ts";
import { KnownAgents } from "./known-agents.ts";
import {
  alertFrom,
  decisionFrom,
  errorOf,
  isRecord,
  statusFrom,
  type AnsweredDecision,
} from "./router-answers.ts";
import { RouterClient, type RouterAnswer, type RouterClientOptions } from "./router-client.ts";
import type {
  H1Status,
  RoutedTask,
  RouterAgent,
  RouterAlert,
  RouteRequest,
  RoutingDecision,
  TaskRouter,
} from "./router.ts";

interface Answered {
  readonly decision: AnsweredDecision;
  /** Undefined when the router does not tell of crossings. */
  readonly alert: RouterAlert | null | undefined;
}

/** What servers answer to a path they do not have. */
const UNKNOWN_PATH: ReadonlySet<number> = new Set([404, 405, 501]);

export class HttpRouter implements TaskRouter {
  readonly name: string;
  readonly #client: RouterClient;
  readonly #known: KnownAgents;
  /** Registered from here, and whether the router has been told. */
  readonly #agents = new Map<string, { readonly capabilities: readonly string[]; told: boolean }>();
  /** It has no `/v1/fleet`, which also tells alerts and refusals; known once it was asked. */
  #isPlain = false;
  /** β₁ as it was told last. */
  #h1 = 0;
  /** Whether it was above the threshold when it was told last. */
  #isAbove = false;

  constructor(options: RouterClientOptions) {
    this.name = options.url;
    this.#client = new RouterClient(options);
    this.#known = new KnownAgents(() => options.clock.now());
  }

  /** A router that is away is told with the next task. */
  async register({ agentId, capabilities }: RouterAgent): Promise<void> {
    this.#known.register(agentId, capabilities);
    this.#agents.set(agentId, { capabilities, told: false });
    await this.#tellAgents().catch(passOver);
  }

  async route(request: RouteRequest): Promise<RoutingDecision> {
    try {
      await this.#tellAgents();
      const { decision, alert: told } = await this.#decide(request);
      const { agentId, h1After } = decision;
      const capabilities = decision.fallback ? [] : request.requiredCapabilities;
      if (agentId !== "") this.#known.assigned(request, agentId, capabilities);
      const alert = told === undefined ? await this.#alertOf(decision) : told;
      this.#h1 = h1After;
      return { ...decision, unreachable: null, alert };
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#isPlain = false; // Whoever comes back may be another.
      return this.#fallBack(request, error.what);
    }
  }

  async status(): Promise<H1Status> {
    const status = statusFrom((await this.#client.ask({ path: "h1-snapshot" })).body);
    if (status === null) throw this.#client.failed("answers /h1-snapshot with nonsense");
    return status;
  }

  /** A plain router knows no confirmation, and answers 404. */
  async confirm({ sessionId, taskId, key }: RoutedTask): Promise<void> {
    const body = { task_id: taskId, session_id: sessionId };
    await this.#client.ask({ path: "v1/fleet/confirm", body, key });
  }

  async complete({ sessionId, taskId, key }: RoutedTask): Promise<void> {
    this.#known.ended({ sessionId, taskId });
    const body = { task_id: taskId, session_id: sessionId };
    await this.#client.ask({ path: "complete", body, key });
  }

  close(): void {
    this.#client.close();
  }

  async #tellAgents(): Promise<void> {
    for (const [agent_id, agent] of this.#agents) {
      if (agent.told) continue;
      const { capabilities } = agent;
      const answer = await this.#client.ask({ path: "register/agent", body: { agent_id, capabilities } });
      if (answer.status >= 400) throw this.#client.failed(refusal("/register/agent", answer));
      agent.told = true;
    }
  }

  /** A fleet without agents gets the session's own: without one nothing can be routed. */
  async #decide(request: RouteRequest): Promise<Answered> {
    const answered = await this.#ask(request, request.key);
    if (answered.decision.agentId !== "") return answered;
    this.#agents.set(request.agentId, { capabilities: [], told: false });
    await this.#tellAgents();
    return await this.#ask(request, `${request.key}+agent`);
  }

  async #ask(request: RouteRequest, key: string): Promise<Answered> {
    const { taskId, sessionId, requiredCapabilities, preferAgents } = request;
    const body = {
      task_id: taskId,
      session_id: sessionId,
      required_capabilities: requiredCapabilities,
      ...(preferAgents.length > 0 && { prefer_agents: preferAgents }),
    };
    if (!this.#isPlain) {
      const answer = await this.#client.ask({ path: "v1/fleet/route", body, key });
      const decision = answer.status < 300 ? decisionFrom(answer.body, taskId) : null;
      if (decision !== null) return { decision, alert: alertFrom(answer.body) };
      if (isRecord(answer.body) && answer.body["code"] === "fleet_full")
        throw fleetFull(errorOf(answer.body));
      if (answer.status >= 300 && !UNKNOWN_PATH.has(answer.status)) {
        throw this.#client.failed(refusal("/v1/fleet/route", answer));
      }
      this.#isPlain = true;
    }
    const answer = await this.#client.ask({ path: "route", body, key });
    const decision = answer.status < 300 ? decisionFrom(answer.body, taskId) : null;
    if (decision !== null) return { decision, alert: undefined };
    throw this.#client.failed(
      answer.status < 300 ? "answers /route with nonsense" : refusal("/route", answer),
    );
  }

  /** A risk means that β₁ is above the threshold; that it rose with this task is told by what it was before. */
  async #alertOf({ h1Before, emergenceRisk }: AnsweredDecision): Promise<RouterAlert | null> {
    const wasAbove = this.#isAbove;
    this.#isAbove = emergenceRisk > 0;
    if (!this.#isAbove || wasAbove) return null;
    const status = await this.status().catch(() => null);
    if (status === null) this.#isAbove = false; // The next decision tells it.
    if (status === null || h1Before > status.threshold) return null;
    const { h1, threshold, vertices, edges } = status;
    return { h1, threshold, vertices, edges, recommendation: RECOMMENDATION };
  }

  #fallBack(request: RouteRequest, why: string): RoutingDecision {
    if (this.#known.size === 0) this.#known.register(request.agentId, []);
    const { requiredCapabilities, preferAgents, taskId } = request;
    const chosen = this.#known.choose(request, requiredCapabilities, preferAgents);
    return {
      agentId: chosen.agent_id,
      taskId,
      // What the router's fleet is like now is not known: it is left as it was told last.
      h1Before: this.#h1,
      h1After: this.#h1,
      confidence: chosen.confidence,
      emergenceRisk: 0,
      capabilityMatchScore: chosen.capability_match_score,
      reasoning: `${why} Capability and load decided instead: ${chosen.reasoning}`,
      fallback: true,
      unreachable: why.replace(`The H1 router ${this.name} `, "").replace(/\.$/, ""),
      alert: null,
    };
  }
}

const RECOMMENDATION =
  "Some ties are redundant: finish or free tasks that several agents share before adding more; GET /h1-snapshot tells the fleet's loops.";

function isAway(error: unknown): error is HolodeckError {
  return error instanceof HolodeckError && error.code === "server_unreachable";
}

function passOver(error: unknown): void {
  if (!isAway(error)) throw error;
}

function refusal(path: string, { status, body }: RouterAnswer): string {
  const why = errorOf(body);
  return `refuses ${path} with HTTP ${status}${why === "" ? "" : ` (${why})`}`;
}

function fleetFull(why: string): HolodeckError {
  return new HolodeckError("fleet_full", {
    what: why === "" ? "Nobody who fits has room." : why,
    todo: "Complete tasks, raise capacities, or register more agents.",
  });
}
