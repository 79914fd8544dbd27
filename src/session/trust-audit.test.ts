import { expect, test } from "vitest";
import { testManager } from "../testing/test-manager.ts";
import { refusalOf } from "../testing/test-trust.ts";

test("who changed an identity, a role and a policy, and how, is read from their streams", async () => {
  const { manager, clock } = testManager();
  const { identities, roles, policies } = manager;
  await roles.put({ id: "reader" }, { by: "grace" });
  await identities.put({ id: "ada", roles: ["reader"] });
  await clock.advance(1_000);
  await identities.revokeRole("ada", "reader", { by: "grace" });
  await identities.revokeRole("ada", "reader", { by: "grace" }); // changes nothing
  await identities.remove("ada");
  const audit = await identities.audit("ada");
  expect(audit.map(({ version, by, type }) => [version, by, type])).toEqual([
    [1, "operator", "identity_put"],
    [2, "grace", "role_revoked"],
    [3, "operator", "identity_removed"],
  ]);
  expect(audit[1]).toMatchObject({ at: clock.now(), fields: { role_id: "reader" } });
  expect(await roles.audit("reader")).toMatchObject([{ by: "grace", type: "role_put" }]);
  for (const none of [identities.audit("none"), roles.audit("none"), policies.audit("none")])
    expect((await refusalOf(none)).code).toBe("not_found");
});

test("a policy's version is told whole, in however many parts it was written", async () => {
  const { manager } = testManager();
  const statements = Array.from({ length: 400 }, (_, index) => ({
    id: `s${index}`,
    roles: ["reader"],
    effect: "allow",
    actions: ["read"],
    resources: [`axis.${"x".repeat(100)}${index}`],
  }));
  await manager.policies.put("house", statements);
  await manager.policies.removeStatement("house", "s7");
  const [first, second] = await manager.policies.audit("house");
  expect(first?.fields["put"]).toHaveLength(400);
  expect(first?.fields["removed"]).toEqual([]);
  expect(second).toMatchObject({ version: 2, type: "policy_changed", fields: { put: [], removed: ["s7"] } });
});
