import { expect, test } from "vitest";
import { parseIdentity } from "./identity.ts";
import { ATTACHED_ROLE, ownerPolicy, sessionResource, TASK_ACTIONS, taskResource } from "./owner-policy.ts";

const policy = ownerPolicy({ sessionId: "sess_1", startedBy: "ada" });
const ada = parseIdentity({ id: "ada" });
const agent = parseIdentity({ id: "bot", roles: [ATTACHED_ROLE] });
const given = { id: taskResource("sess_1", "compile *.c"), attributes: { given_to_asker: true } };

test("who started the session may do all with it, and nothing with another", () => {
  expect(policy.evaluate(ada, { action: "end", resource: sessionResource("sess_1") }).allow).toBe(true);
  expect(policy.evaluate(ada, { action: "anything", resource: given.id }).allow).toBe(true);
  expect(policy.evaluate(ada, { action: "read", resource: sessionResource("sess_10") }).allow).toBe(false);
});

test.each(TASK_ACTIONS)("an attached agent may %s a task given to it", (action) => {
  expect(policy.evaluate(agent, { action, resource: given })).toMatchObject({
    allow: true,
    reasons: ["attached-agent"],
  });
});

test("an attached agent may do nothing else", () => {
  const other = { ...given, attributes: { given_to_asker: false } };
  const asked = [
    { action: "read", resource: other },
    { action: "read", resource: given.id },
    { action: "delete", resource: given },
    { action: "read", resource: sessionResource("sess_1") },
    { action: "end", resource: sessionResource("sess_1") },
    { action: "read", resource: { ...given, id: taskResource("sess_2", "t1") } },
  ];
  for (const request of asked)
    expect(policy.evaluate(agent, request)).toMatchObject({ allow: false, reasons: [] });
});

test("nobody else may do anything, whatever they call themselves", () => {
  for (const id of ["Ada", "ada2", "аda", "owner"]) {
    const who = parseIdentity({ id, nickname: "ada", roles: ["owner", "admin"], metadata: { id: "ada" } });
    expect(policy.evaluate(who, { action: "read", resource: given }).allow).toBe(false);
  }
});

test("another session's resource looks like one that does not exist", () => {
  const [other, none] = ["sess_2", "sess_none"].map((id) =>
    policy.evaluate(ada, { action: "read", resource: sessionResource(id), decisionId: "d" }),
  );
  expect(other).toEqual(none);
});
