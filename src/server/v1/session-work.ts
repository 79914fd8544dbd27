// Who does a session's work: taking it over from a process that died, and routing its tasks.
import { flag, sessionId, text, texts } from "./fields.ts";
import { routingDecision, session } from "./answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";

const resumeSession = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/resume",
  group: "Sessions",
  summary: "Take over a session",
  description:
    "This server has its work from now on. Refused (`conflict`) while the process that has it lives. Attempts that run are lost, but for those whose process lives, and may be started again.",
  access: "direct",
  pathFields: { session_id: sessionId },
  body: { keep_attempts: flag("True leaves the attempts that run as they are. Default false.").optional() },
  answer: { what: "The session.", schema: session },
  refusals: ["not_found", "conflict", "session_ended"],
  example: { path: `/v1/sessions/${EXAMPLE.id}/resume`, body: {}, answer: EXAMPLE.session },
  async act({ manager, path, body }) {
    const keep = { recover: async () => await Promise.resolve() };
    const found = await manager.resume(path.session_id, body.keep_attempts === true ? keep : {});
    return { status: 200, body: found.describe() };
  },
});

const routeTask = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/route",
  group: "Tasks",
  summary: "Route a task by H¹",
  description:
    "Finds the agent that has what the task needs and adds the fewest coordination loops (β₁), and registers the task in the session. The fleet in this server's store decides, or the router the session was started with.",
  access: "work",
  pathFields: { session_id: sessionId },
  body: {
    task_id: text("A task of the session, or a new one."),
    required_capabilities: texts("What its agent must be able to do. Default none.").optional(),
    prefer_agents: texts("Chosen before others who are as capable. At most 64. Default none.")
      .max(64, "Pass a list of at most 64 texts.")
      .optional(),
  },
  answer: { what: "Who does it, and why.", schema: routingDecision },
  refusals: ["not_found", "session_ended", "task_ended", "task_limit", "fleet_full"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/route`,
    body: { task_id: "compile", required_capabilities: ["compilation"] },
  },
  async act({ manager, path, body }) {
    const { task_id, required_capabilities, prefer_agents } = body;
    const found = await manager.get(path.session_id);
    const options = prefer_agents === undefined ? {} : { preferAgents: prefer_agents };
    const told = await manager.routeTaskH1(task_id, required_capabilities, found, options);
    return {
      status: 200,
      body: {
        agent_id: told.agentId,
        task_id: told.taskId,
        h1_before: told.h1Before,
        h1_after: told.h1After,
        confidence: told.confidence,
        emergence_risk: told.emergenceRisk,
        capability_match_score: told.capabilityMatchScore,
        reasoning: told.reasoning,
        fallback: told.fallback,
        unreachable: told.unreachable,
        alert: told.alert === null ? null : { ...told.alert },
      },
    };
  },
});

export const sessionWorkEndpoints: readonly Endpoint[] = [resumeSession, routeTask];
