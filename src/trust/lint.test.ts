import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coversResource } from "./coverage.ts";
import { explainDecision } from "./explain.ts";
import { parseIdentity } from "./identity.ts";
import { lintPolicy } from "./lint.ts";
import { compilePolicy } from "./policy.ts";
import { parseStatements } from "./statement.ts";

const wide = { roles: ["*"], actions: ["*"], resources: ["*"] };

const someOf = (...words: string[]) => fc.subarray(words, { minLength: 1 });

function kinds(...statements: object[]): readonly string[] {
  return lintPolicy(parseStatements(statements)).map(
    ({ kind, statementId, byId }) => `${statementId} ${kind}${byId === null ? "" : ` by ${byId}`}`,
  );
}

describe("lint finds", () => {
  test.each([
    [{ gt: 3, lt: 3 }],
    [{ gte: 3, lt: 3 }],
    [{ between: [1, 2], gt: 2 }],
    [{ in: ["a"], not: "a" }],
    [{ in: [5, 6], lt: 5 }],
    [{ in: ["text"], gt: 1 }],
  ])("an allow whose condition holds for nothing: %j", (operators) => {
    const allow = { id: "a", ...wide, effect: "allow", condition: { "context.n": operators } };
    expect(kinds(allow)).toEqual(["a unreachable"]);
    // Where the attribute is missing, a deny still denies.
    expect(kinds({ ...allow, effect: "deny" })).toEqual([]);
  });

  test.each([
    [{ gte: 3, lte: 3 }],
    [{ in: ["a", "b"], not: "a" }],
    [{ between: [1, 2], lt: 2 }],
    [{ exists: false }],
  ])("nothing in a condition that can hold: %j", (operators) => {
    expect(kinds({ id: "a", ...wide, effect: "allow", condition: { "context.n": operators } })).toEqual([]);
  });

  test("an allow that a wider deny takes all effect from, and not one that it takes a part from", () => {
    const allow = { id: "a", roles: ["r"], actions: ["read"], resources: ["x.y"], effect: "allow" };
    const deny = { id: "d", roles: ["*"], actions: ["read"], resources: ["x.*"], effect: "deny" };
    expect(kinds(allow, deny)).toEqual(["a shadowed by d"]);
    expect(kinds({ ...allow, resources: ["x.y", "z"] }, deny)).toEqual([]);
    expect(kinds(allow, { ...deny, roles: ["other"] })).toEqual([]);
    expect(kinds(allow, { ...deny, condition: { "context.locked": true } })).toEqual([]);
  });

  test("an allow and a deny of the same, under the same condition", () => {
    const condition = { "context.region": "eu" };
    const both = { roles: ["r"], actions: ["read"], resources: ["x"], condition };
    const allow = { id: "a", ...both, effect: "allow" };
    expect(kinds(allow, { id: "d", ...both, effect: "deny" })).toEqual(["a contradictory by d"]);
    expect(kinds(allow, { id: "d", ...both, effect: "deny", condition: { "context.region": "us" } })).toEqual(
      [],
    );
  });

  test("of two that say the same the later one, and not an allow with terms of its own", () => {
    const one = { id: "one", roles: ["r"], actions: ["read"], resources: ["x.*"], effect: "allow" };
    expect(kinds(one, { ...one, id: "two" })).toEqual(["two shadowed by one"]);
    expect(kinds(one, { ...one, id: "two", resources: ["x.y"], cost: 5 })).toEqual([]);
    expect(kinds(one, { ...one, id: "two", cost: 5 })).toEqual(["one shadowed by two"]);
    expect(kinds(one, { ...one, id: "inner", resources: ["x.y"] })).toEqual(["inner shadowed by one"]);
    const deny = { ...one, effect: "deny" };
    expect(kinds(deny, { ...deny, id: "two" })).toEqual(["two shadowed by one"]);
  });

  test("an allow whose terms are milder than those of one that allows the same, and tells of them", () => {
    const dear = {
      id: "dear",
      roles: ["r"],
      actions: ["read"],
      resources: ["x.*"],
      effect: "allow",
      cost: 5,
    };
    const cheap = { ...dear, id: "cheap", resources: ["x.y"], cost: 0 };
    expect(kinds(dear, cheap)).toEqual(["cheap shadowed by dear"]);
    const [finding] = lintPolicy(parseStatements([dear, { ...dear, id: "a", cost: 1 }]));
    expect(finding).toMatchObject({ statementId: "a", what: "dear allows all of it already, on its terms." });
    expect(kinds(dear, { ...cheap, capabilities: ["sum"] })).toEqual([]);
  });

  test("no deny that asks for more attributes than another: it applies where one of them is missing", () => {
    const deny = { id: "a", ...wide, effect: "deny", condition: { "context.n": 1 } };
    const more = (wanted: unknown) => ({
      ...deny,
      id: "b",
      condition: { "context.n": 1, "context.m": wanted },
    });
    expect(kinds(deny, more(1))).toEqual([]);
    expect(kinds(deny, more({ in: [1], exists: true }))).toEqual(["b shadowed by a"]);
    expect(kinds({ ...deny, condition: {} }, more(1))).toEqual(["b shadowed by a"]);
  });
});

test("what is found has no effect: without it every request is decided alike", () => {
  const statement = fc.record({
    roles: someOf("r", "s", "*"),
    effect: fc.constantFrom("allow", "deny"),
    actions: someOf("read", "write", "*"),
    resources: someOf("a", "a.*", "a.b", "a.b.*", "*"),
    condition: fc.constantFrom<object[]>(
      {},
      { "context.n": 1 },
      { "context.m": 1 },
      { "context.n": 1, "context.m": 1 },
      { "context.n": 1, "context.m": { in: [1], exists: true } },
      { "context.n": { gt: 2, lt: 1 } },
    ),
    cost: fc.nat(2),
  });
  const request = fc.record({
    action: fc.constantFrom("read", "write"),
    resource: fc.constantFrom("a", "a.b", "a.b.c", "z"),
    context: fc.record({ n: fc.constantFrom(1, 2), m: fc.constantFrom(1, 2) }, { requiredKeys: [] }),
  });
  const roles = fc.subarray(["r", "s"]);
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 5 }), request, roles, (some, asked, held) => {
      const statements = some.map(({ cost, ...one }, index) => ({
        ...one,
        ...(one.effect === "allow" && { cost }),
        id: `s${index}`,
      }));
      const [found] = lintPolicy(parseStatements(statements));
      fc.pre(found !== undefined);
      const decide = (of: readonly object[]) => {
        const policy = compilePolicy(of, { version: 1 });
        const { allow, obligations } = policy.evaluate(parseIdentity({ id: "p", roles: held }), asked);
        return { allow, obligations };
      };
      expect(decide(statements.filter(({ id }) => id !== found?.statementId))).toEqual(decide(statements));
    }),
    { numRuns: 5_000 },
  );
});

describe("explaining", () => {
  const policy = compilePolicy(
    [
      { id: "allow-read", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["notes.*"] },
      {
        id: "deny-locked",
        roles: ["*"],
        effect: "deny",
        actions: ["*"],
        resources: ["*"],
        condition: { "context.locked": true },
      },
      { id: "of-others", roles: ["admin"], effect: "allow", actions: ["*"], resources: ["*"] },
      { id: "elsewhere", roles: ["*"], effect: "allow", actions: ["read"], resources: ["other"] },
    ],
    { version: 3 },
  );
  const scout = parseIdentity({ id: "scout", roles: ["reader"] });

  test("says in a sentence what decided, and of each statement that speaks of it why", () => {
    const { sentence, statements } = explainDecision(policy, scout, {
      action: "read",
      resource: "notes.a",
      context: { locked: false },
    });
    expect(sentence).toBe("scout may read notes.a: allow-read allows it.");
    expect(statements).toEqual([
      { id: "allow-read", effect: "allow", applies: true, why: "applies" },
      { id: "deny-locked", effect: "deny", applies: false, why: "has a condition that does not hold" },
      { id: "of-others", effect: "allow", applies: false, why: "is for admin" },
    ]);
  });

  test("says what is missing, what cannot be judged and what cannot be read, and never shows a value", () => {
    const missing = explainDecision(policy, scout, { action: "read", resource: "notes.a" });
    expect(missing.statements[1]).toMatchObject({
      applies: true,
      why: "asks for an attribute that is not there",
    });
    const unread = explainDecision(policy, scout, { action: "", resource: "notes.a" });
    expect(unread.sentence).toMatch(/^scout may not do this: The action /);
    expect(unread.statements).toEqual([]);
    const secret = explainDecision(policy, scout, {
      action: "read",
      resource: "notes.a",
      context: { locked: "swordfish" },
    });
    expect(JSON.stringify(secret)).not.toContain("swordfish");
  });
});

test("a prefix covers what lies under it, and nothing beside it", () => {
  expect(coversResource("a.*", "a.b")).toBe(true);
  expect(coversResource("a.*", "a.b.*")).toBe(true);
  expect(coversResource("a.*", "a")).toBe(false);
  expect(coversResource("a.*", "ab")).toBe(false);
  expect(coversResource("a.b.*", "a.*")).toBe(false);
  expect(coversResource("a", "*")).toBe(false);
  expect(coversResource("*", "a.*")).toBe(true);
});
