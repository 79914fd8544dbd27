// A task of a session and the fleet: routed, registered in the session, confirmed, and freed when it has ended.
import type { SessionEvent } from "./events.ts";
import type { SessionHost } from "./host.ts";
import type { RoutingDecision, TaskRouter } from "./router.ts";
import type { Session } from "./session.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";

/** Routes a task and registers it. A session that refuses it leaves no edge behind. */
export async function routeTask({
  router,
  host,
  session: { sessionId, agentId },
  taskId,
  capabilities,
}: {
  readonly router: TaskRouter;
  readonly host: SessionHost;
  readonly session: Session;
  readonly taskId: string;
  readonly capabilities: readonly string[];
}): Promise<RoutingDecision> {
  const request = { sessionId, agentId, taskId, requiredCapabilities: capabilities };
  const decision = await router.route(request);
  const routing = {
    agent_id: decision.agentId,
    h1_before: decision.h1Before,
    h1_after: decision.h1After,
    emergence_risk: decision.emergenceRisk,
    capability_match_score: decision.capabilityMatchScore,
    fallback: decision.fallback,
  };
  const { alert } = decision;
  const command = { type: "route_task", taskId, requiredCapabilities: capabilities, routing, alert } as const;
  try {
    await host.execute(streamOf(sessionId), command);
  } catch (error) {
    await router.complete({ sessionId, taskId });
    throw error;
  }
  await router.confirm({ sessionId, taskId });
  return decision;
}

/** Frees the edges of the routed tasks that have ended, or whose agent has left the session. */
export async function freeRoutes(
  router: TaskRouter,
  events: readonly SessionEvent[],
  state: SessionState,
): Promise<void> {
  const { sessionId, tasks } = state;
  for (const event of events) {
    if (event.type === "agent_detached" || event.type === "agent_disconnected") {
      for (const taskId of routedTo(state, event.data.agent_id)) await router.complete({ sessionId, taskId });
    }
    if (event.type !== "task_ended") continue;
    const taskId = event.data.task_id;
    if (tasks.get(taskId)?.routing) await router.complete({ sessionId, taskId });
  }
}

function routedTo({ open, tasks }: SessionState, agentId: string): readonly string[] {
  return [...open].filter((taskId) => tasks.get(taskId)?.routing?.agent_id === agentId);
}
