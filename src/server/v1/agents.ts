// Agents of a session: attach, hear of, let go, take a role away, and see who is there. An agent attached here lives
// elsewhere: this process holds no teardown of it, and takes it along nowhere.
import { fold } from "../../event/fold.ts";
import type { StreamId } from "../../event/event.ts";
import { z } from "zod";
import type { JsonObject } from "../../event/json.ts";
import type { AgentSession } from "../../session/agent-session.ts";
import { AGENT_KINDS } from "../../session/agent-kind.ts";
import { checkAttach, type AttachOptions } from "../../session/attach.ts";
import { introspectionOf, type Introspection } from "../../session/introspection.ts";
import { persistedOf } from "../../session/persist.ts";
import type { Session } from "../../session/session.ts";
import type { Store } from "../../store/port.ts";
import { isoTime } from "../../tile/session-tiles.ts";
import { identityAggregate, type IdentityState } from "../../trust/identity-aggregate.ts";
import { inheritedRoles } from "../../trust/negotiation.ts";
import { checkName } from "../../trust/name.ts";
import type { Principal } from "../principal.ts";
import { introspection, presence } from "./agent-answers.ts";
import { endpoint, type Answer, type Endpoint, type KeyedRequest } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { jsonObject, message, oneOf, seconds, sessionId, text, texts } from "./fields.ts";

const PATH = `/v1/sessions/${EXAMPLE.id}/agents`;
const BOT = {
  session_id: EXAMPLE.id,
  agent_id: "bot",
  attached: true,
  roles: ["reader"],
  due_at: "2026-05-19T22:45:15Z",
};

const attachAgent = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/agents",
  group: "Agents",
  summary: "Attach an agent",
  description:
    "It takes part from now on, by its name. It is no process's: it stays until it is detached, is silent for too long, or the session ends. A key made with `--agent` acts as it.",
  access: "direct",
  pathFields: { session_id: sessionId },
  body: {
    agent_id: text("By what name it is judged: visible characters, no quotes."),
    nickname: z
      .string("Pass text.")
      .max(256, "Pass at most 256 characters.")
      .optional()
      .describe("For people."),
    metadata: jsonObject(
      "Facts that conditions may ask for as `identity.metadata.…`. Default {}.",
    ).optional(),
    roles: z
      .array(text("A role."), "Pass a list of roles.")
      .max(64, "Pass at most 64 roles.")
      .optional()
      .describe("The part of the session's roles it has, never more. Default all."),
    kind: oneOf(
      AGENT_KINDS,
      "A gyre coordinates others; a drift acts through its gyre. Default agent.",
    ).optional(),
    gyre: text("Of a drift, and only there: the gyre it acts through, attached already.").optional(),
    capabilities: texts("What it can do; statements may ask for some. Default none.").optional(),
    heartbeat_seconds: seconds(
      "It leaves as disconnected when it is not heard of for this long, up to half as long again. Default: it need not be.",
    ).optional(),
  },
  check: ({ body }) => void checkAttach(optionsOf(body)),
  answer: { status: 201, what: "That it is there.", schema: presence },
  refusals: ["not_found", "conflict", "session_ended"],
  example: {
    path: PATH,
    body: { agent_id: "bot", roles: ["reader"], heartbeat_seconds: 10 },
    answer: BOT,
  },
  async act({ manager, principal, path, body, keyed }) {
    const session = await manager.get(path.session_id);
    const roles = await rolesFor(session, principal, body.roles);
    await session.attachAgent({
      ...optionsOf(body),
      ...(roles !== undefined && { roles }),
      ...(keyed !== null && { idempotencyKey: keyed.key }),
    });
    return { ...(await answerWith(session, body.agent_id)), status: 201 };
  },
});

interface AgentGiven {
  readonly agent_id: string;
  readonly nickname?: string | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly kind?: (typeof AGENT_KINDS)[number] | undefined;
  readonly gyre?: string | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly heartbeat_seconds?: number | undefined;
}

function optionsOf(body: AgentGiven): Omit<AttachOptions<AgentSession>, "setup" | "teardown"> {
  const { agent_id: id, nickname = "", metadata = {}, roles, kind, gyre, capabilities = [] } = body;
  const { heartbeat_seconds: heartbeatSeconds } = body;
  return {
    identity: { id, nickname, metadata },
    ...(roles !== undefined && { roles }),
    ...(kind !== undefined && { kind }),
    ...(gyre !== undefined && { gyre }),
    capabilities,
    ...(heartbeatSeconds !== undefined && { heartbeatSeconds }),
    process: null,
  };
}

/** An agent hands on no role that it has not itself. */
async function rolesFor(
  session: Session,
  { agent }: Principal,
  asked: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  if (agent === undefined) return asked;
  const { agents } = await session.introspect();
  const granted = agents.find(({ agentId }) => agentId === agent.name)?.roles ?? [];
  return inheritedRoles({ granted, subset: asked ?? null });
}

const ofAgent = { session_id: sessionId, agent_id: text("The agent's name.") };

const heartbeatAgent = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/agents/{agent_id}/heartbeat",
  group: "Agents",
  summary: "Say that an agent is still there",
  description:
    "Refused with `not_found` when it is not attached, for instance because it was silent for too long.",
  access: "work",
  pathFields: ofAgent,
  answer: { what: "That it is there.", schema: presence },
  refusals: ["not_found", "session_ended"],
  example: { path: `${PATH}/bot/heartbeat`, body: {}, answer: BOT },
  async act({ manager, path }) {
    const session = await manager.get(path.session_id);
    await session.heartbeatAgent(path.agent_id);
    return await answerWith(session, path.agent_id);
  },
});

const detachAgent = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/agents/{agent_id}/detach",
  group: "Agents",
  summary: "Detach an agent",
  description: "It may do nothing from now on. The drifts of a gyre leave before it.",
  access: "direct",
  pathFields: ofAgent,
  body: { reason: message("Why.").optional() },
  answer: { what: "That it has left.", schema: presence },
  refusals: ["not_found", "session_ended"],
  example: {
    path: `${PATH}/bot/detach`,
    body: { reason: "done" },
    answer: { ...BOT, attached: false, roles: [], due_at: null },
  },
  async act({ manager, path, body: { reason }, keyed }) {
    const session = await manager.get(path.session_id);
    await session.detachAgent(path.agent_id, { ...(reason !== undefined && { reason }), ...keyOf(keyed) });
    return await answerWith(session, path.agent_id);
  },
});

const revokeRole = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/roles/{role_id}/revoke",
  group: "Agents",
  summary: "Take a role from a session",
  description: "The session and all its agents have it no more: the next decision knows, in every process.",
  access: "direct",
  pathFields: { session_id: sessionId, role_id: text("The role.") },
  check: ({ path }) => void checkName(path.role_id, "role_id"),
  answer: {
    what: "That it has it no more.",
    schema: z.strictObject({ session_id: z.string(), role_id: z.string(), revoked: z.literal(true) }),
  },
  refusals: ["not_found", "session_ended"],
  example: {
    path: `/v1/sessions/${EXAMPLE.id}/roles/reader/revoke`,
    body: {},
    answer: { session_id: EXAMPLE.id, role_id: "reader", revoked: true },
  },
  async act({ manager, path }) {
    await (await manager.get(path.session_id)).revokeRole(path.role_id);
    return { status: 200, body: { ...path, revoked: true } };
  },
});

const listAgents = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/agents",
  group: "Agents",
  summary: "Read who is there",
  description: "Who is attached, with which roles, to what; whom the session acts for, and by which policy.",
  pathFields: { session_id: sessionId },
  answer: { what: "Who is there.", schema: introspection },
  refusals: ["not_found"],
  example: { path: PATH },
  async act({ reader, store, path }) {
    const { identity_key: key } = await reader.read(path.session_id, persistedOf);
    // Read, not asked of the manager: asking lets happen what is due.
    const owner = key === null ? identityAggregate.initial() : await readIdentity(store, key as StreamId);
    const told = await reader.read(path.session_id, (session) => introspectionOf({ session, owner }));
    return { status: 200, body: introspectionDocument(told) };
  },
});

async function readIdentity(store: Store, stream: StreamId): Promise<IdentityState> {
  return (await fold({ aggregate: identityAggregate, log: store, stream })).state;
}

function introspectionDocument({
  sessionId: session_id,
  policyKey,
  agents,
  ...told
}: Introspection): JsonObject {
  return {
    session_id,
    ...told,
    policy_key: policyKey,
    agents: agents.map(({ agentId: agent_id, attachedAt, dueAt, ...agent }) => ({
      agent_id,
      ...agent,
      attached_at: isoTime(attachedAt),
      due_at: momentOf(dueAt),
    })),
  };
}

/** Of the agent that was named, and nothing else of who is there. */
async function answerWith(session: Session, agentId: string): Promise<Answer> {
  const { agents } = await session.introspect();
  const agent = agents.find((one) => one.agentId === agentId);
  const { roles = [], dueAt = null } = agent ?? {};
  const { sessionId: session_id } = session;
  const attached = agent !== undefined;
  return {
    status: 200,
    body: { session_id, agent_id: agentId, attached, roles, due_at: momentOf(dueAt) },
  };
}

function momentOf(at: number | null): string | null {
  return at === null ? null : isoTime(Math.round(at));
}

function keyOf(keyed: KeyedRequest | null): { readonly idempotencyKey?: string } {
  return keyed === null ? {} : { idempotencyKey: keyed.key };
}

export const agentEndpoints: readonly Endpoint[] = [
  attachAgent,
  listAgents,
  heartbeatAgent,
  detachAgent,
  revokeRole,
];
