// Identities and roles: who can be judged, and what statements grant to.
import { z } from "zod";
import type { JsonObject } from "../../event/json.ts";
import type { StoredIdentity, StoredRole } from "../../session/identities.ts";
import { trustStream } from "../../session/trust-streams.ts";
import { parseIdentity, type Identity } from "../../trust/identity.ts";
import { parseRole } from "../../trust/role.ts";
import { endpoint, type Call, type Endpoint } from "./endpoint.ts";
import { jsonObject, text } from "./fields.ts";
import { identity, role } from "./trust-answers.ts";
import { atVersion, changeOf, expectedVersion, trustReading } from "./trust-reading.ts";

const ADA = {
  identity_id: "ada",
  key: "identity:ada",
  version: 1,
  status: "active",
  nickname: "Ada",
  metadata: { team: "blue" },
  roles: ["reader"],
};
const READER = {
  role_id: "reader",
  key: "role:reader",
  version: 1,
  status: "active",
  description: "Reads what is measured.",
};

const identityId = text("The identity's id: visible characters, no quotes.");
const roleId = text("The role's id: visible characters, no quotes.");
const shown = (describe: string, max: number) =>
  z.string("Pass text.").max(max, `Pass at most ${max} characters.`).describe(describe);

const putIdentity = endpoint({
  method: "post",
  path: "/v1/identities",
  group: "Trust",
  summary: "Put an identity",
  description: "It is what is given from now on, roles too. A removed one is there again.",
  access: "operate",
  body: {
    identity_id: identityId,
    nickname: shown("For people to read. Default empty.", 256).optional(),
    metadata: jsonObject(
      "Facts that conditions may ask for as `identity.metadata.…`. Default {}.",
    ).optional(),
    roles: z.array(roleId, "Pass a list of roles.").max(64).describe("At most 64. Default none.").optional(),
    expected_version: expectedVersion,
  },
  check: ({ body }) => void parseIdentity(identityIn(body)),
  answer: { what: "The identity.", schema: identity },
  refusals: ["conflict"],
  example: {
    path: "/v1/identities",
    body: { identity_id: "ada", nickname: "Ada", metadata: { team: "blue" }, roles: ["reader"] },
    answer: ADA,
  },
  async act(call) {
    const options = changeOf(call, call.body.expected_version);
    return answerWith(await call.manager.identities.put(identityIn(call.body), options));
  },
});

interface IdentityGiven {
  readonly identity_id: string;
  readonly nickname?: string | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly roles?: readonly string[] | undefined;
}

function identityIn({ identity_id: id, nickname = "", metadata = {}, roles = [] }: IdentityGiven): Identity {
  return { id, nickname, metadata, roles };
}

const getIdentity = endpoint({
  method: "get",
  path: "/v1/identities/{identity_id}",
  group: "Trust",
  summary: "Read an identity",
  access: "operate",
  pathFields: { identity_id: identityId },
  query: { version: atVersion },
  answer: { what: "The identity.", schema: identity },
  refusals: ["not_found"],
  example: { path: "/v1/identities/ada", answer: ADA },
  async act({ manager, path, query: { version } }) {
    const { identity_id: id } = path;
    if (version === undefined) return answerWith(await manager.identities.get(id));
    const then = await manager.identities.at(id, version);
    const { nickname, metadata, roles } = then ?? NOBODY;
    const key = trustStream("identity", id);
    return answerWith({ id, key, version, nickname, metadata, roles }, then === null);
  },
});

/** As it stood when it was removed, or not put yet. */
const NOBODY = { nickname: "", metadata: {}, roles: [] };

const grantRole = changeOfRole("grant", "Grant a role", "The next decision that rests on it knows.", {
  ...ADA,
  version: 2,
  roles: ["reader", "writer"],
});

const revokeRole = changeOfRole(
  "revoke",
  "Revoke a role",
  "Sessions that had the role from this identity have it no more: the next decision knows.",
  { ...ADA, version: 3 },
);

function changeOfRole(verb: "grant" | "revoke", summary: string, description: string, told: typeof ADA) {
  return endpoint({
    method: "post",
    path: `/v1/identities/{identity_id}/${verb}`,
    group: "Trust",
    summary,
    description,
    access: "operate",
    pathFields: { identity_id: identityId },
    body: { role_id: roleId, expected_version: expectedVersion },
    check({ path, body }) {
      trustStream("identity", path.identity_id);
      trustStream("role", body.role_id);
    },
    answer: { what: "The identity.", schema: identity },
    refusals: ["not_found", "conflict"],
    example: { path: `/v1/identities/ada/${verb}`, body: { role_id: "writer" }, answer: told },
    async act(call) {
      const { manager, path, body } = call;
      const options = changeOf(call, body.expected_version);
      const change = verb === "grant" ? "grantRole" : "revokeRole";
      return answerWith(await manager.identities[change](path.identity_id, body.role_id, options));
    },
  });
}

const removeIdentity = endpoint({
  method: "post",
  path: "/v1/identities/{identity_id}/remove",
  group: "Trust",
  summary: "Remove an identity",
  description: "It may do nothing from then on, nor may what acts for it; its history stays.",
  access: "operate",
  pathFields: { identity_id: identityId },
  body: { expected_version: expectedVersion },
  check: ({ path }) => void trustStream("identity", path.identity_id),
  answer: {
    what: "That it is gone.",
    schema: z.strictObject({ identity_id: z.string(), status: z.literal("removed") }),
  },
  refusals: ["not_found", "conflict"],
  example: {
    path: "/v1/identities/ada/remove",
    body: {},
    answer: { identity_id: "ada", status: "removed" },
  },
  async act(call) {
    const { identity_id } = call.path;
    await call.manager.identities.remove(identity_id, changeOf(call, call.body.expected_version));
    return { status: 200, body: { identity_id, status: "removed" } };
  },
});

function answerWith(
  { id, key, version, nickname, metadata, roles }: Omit<StoredIdentity, "at">,
  isRemoved = false,
) {
  const status = isRemoved ? "removed" : "active";
  return { status: 200, body: { identity_id: id, key, version, status, nickname, metadata, roles } } as const;
}

const putRole = endpoint({
  method: "post",
  path: "/v1/roles",
  group: "Trust",
  summary: "Put a role",
  description: "Only roles that are put, and not retired, can be had. A retired one is offered again.",
  access: "operate",
  body: { role_id: roleId, description: shown("For people to read. Default empty.", 1_024).optional() },
  check: ({ body }) => void parseRole({ id: body.role_id, description: body.description ?? "" }),
  answer: { what: "The role.", schema: role },
  refusals: ["conflict"],
  example: {
    path: "/v1/roles",
    body: { role_id: "reader", description: "Reads what is measured." },
    answer: READER,
  },
  async act(call) {
    const { role_id: id, description = "" } = call.body;
    return roleAnswer(await call.manager.roles.put({ id, description }, changeOf(call)));
  },
});

const ofRole = { role_id: roleId };

const getRole = endpoint({
  method: "get",
  path: "/v1/roles/{role_id}",
  group: "Trust",
  summary: "Read a role",
  access: "operate",
  pathFields: ofRole,
  answer: { what: "The role.", schema: role },
  refusals: ["not_found"],
  example: { path: "/v1/roles/reader", answer: READER },
  act: async ({ manager, path }) => roleAnswer(await manager.roles.get(path.role_id)),
});

const retireRole = endpoint({
  method: "post",
  path: "/v1/roles/{role_id}/retire",
  group: "Trust",
  summary: "Retire a role",
  description: "It is not given any more; who has it keeps it until it is revoked.",
  access: "operate",
  pathFields: ofRole,
  check: ({ path }) => void trustStream("role", path.role_id),
  answer: { what: "The role.", schema: role },
  refusals: ["not_found"],
  example: {
    path: "/v1/roles/reader/retire",
    body: {},
    answer: { ...READER, version: 2, status: "retired" },
  },
  act: async (call: Call<{ readonly role_id: string }, object, object>) =>
    roleAnswer(await call.manager.roles.retire(call.path.role_id, changeOf(call))),
});

function roleAnswer({ id, key, version, isRetired, description }: StoredRole) {
  const status = isRetired ? "retired" : "active";
  return { status: 200, body: { role_id: id, key, version, status, description } } as const;
}

export const identityEndpoints: readonly Endpoint[] = [
  putIdentity,
  getIdentity,
  grantRole,
  revokeRole,
  removeIdentity,
  ...trustReading({
    one: "identity",
    many: "identities",
    id: "ada",
    of: ({ identities }) => identities,
  }),
  putRole,
  getRole,
  retireRole,
  ...trustReading({ one: "role", many: "roles", id: "reader", of: ({ roles }) => roles }),
];
