import { expect, test } from "vitest";
import type { PolicyRequest } from "./decision.ts";
import { parseIdentity } from "./identity.ts";
import { compilePolicy, type Policy } from "./policy.ts";
import { replayDecisions, type RecordedDecision } from "./replay.ts";

const WHO = parseIdentity({ id: "ada", roles: ["reader"] });
const ALLOW = { id: "read", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["axis.*"] };
const policy = (...statements: readonly object[]): Policy =>
  compilePolicy(statements, { version: statements.length });

const REQUESTS: readonly PolicyRequest[] = [
  { action: "read", resource: "axis.a", context: { now: 0 } },
  { action: "read", resource: "axis.b" },
  { action: "write", resource: "axis.a" },
];

/** As they are read back from a store. */
function record(made: Policy): readonly RecordedDecision[] {
  const all = REQUESTS.map((request) => ({ principal: WHO, request, decision: made.evaluate(WHO, request) }));
  return JSON.parse(JSON.stringify(all)) as readonly RecordedDecision[];
}

test("the same policy decides as it did, under the same ids", () => {
  expect(replayDecisions(record(policy(ALLOW)), policy(ALLOW))).toEqual({
    total: 3,
    same: 3,
    differences: [],
  });
});

test.each([
  ["allows more", [ALLOW, { ...ALLOW, id: "write", actions: ["write"] }], ["now_allowed"]],
  ["denies one", [ALLOW, { ...ALLOW, id: "not-b", effect: "deny", resources: ["axis.b"] }], ["now_denied"]],
  ["allows on other terms", [{ ...ALLOW, cost: 5 }], ["other_terms", "other_terms"]],
  ["decides by other statements", [{ ...ALLOW, id: "read-2" }], ["other_reasons", "other_reasons"]],
])("a policy that %s is told by its differences", (_, statements, kinds) => {
  const { total, same, differences } = replayDecisions(record(policy(ALLOW)), policy(...statements));
  expect(differences.map(({ kind }) => kind)).toEqual(kinds);
  expect(same).toBe(total - kinds.length);
  for (const { recorded, replayed } of differences)
    expect(replayed.decisionId).toBe(recorded.decision.decisionId);
});
