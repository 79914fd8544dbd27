// What /v1 answers about policies, identities and roles, as schemas with names.
import { z } from "zod";
import { anyObject, at, named, nextPage } from "./answers.ts";

const version = z.int().min(0).describe("1 for the first.");
const key = z.string().describe("Its stream, as a session's `policy_key` and `identity_key` name it.");
const status = z.enum(["active", "removed", "retired"]);

export const policy = named(
  "Policy",
  z.strictObject({
    policy_id: z.string(),
    key,
    version,
    statements: z.array(anyObject).describe("In the order of their ids."),
  }),
);

export const identity = named(
  "Identity",
  z.strictObject({
    identity_id: z.string(),
    key,
    version,
    status: status.exclude(["retired"]).describe("A removed one may do nothing, nor what acts for it."),
    nickname: z.string(),
    metadata: anyObject,
    roles: z.array(z.string()),
  }),
);

export const role = named(
  "Role",
  z.strictObject({
    role_id: z.string(),
    key,
    version,
    status: status.exclude(["removed"]).describe("A retired one is not given any more."),
    description: z.string(),
  }),
);

export const trustList = named(
  "TrustList",
  z.strictObject({
    items: z.array(z.strictObject({ id: z.string(), key, version, status, created_at: at })),
    next_page_token: nextPage,
  }),
);

export const trustAudit = named(
  "TrustAudit",
  z.strictObject({
    changes: z.array(
      z.strictObject({
        version,
        at,
        by: z
          .string()
          .nullable()
          .describe("The name of the key it was changed with, or who the program says."),
        type: z.string().describe("`policy_changed`, `identity_put`, `role_granted`, …"),
        fields: anyObject.describe("What the change says, as it is stored."),
      }),
    ),
    next_after_version: z
      .int()
      .nullable()
      .describe("The `after_version` of the page that follows; null when there is none."),
  }),
);
