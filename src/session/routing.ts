// A task of a session is routed and registered in the session. What follows in the fleet (the assignment is confirmed,
// and freed when the task has ended) is the route follower's work.
import { HolodeckError } from "../event/error.ts";
import type { SessionHost } from "./host.ts";
import type { RoutingDecision, TaskRouter } from "./router.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";

/**
 * Routes a task and registers it. Both go by a key that says how often the task was routed before: whoever asks again
 * after a crash gets the first answer, and neither a second edge nor a second event.
 */
export async function routeTask({
  router,
  host,
  state,
  taskId,
  capabilities,
  preferAgents,
}: {
  readonly router: TaskRouter;
  readonly host: SessionHost;
  readonly state: SessionState;
  readonly taskId: string;
  readonly capabilities: readonly string[];
  readonly preferAgents: readonly string[];
}): Promise<RoutingDecision> {
  const { sessionId, agentId } = state;
  const key = `route:${sessionId}/${taskId}#${state.tasks.get(taskId)?.routings ?? 0}`;
  const request = { sessionId, agentId, taskId, requiredCapabilities: capabilities, preferAgents, key };
  const decision = await router.route(request);
  const routing = {
    agent_id: decision.agentId,
    h1_before: decision.h1Before,
    h1_after: decision.h1After,
    emergence_risk: decision.emergenceRisk,
    capability_match_score: decision.capabilityMatchScore,
    fallback: decision.fallback,
  };
  const { alert, reasoning, unreachable } = decision;
  const told = { routing, router: router.name, reasoning, unreachable, alert };
  const command = { type: "route_task", taskId, requiredCapabilities: capabilities, ...told } as const;
  try {
    await host.execute(streamOf(sessionId), command, key);
  } catch (error) {
    // A session that refuses the task leaves no edge behind. Where the store failed it may have taken the task: then
    // it confirms it, or the edge is freed for want of that.
    const isRefused = error instanceof HolodeckError && REFUSALS.has(error.code);
    if (isRefused) await router.complete({ sessionId, taskId, key: null }).catch(() => undefined);
    throw error;
  }
  return decision;
}

const REFUSALS: ReadonlySet<string> = new Set(["session_ended", "task_ended", "task_limit", "not_found"]);
