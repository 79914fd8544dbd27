import { afterEach, expect, test, vi } from "vitest";
import { parseIdentity } from "./identity.ts";
import { compilePolicy } from "./policy.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often anything is looked up while one question is decided among `size` statements. */
function lookUps(size: number, resource: string): number {
  const statements = Array.from({ length: size }, (_, index) => ({
    id: `s${index}`,
    roles: [`role${index % 7}`, "reader"],
    effect: "allow",
    actions: ["read", "write"],
    resources: [index % 10 === 0 ? `axis.group${index}.*` : `axis.group${index}.room`],
  }));
  const policy = compilePolicy(statements, { version: 1 });
  const who = parseIdentity({ id: "ada", roles: ["reader", "stranger"] });
  const get = vi.spyOn(Map.prototype, "get");
  const { allow } = policy.evaluate(who, { action: "read", resource, decisionId: "dec_1" });
  const { length } = get.mock.calls;
  get.mockRestore();
  expect(allow).toBe(true);
  return length;
}

test("a question takes as many look-ups among 10,000 statements as among 10", () => {
  for (const resource of ["axis.group0.room", "axis.group7.room"]) {
    expect(lookUps(10_000, resource)).toBe(lookUps(10, resource));
  }
});

test("a long name is given up where no statement goes on", () => {
  const policy = compilePolicy(
    [{ id: "s", roles: ["*"], effect: "allow", actions: ["*"], resources: ["a.b.*"] }],
    { version: 1 },
  );
  const get = vi.spyOn(Map.prototype, "get");
  policy.evaluate(parseIdentity({ id: "ada" }), {
    action: "read",
    resource: "x.".repeat(2_000),
    decisionId: "d",
  });
  expect(get.mock.calls.length).toBeLessThan(5);
});
