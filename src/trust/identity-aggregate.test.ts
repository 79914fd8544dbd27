import { expect, test } from "vitest";
import { given } from "../testing/given.ts";
import { identityAggregate, identityAt } from "./identity-aggregate.ts";
import { roleAggregate } from "./role-aggregate.ts";

const PUT = {
  type: "put_identity",
  identity: { id: "ada", nickname: "Ada", roles: ["reader"] },
  by: "root",
} as const;
const grant = (roleId: string) => ({ type: "grant_role", roleId, by: "root" }) as const;
const revoke = (roleId: string) => ({ type: "revoke_role", roleId, by: "root" }) as const;

test("an identity is put, and its roles granted and revoked, a version each", () => {
  const { state } = given(identityAggregate)
    .having(PUT, grant("writer"))
    .when(revoke("reader"))
    .yields("role_revoked");
  expect(state).toMatchObject({ version: 3, identity: { id: "ada", roles: ["writer"] } });
});

test("a role that is held already is not granted again, nor one revoked that is not held", () => {
  given(identityAggregate).having(PUT).when(grant("reader")).yields();
  given(identityAggregate).having(PUT).when(revoke("writer")).yields();
  given(identityAggregate).having(PUT).when(PUT).yields();
});

test("a change that is invalid is refused whole", () => {
  given(identityAggregate)
    .having(PUT)
    .when(grant("*"))
    .refused("invalid_argument", /^roleId is "\*"/);
  const bad = { ...PUT, identity: { id: "ada", nickname: "Eve", roles: ["a", "\0"] } };
  const { state } = given(identityAggregate)
    .having(PUT)
    .when(bad)
    .refused("invalid_argument", /roles\[1\]/);
  expect(state.identity?.nickname).toBe("Ada");
});

test("an identity holds at most 64 roles", () => {
  const roles = Array.from({ length: 64 }, (_, index) => `r${index}`);
  given(identityAggregate)
    .having({ ...PUT, identity: { id: "ada", roles } })
    .when(grant("more"))
    .refused("invalid_argument", /identity\.roles/);
});

test("a stream stays one identity's, also when it was removed", () => {
  const scenario = given(identityAggregate).having(PUT, { type: "remove_identity", by: "root" });
  scenario.when({ ...PUT, identity: { id: "eve" } }).refused("invalid_argument", /"eve"/);
  scenario.when(grant("writer")).refused("not_found");
  expect(scenario.when(PUT).yields("identity_put").state.identity?.roles).toEqual(["reader"]);
});

test("a change for another version is refused", () => {
  given(identityAggregate)
    .having(PUT)
    .when({ ...grant("writer"), expectedVersion: 0 })
    .refused("conflict");
});

test("every version can be had again", () => {
  const scenario = given(identityAggregate);
  const steps = [PUT, grant("writer"), { type: "remove_identity", by: "root" } as const];
  const events = steps.flatMap((step) => scenario.when(step).events);
  expect([0, 1, 2, 3].map((version) => identityAt(events, version)?.roles ?? null)).toEqual([
    null,
    ["reader"],
    ["reader", "writer"],
    null,
  ]);
  expect(() => identityAt(events, 4)).toThrow(/no version 4/);
});

test("a role is put, retired and put again", () => {
  const put = { type: "put_role", role: { id: "reader", description: "Reads." }, by: "root" } as const;
  const scenario = given(roleAggregate);
  scenario.when({ type: "retire_role", by: "root" }).refused("not_found");
  scenario.when(put).yields("role_put");
  scenario.when(put).yields();
  expect(scenario.when({ type: "retire_role", by: "root" }).yields("role_retired").state.isRetired).toBe(
    true,
  );
  expect(scenario.when(put).yields("role_put").state).toMatchObject({ version: 3, isRetired: false });
  scenario.when({ ...put, role: { id: "writer" } }).refused("invalid_argument", /"writer"/);
});
