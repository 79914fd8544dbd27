// What a key that acts as an agent may do with a session: each request is judged as that agent, by the session's own
// guard, before anything is done. What is not listed here such a key may not do: it sees no session and no room.
import { HolodeckError } from "../../event/error.ts";
import type { StreamId } from "../../event/event.ts";
import { denied, unmetTerms } from "../../session/denied.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { TaskOutcome } from "../../session/outcome.ts";
import { unknownSession } from "../../session/past-session.ts";
import { objectResource, partResource } from "../../session/resource.ts";
import { COMPLETION_ACTIONS } from "../../session/agent-completion.ts";
import { sessionResource, taskResource } from "../../trust/owner-policy.ts";
import type { KeyAgent } from "../../trust/key-aggregate.ts";
import type { Endpoint } from "./endpoint.ts";

/** Of a request that has been checked against its endpoint's schemas. */
export interface AgentRequest {
  readonly path: {
    readonly session_id: string;
    readonly task_id?: string;
    readonly agent_id?: string;
    readonly role_id?: string;
    readonly key?: string;
  };
  readonly body: {
    readonly task_id?: string;
    readonly outcome?: TaskOutcome;
    readonly agent_id?: string;
  };
}

type Question = readonly [action: string, resource: string];

const ofSession =
  (...actions: readonly string[]) =>
  ({ path }: AgentRequest): readonly Question[] =>
    actions.map((action) => [action, sessionResource(path.session_id)]);

/** What is answered shows the task: whoever changes it must be able to read it. */
const ofTask =
  (...actions: readonly string[]) =>
  ({ path, body }: AgentRequest): readonly Question[] =>
    ["read", ...actions].map((action) => [
      action,
      taskResource(path.session_id, path.task_id ?? body.task_id ?? ""),
    ]);

/** Of the agent in the path, else the one the body names. */
const ofAgent =
  (action: string) =>
  ({ path, body }: AgentRequest): readonly Question[] => [
    [action, partResource(path.session_id, "agents", path.agent_id ?? body.agent_id ?? "")],
  ];

const ofRole =
  (action: string) =>
  ({ path }: AgentRequest): readonly Question[] => [
    [action, partResource(path.session_id, "roles", path.role_id ?? "")],
  ];

const ofDecisions =
  (action: string) =>
  ({ path }: AgentRequest): readonly Question[] => [[action, partResource(path.session_id, "decisions")]];

/** The whole of it: which of its fields may be read is not asked, since none is shown. */
const ofObject = ({ path }: AgentRequest): readonly Question[] => [
  ["read", objectResource((path.key ?? "") as StreamId)],
];

const ofPart =
  (...parts: readonly ["events" | "tiles"] | readonly ["tasks" | "objects", "events"]) =>
  ({ path }: AgentRequest): readonly Question[] =>
    parts.map((part) => [LISTED.has(part) ? "list" : "read", partResource(path.session_id, part)]);

const LISTED: ReadonlySet<string> = new Set(["tasks", "objects"]);

const S = "/v1/sessions/{session_id}";

/** Whoever reads the events reads all that follows from them. */
export const AGENT_QUESTIONS: Readonly<Record<string, (asked: AgentRequest) => readonly Question[]>> = {
  [`get ${S}`]: ofSession("read"),
  [`post ${S}/end`]: ofSession("read", "end"),
  [`get ${S}/persist`]: ofSession("persist"),
  [`get ${S}/states/{seq}`]: ofPart("events"),
  [`post ${S}/fork`]: (asked) => [...ofSession("fork")(asked), ...ofPart("events")(asked)],
  [`post ${S}/resume`]: ofSession("read", "resume"),
  [`post ${S}/route`]: ofTask("route"),
  [`post ${S}/tasks`]: ofTask("add"),
  [`get ${S}/tasks`]: ofPart("tasks", "events"),
  [`get ${S}/tasks/{task_id}`]: ofTask(),
  [`get ${S}/tasks/{task_id}/result`]: ofTask(),
  [`post ${S}/tasks/{task_id}/start`]: ofTask("start"),
  [`post ${S}/tasks/{task_id}/heartbeat`]: ofTask("progress"),
  [`post ${S}/tasks/{task_id}/complete`]: (asked) =>
    ofTask(COMPLETION_ACTIONS[asked.body.outcome ?? "success"])(asked),
  [`post ${S}/tasks/{task_id}/fail`]: ofTask(COMPLETION_ACTIONS.failed),
  [`post ${S}/tasks/{task_id}/cancel`]: ofTask(COMPLETION_ACTIONS.cancelled),
  [`get ${S}/events`]: ofPart("events"),
  [`get ${S}/tiles`]: ofPart("tiles"),
  [`get ${S}/blobs`]: ofPart("events"),
  [`get ${S}/blobs/{hash}`]: ofPart("events"),
  [`get ${S}/objects`]: ofPart("objects", "events"),
  [`get ${S}/objects/{key}/audit`]: ofObject,
  [`post ${S}/agents`]: ofAgent("attach"),
  [`get ${S}/agents`]: ofSession("introspect"),
  [`post ${S}/agents/{agent_id}/heartbeat`]: ofAgent("heartbeat"),
  [`post ${S}/agents/{agent_id}/detach`]: ofAgent("detach"),
  [`post ${S}/roles/{role_id}/revoke`]: ofRole("revoke"),
  [`post ${S}/decide`]: ofAgent("decide"),
  [`get ${S}/decisions`]: ofDecisions("read"),
  [`post ${S}/decisions/replay`]: ofDecisions("replay"),
};

/** Whether the endpoint is one that a session's guard judges. */
export function isJudgedAsAgent({ method, path }: Pick<Endpoint, "method" | "path">): boolean {
  return `${method} ${path}` in AGENT_QUESTIONS;
}

/**
 * Throws `denied` unless the agent may, without terms, which nobody here could keep. A session that it is not attached
 * to looks like one that does not exist.
 */
export async function assertAgentMay(
  manager: SessionManager,
  { name: agentId, sessions }: KeyAgent,
  { method, path }: Pick<Endpoint, "method" | "path">,
  asked: AgentRequest,
): Promise<void> {
  const { session_id: id } = asked.path;
  if (sessions !== null && !sessions.includes(id)) throw unknownSession(id);
  const session = await manager.get(id);
  const { agents } = await session.introspect();
  if (!agents.some((agent) => agent.agentId === agentId)) throw unknownSession(id);
  for (const [action, resource] of AGENT_QUESTIONS[`${method} ${path}`]?.(asked) ?? []) {
    const question = { agentId, action, resource };
    const decision = await session.can(agentId, action, resource);
    if (!decision.allow) throw denied(question, decision);
    if (decision.obligations.some(({ kind }) => kind !== "capability")) throw unmetTerms(question, decision);
  }
}

/** Who starts an attempt: an agent under its own name alone. */
export function starterOf(agent: KeyAgent | undefined, named: string | undefined): string | undefined {
  if (agent === undefined || named === agent.name) return named;
  if (named === undefined) return agent.name;
  throw new HolodeckError("denied", {
    what: `This key acts as ${JSON.stringify(agent.name)}, and starts nothing for another.`,
    todo: "Leave agent_id out.",
  });
}
