// What /v1 answers about the agents of a session and what was decided in it, as schemas with names.
import { z } from "zod";
import { AGENT_KINDS } from "../../session/agent-kind.ts";
import { anyObject, at, named } from "./answers.ts";

const due = at
  .nullable()
  .describe("When it counts as disconnected unless it is heard of; null when it need not be.");
const roles = z.array(z.string());

export const presence = named(
  "AgentPresence",
  z.strictObject({
    session_id: z.string(),
    agent_id: z.string(),
    attached: z.boolean(),
    roles: roles.describe("Those it is judged by now, beside `attached`."),
    due_at: due,
  }),
);

export const introspection = named(
  "Introspection",
  z.strictObject({
    session_id: z.string(),
    status: z.enum(["open", "ended"]),
    identity: z.string().nullable().describe("Whom the session acts for; null for nobody."),
    policy_key: z.string().nullable(),
    roles: roles.describe("Those negotiated, less those revoked."),
    agents: z
      .array(
        z.strictObject({
          agent_id: z.string(),
          nickname: z.string(),
          metadata: anyObject,
          kind: z.enum(AGENT_KINDS),
          gyre: z.string().nullable().describe("Of a drift: whom it acts through."),
          roles: roles.describe("Those it is judged by now, beside `attached`."),
          capabilities: z.array(z.string()),
          tasks: z.array(z.string()).describe("The tasks given to it that have not ended."),
          attached_at: at,
          due_at: due,
        }),
      )
      .describe("In the order they were attached."),
  }),
);

const reasons = z.array(z.string()).describe("The ids of the statements that decided.");
const errors = z
  .array(z.strictObject({ statement_id: z.string().nullable(), what: z.string() }))
  .describe("What denied by itself.");
const obligations = z
  .array(anyObject)
  .describe("What must be done about it: `kind` and `value`, `field` and `mask`, or `name`.");
const decided = {
  decision_id: z.string(),
  allow: z.boolean(),
  reasons,
  errors,
  obligations,
  policy_version: z.int(),
};

export const decision = named("Decision", z.strictObject(decided));

const recordedDecision = named(
  "RecordedDecision",
  z.strictObject({
    seq: z.int(),
    at,
    ...decided,
    policy_key: z.string().nullable(),
    identity_key: z.string().nullable(),
    agent_id: z.string().describe("Who asked."),
    action: z.string(),
    resource: z.string(),
    asked: z
      .strictObject({
        attachment_id: z.string().nullable(),
        identity_version: z.int(),
        roles,
        facts: z.strictObject({ context: anyObject, attributes: anyObject }).optional(),
      })
      .optional()
      .describe("What the policy was asked about; left out when none was asked, which denies under any."),
  }),
);

export const decisionList = named(
  "DecisionList",
  z.strictObject({
    decisions: z.array(recordedDecision),
    next_after_seq: z
      .int()
      .nullable()
      .describe("The `after_seq` of the page that follows; null when there was no more."),
  }),
);

export const decisionReplay = named(
  "DecisionReplay",
  z.strictObject({
    total: z.int(),
    same: z.int(),
    unasked: z
      .int()
      .describe("How many no policy was asked about: they are denied under any, and among the same."),
    lost: z.int().describe("How many could not be asked again."),
    differences: z.array(
      z.strictObject({
        kind: z.enum(["now_allowed", "now_denied", "other_terms", "other_reasons"]),
        principal: z
          .strictObject({ id: z.string(), nickname: z.string(), metadata: anyObject, roles })
          .describe("Who was judged, as it stood then."),
        action: z.string(),
        resource: z.strictObject({ id: z.string(), attributes: anyObject }),
        context: anyObject,
        recorded: decision,
        replayed: decision.describe("Under the recorded decision's id."),
      }),
    ),
  }),
);
