// Policies: who may do what, as versioned statements.
import { z } from "zod";
import { policyStream, type StoredPolicy } from "../../session/policies.ts";
import { parseStatement, parseStatements } from "../../trust/statement.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { jsonObject, text } from "./fields.ts";
import { policy } from "./trust-answers.ts";
import { atVersion, changeOf, expectedVersion, trustReading } from "./trust-reading.ts";

const STATEMENT = {
  id: "read-axes",
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: ["axis.*"],
};
const EXAMPLE = {
  policy_id: "house",
  key: "policy:house",
  version: 1,
  statements: [{ ...STATEMENT, condition: {}, delivery: {}, cost: 0, capabilities: [] }],
};
const REFUSALS = ["conflict"] as const;

const policyId = text("The policy's id: visible characters, no quotes.");
const statement = jsonObject(
  "`id`, `roles`, `effect` (allow or deny), `actions`, `resources`; and `condition`, `delivery`, `cost`, `capabilities`.",
);

const putPolicy = endpoint({
  method: "post",
  path: "/v1/policies",
  group: "Trust",
  summary: "Put a policy",
  description:
    "These are all its statements from now on: the next decision of every process knows. A change that is not sound is refused whole. More than fit into one body are put one by one.",
  access: "operate",
  body: {
    policy_id: policyId,
    statements: z.array(statement, "Pass a list of statements.").describe("All of them; none denies all."),
    expected_version: expectedVersion,
  },
  check({ body }) {
    policyStream(body.policy_id);
    parseStatements(body.statements);
  },
  answer: { what: "The policy.", schema: policy },
  refusals: REFUSALS,
  example: {
    path: "/v1/policies",
    body: { policy_id: "house", statements: [STATEMENT] },
    answer: EXAMPLE,
  },
  async act(call) {
    const { policy_id, statements, expected_version } = call.body;
    const options = changeOf(call, expected_version);
    return answerWith(await call.manager.policies.put(policy_id, statements, options));
  },
});

const getPolicy = endpoint({
  method: "get",
  path: "/v1/policies/{policy_id}",
  group: "Trust",
  summary: "Read a policy",
  access: "operate",
  pathFields: { policy_id: policyId },
  query: { version: atVersion },
  answer: { what: "The policy.", schema: policy },
  refusals: ["not_found"],
  example: { path: "/v1/policies/house?version=1", answer: EXAMPLE },
  async act({ manager, path, query }) {
    const stored = await manager.policies.get(path.policy_id);
    if (query.version === undefined) return answerWith(stored);
    const { version, statements } = await stored.at(query.version);
    return answerWith({ id: stored.id, key: stored.key, version, statements });
  },
});

const putStatement = endpoint({
  method: "post",
  path: "/v1/policies/{policy_id}/statements",
  group: "Trust",
  summary: "Put a statement",
  description: "Adds it to the policy, or puts it in the place of the one with its id.",
  access: "operate",
  pathFields: { policy_id: policyId },
  body: { statement, expected_version: expectedVersion },
  check({ path, body }) {
    policyStream(path.policy_id);
    parseStatement(body.statement);
  },
  answer: { what: "The policy.", schema: policy },
  refusals: REFUSALS,
  example: { path: "/v1/policies/house/statements", body: { statement: STATEMENT }, answer: EXAMPLE },
  async act(call) {
    const options = changeOf(call, call.body.expected_version);
    const { policy_id } = call.path;
    return answerWith(await call.manager.policies.putStatement(policy_id, call.body.statement, options));
  },
});

const removeStatement = endpoint({
  method: "post",
  path: "/v1/policies/{policy_id}/statements/{statement_id}/remove",
  group: "Trust",
  summary: "Remove a statement",
  access: "operate",
  pathFields: { policy_id: policyId, statement_id: text("The statement's id.") },
  body: { expected_version: expectedVersion },
  check: ({ path }) => void policyStream(path.policy_id),
  answer: { what: "The policy without it.", schema: policy },
  refusals: ["not_found", ...REFUSALS],
  example: {
    path: "/v1/policies/house/statements/read-axes/remove",
    body: {},
    answer: { ...EXAMPLE, version: 2, statements: [] },
  },
  async act(call) {
    const options = changeOf(call, call.body.expected_version);
    const { policy_id, statement_id } = call.path;
    return answerWith(await call.manager.policies.removeStatement(policy_id, statement_id, options));
  },
});

function answerWith({
  id,
  key,
  version,
  statements,
}: Pick<StoredPolicy, "id" | "key" | "version" | "statements">) {
  return { status: 200, body: { policy_id: id, key, version, statements } } as const;
}

const reading = trustReading({
  one: "policy",
  many: "policies",
  id: "house",
  of: ({ policies }) => policies,
});

export const policyEndpoints: readonly Endpoint[] = [
  putPolicy,
  getPolicy,
  putStatement,
  removeStatement,
  ...reading,
];
