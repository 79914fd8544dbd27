import fc from "fast-check";
import { expect, test } from "vitest";
import { inheritedRoles, negotiateRoles } from "./negotiation.ts";

test("granted is what was asked for, is offered, and is allowed; the rest says why not", () => {
  const roles = {
    requested: ["writer", "reader", "admin", "ghost"],
    offered: ["reader", "writer", "admin"],
    allowed: ["reader", "writer", "ghost"],
  };
  expect(negotiateRoles(roles)).toEqual({
    granted: ["reader", "writer"],
    refused: [
      { roleId: "admin", why: "not_allowed" },
      { roleId: "ghost", why: "not_offered" },
    ],
  });
});

test.each(["requested", "offered", "allowed"])("all roles cannot be %s by a star", (list) => {
  const roles = { requested: ["reader"], offered: ["reader"], allowed: ["reader"] };
  expect(() => negotiateRoles({ ...roles, [list]: ["*"] })).toThrow(new RegExp(`^${list}\\[0\\] is "\\*"`));
});

const roles = fc.uniqueArray(fc.constantFrom<string>("a", "b", "c", "d"));

test("an agent never has a role its session does not have now", () => {
  fc.assert(
    fc.property(roles, roles, fc.option(roles), (granted, later, subset) => {
      const before = inheritedRoles({ granted, subset });
      expect(granted).toEqual(expect.arrayContaining([...before]));
      const kept = granted.filter((role) => later.includes(role));
      expect(inheritedRoles({ granted: kept, subset })).toEqual(before.filter((role) => kept.includes(role)));
    }),
  );
});
