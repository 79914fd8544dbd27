// The port to whoever routes tasks: the fleet in this process, or an H1 router over HTTP (spec/wire.md §2).

/** Which agent a task goes to, and what that does to the fleet's loops. */
export interface RoutingDecision {
  /** Empty when the fleet has no agents. */
  readonly agentId: string;
  readonly taskId: string;
  /** β₁ once the task is a vertex, and once its edges are there. */
  readonly h1Before: number;
  readonly h1After: number;
  /** 0 to 1. */
  readonly confidence: number;
  /** 0, 0.3, 0.6 or 0.9. */
  readonly emergenceRisk: number;
  /** The share of the required capabilities the agent has, 0 to 1. */
  readonly capabilityMatchScore: number;
  /** Why this agent, in a sentence. */
  readonly reasoning: string;
  /** True when no agent had what was asked for, or the router was away, and load decided. */
  readonly fallback: boolean;
  /** Why the router itself did not decide, such as `gives no answer within 1 s`; null when it did. */
  readonly unreachable: string | null;
  /** The fleet's β₁ rose above its threshold with this decision; null when it did not. */
  readonly alert: RouterAlert | null;
}

/** An upward crossing of the threshold, as the fleet tells it. */
export interface RouterAlert {
  readonly h1: number;
  readonly threshold: number;
  readonly vertices: number;
  readonly edges: number;
  /** What to do about it, in a sentence. */
  readonly recommendation: string;
}

/** The fleet's loops now. */
export interface H1Status {
  readonly h1: number;
  readonly threshold: number;
  readonly vertices: number;
  readonly edges: number;
  readonly components: number;
  readonly emergence: boolean;
}

/** Someone tasks can go to. */
export interface RouterAgent {
  readonly agentId: string;
  readonly capabilities: readonly string[];
}

export interface RouteRequest {
  readonly sessionId: string;
  /** The session's own agent. */
  readonly agentId: string;
  readonly taskId: string;
  readonly requiredCapabilities: readonly string[];
  /** Chosen before others who are as capable, unless they alone would bring emergence. */
  readonly preferAgents: readonly string[];
  /** A repeat of the same request: it is answered like the first time, and makes no second edge. */
  readonly key: string;
}

export interface TaskRouter {
  /** Tells it from others, in events and as the name of a saved place: `fleet:default`, or a URL. */
  readonly name: string;
  /** Makes an agent known, or tells its capabilities anew. */
  register(agent: RouterAgent): Promise<void>;
  route(request: RouteRequest): Promise<RoutingDecision>;
  /** Throws `server_unreachable` when it cannot be asked. */
  status(): Promise<H1Status>;
  /** The session has the task: the assignment stays. Unknown tasks are passed over. */
  confirm(task: RoutedTask): Promise<void>;
  /** The task has ended: its edges are free. Unknown tasks are passed over. */
  complete(task: RoutedTask): Promise<void>;
  /** Lets go of connections. */
  close?(): void;
}

export interface RoutedTask {
  readonly sessionId: string;
  readonly taskId: string;
  /** What makes it happen once, however often it is asked; null when the caller asks once. */
  readonly key: string | null;
}
