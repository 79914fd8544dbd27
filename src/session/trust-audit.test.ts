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

test("what was put is listed, the newest first, page by page, with what became of it", async () => {
  const { manager, clock } = testManager();
  const { identities, roles, policies } = manager;
  for (const id of ["reader", "writer"]) await roles.put({ id });
  await roles.retire("writer");
  await identities.put({ id: "ada" });
  await clock.advance(1_000);
  await identities.put({ id: "bob" });
  await identities.remove("ada");
  await policies.put("house", []);
  const first = await identities.list({ limit: 1 });
  expect(first.items).toMatchObject([{ id: "bob", key: "identity:bob", version: 1, createdAt: clock.now() }]);
  const second = await identities.list({ limit: 1, after: first.next ?? "" });
  expect(second.items).toMatchObject([{ id: "ada", version: 2, status: "removed" }]);
  const both = (await roles.list()).items.map(({ id, status }) => `${id} ${status}`);
  expect(both.toSorted()).toEqual(["reader active", "writer retired"]);
  expect((await policies.list()).items).toMatchObject([{ id: "house", status: "active" }]);
  expect((await refusalOf(policies.list({ limit: 0 }))).code).toBe("invalid_argument");
});

test("a change under a key is made once, whatever others change meanwhile", async () => {
  const { manager } = testManager();
  const { identities, roles, policies } = manager;
  const key = { idempotencyKey: "k" };
  const reading = { id: "r", roles: ["*"], effect: "allow", actions: ["read"], resources: ["*"] };
  await policies.put("house", [reading], key);
  await policies.removeStatement("house", "r");
  expect((await policies.put("house", [reading], key)).statements).toEqual([]);
  await identities.put({ id: "ada" });
  await identities.grantRole("ada", "reader", key);
  await identities.revokeRole("ada", "reader");
  expect((await identities.grantRole("ada", "reader", key)).roles).toEqual([]);
  await roles.put({ id: "reader" }, key);
  await roles.retire("reader");
  expect((await roles.put({ id: "reader" }, key)).isRetired).toBe(true);
  for (let times = 0; times < 2; times++) await identities.remove("ada", { idempotencyKey: "gone" });
  expect((await refusalOf(identities.remove("ada"))).code).toBe("not_found");
});
