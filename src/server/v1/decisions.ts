// Who may do what in a session: asked, read as it was recorded, and asked again under another policy.
import { z } from "zod";
import type { JsonObject } from "../../event/json.ts";
import { eventPage } from "../../session/event-page.ts";
import { invalid } from "../../session/input.ts";
import { policyStream } from "../../session/policies.ts";
import { decisionsOf } from "../../session/stream.ts";
import type { SessionReplay } from "../../session/replay.ts";
import { isoTime } from "../../tile/session-tiles.ts";
import type { Decision } from "../../trust/decision.ts";
import { compilePolicy, type Policy } from "../../trust/policy.ts";
import { decision, decisionList, decisionReplay } from "./agent-answers.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { EXAMPLE } from "./examples.ts";
import { afterSeq, jsonObject, limit, sessionId, text } from "./fields.ts";

const PATH = `/v1/sessions/${EXAMPLE.id}`;
const ALLOWED = {
  decision_id: "dec_5b1fbb8d2a0e1c6f4a7d9c3e8b2f6a1d",
  allow: true,
  reasons: ["read-axes"],
  errors: [],
  obligations: [],
  policy_version: 1,
};

const RESOURCE_TODO =
  "Pass a resource's name of 1 to 4,096 characters, or an object with `id` and `attributes`.";
const resourceName = z.string(RESOURCE_TODO).min(1, RESOURCE_TODO).max(4_096, RESOURCE_TODO);

const decide = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/decide",
  group: "Agents",
  summary: "Ask whether an agent may",
  description:
    "The session's policy decides, and the decision is recorded, as `session.can` has it. What cannot be judged or confirmed is denied, and `errors` says why. Carry out the obligations of what is allowed. A repeat is decided anew, whatever its key: what was allowed then may be denied now.",
  access: "work",
  isAnew: true,
  pathFields: { session_id: sessionId },
  body: {
    agent_id: text("Who asks, by name."),
    action: text("What it wants to do."),
    resource: z
      .union(
        [
          resourceName,
          z.strictObject({ id: resourceName, attributes: jsonObject("Facts about it.").optional() }),
        ],
        RESOURCE_TODO,
      )
      .describe(
        "With what: its name, or an object with its `id` and the `attributes` that conditions ask for.",
      ),
    context: jsonObject("Facts of the moment, for conditions. `now` is the server's. Default {}.").optional(),
  },
  answer: { what: "The decision, also when it is a deny.", schema: decision },
  refusals: ["not_found"],
  example: {
    path: `${PATH}/decide`,
    body: { agent_id: "bot", action: "read", resource: "axis.temperature" },
    answer: ALLOWED,
  },
  async act({ manager, path, body: { agent_id, action, resource, context } }) {
    const session = await manager.get(path.session_id);
    const asked = typeof resource === "string" ? resource : withAttributes(resource);
    return { status: 200, body: decisionDocument(await session.can(agent_id, action, asked, context)) };
  },
});

function withAttributes({
  id,
  attributes = {},
}: {
  readonly id: string;
  readonly attributes?: JsonObject | undefined;
}) {
  return { id, attributes };
}

function decisionDocument(made: Decision): JsonObject {
  return {
    decision_id: made.decisionId,
    allow: made.allow,
    reasons: made.reasons,
    errors: made.errors.map(({ statementId, what }) => ({ statement_id: statementId, what })),
    obligations: made.obligations.map((one) => ({ ...one })),
    policy_version: made.policyVersion,
  };
}

const listDecisions = endpoint({
  method: "get",
  path: "/v1/sessions/{session_id}/decisions",
  group: "Agents",
  summary: "List decisions, in order",
  description: "Each deny, and allows as `record_allows` says. Never what was asked for.",
  pathFields: { session_id: sessionId },
  query: { after_seq: afterSeq, limit: limit(100) },
  answer: { what: "A page of decisions.", schema: decisionList },
  refusals: ["not_found", "pruned"],
  example: { path: `${PATH}/decisions?limit=20` },
  async act({ store, path, query: { after_seq, limit: count } }) {
    const stream = decisionsOf(path.session_id);
    const page = await eventPage(store, { stream, afterSeq: after_seq, limit: count });
    const decisions = page.map(({ event: { seq, at, data } }) => ({ ...data, seq, at: isoTime(at) }));
    const next = page.length < count ? null : (page.at(-1)?.event.seq ?? null);
    return { status: 200, body: { decisions, next_after_seq: next } };
  },
});

const replayDecisions = endpoint({
  method: "post",
  path: "/v1/sessions/{session_id}/decisions/replay",
  group: "Agents",
  summary: "Ask what another policy would have decided",
  description:
    "The recorded decisions are asked again, each as of whom it was asked then. Changes nothing. Pass `policy` or `statements`.",
  access: "direct",
  isAnew: true,
  pathFields: { session_id: sessionId },
  body: {
    policy: text("The id of a policy of the store.").optional(),
    statements: z
      .array(jsonObject("A statement."), "Pass a list of statements.")
      .optional()
      .describe("The policy itself, as POST /v1/policies takes it."),
  },
  check: ({ body }) => void policyIn(body),
  answer: { what: "What would be otherwise: the first 1,000, and how many in all.", schema: decisionReplay },
  refusals: ["not_found"],
  example: { path: `${PATH}/decisions/replay`, body: { statements: [] } },
  async act({ manager, path, body }) {
    const session = await manager.get(path.session_id);
    return { status: 200, body: replayDocument(await session.replayDecisions({ policy: policyIn(body) })) };
  },
});

interface PolicyNamed {
  readonly policy?: string | undefined;
  readonly statements?: readonly JsonObject[] | undefined;
}

/** An id, or a policy that nobody has put. Throws `invalid_argument`. */
function policyIn({ policy, statements }: PolicyNamed): string | Policy {
  if ((policy === undefined) === (statements === undefined))
    throw invalid("policy", policy, "Pass the id of a policy, or statements.");
  if (policy === undefined) return compilePolicy(statements, { version: 0 });
  policyStream(policy);
  return policy;
}

const DIFFERENCES_MAX = 1_000;

function replayDocument({ total, same, unasked, lost, differences }: SessionReplay): JsonObject {
  const shown = differences.slice(0, DIFFERENCES_MAX).map(({ kind, recorded, replayed }) => {
    const { principal, request } = recorded;
    const { action, resource, context = {} } = request;
    const { id, attributes = {} } = typeof resource === "string" ? { id: resource } : resource;
    return {
      kind,
      principal: { ...principal },
      action,
      resource: { id, attributes },
      context,
      recorded: decisionDocument(recorded.decision),
      replayed: decisionDocument(replayed),
    };
  });
  return { total, same, unasked, lost, differences: shown };
}

export const decisionEndpoints: readonly Endpoint[] = [decide, listDecisions, replayDecisions];
