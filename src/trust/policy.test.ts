import fc from "fast-check";
import { expect, test } from "vitest";
import type { Identity } from "./identity.ts";
import { parseIdentity } from "./identity.ts";
import { compilePolicy, EMPTY_POLICY, type Policy } from "./policy.ts";

const READER = parseIdentity({ id: "ada", nickname: "Ada", metadata: { team: "blue" }, roles: ["reader"] });
const ALLOW = {
  id: "read-axes",
  roles: ["reader"],
  effect: "allow",
  actions: ["read"],
  resources: ["axis.*"],
};
const READ = { action: "read", resource: "axis.temperature.room1" };

const policy = (...statements: readonly object[]): Policy => compilePolicy(statements, { version: 3 });

test("an empty policy denies all, and no statement is its reason", () => {
  expect(EMPTY_POLICY.evaluate(READER, READ)).toMatchObject({
    allow: false,
    reasons: [],
    errors: [],
    policyVersion: 0,
  });
});

test("an allow names its statement and the version it stands in", () => {
  expect(policy(ALLOW).evaluate(READER, READ)).toMatchObject({
    allow: true,
    reasons: ["read-axes"],
    errors: [],
    obligations: [],
    policyVersion: 3,
  });
});

test("a deny outweighs every allow, and is the reason named", () => {
  const deny = { ...ALLOW, id: "not-room1", effect: "block", resources: ["axis.temperature.room1"] };
  expect(policy(ALLOW, deny).evaluate(READER, READ)).toMatchObject({ allow: false, reasons: ["not-room1"] });
});

test.each([
  ["an unknown action", READER, { ...READ, action: "write" }],
  ["an unknown resource", READER, { ...READ, resource: "buffer.temperature" }],
  ["a principal without the role", parseIdentity({ id: "bob" }), READ],
  ["a role in another case", parseIdentity({ id: "bob", roles: ["Reader"] }), READ],
  ["a role that looks alike", parseIdentity({ id: "bob", roles: ["reаder"] }), READ],
])("%s is denied without a reason", (_, principal, request) => {
  expect(policy(ALLOW).evaluate(principal, request)).toMatchObject({ allow: false, reasons: [], errors: [] });
});

test.each([
  ["axis.temperature.*", "axis.temperature.room1", true],
  ["axis.temperature.*", "axis.temperature.room1.sensor/2", true],
  ["axis.temperature.*", "axis.temperatureX", false],
  ["axis.temperature.*", "axis.temperature", false],
  ["axis.temperature.*", "axis.temperature.", false],
  ["axis.temperature.*", "axis.temperature/room1", false],
  ["axis.temperature.*", "the.axis.temperature.room1", false],
  ["session:s1/*", "session:s1/tasks/t1", true],
  ["session:s1/*", "session:s10/tasks/t1", false],
  ["session:s1/*", "session:s1", false],
  ["a/b.*", "a/b.c", true],
  ["*", "anything at all", true],
  ["axis.temperature", "axis.temperature", true],
  ["axis.temperature", "axis.temperature.room1", false],
  ["axis.", "axis.", true],
  ["axis.*", "axis..x", true],
])("the resource %s covers %s: %s", (pattern, resource, allow) => {
  const decision = policy({ ...ALLOW, resources: [pattern] }).evaluate(READER, { action: "read", resource });
  expect(decision.allow).toBe(allow);
});

test("a statement for `*` means everyone, also who holds no role", () => {
  expect(policy({ ...ALLOW, roles: ["*"] }).evaluate(parseIdentity({ id: "bob" }), READ).allow).toBe(true);
});

test("an allow whose attribute is missing does not match", () => {
  const allow = { ...ALLOW, condition: { "context.region": "eu" } };
  expect(policy(allow).evaluate(READER, READ)).toMatchObject({ allow: false, reasons: [], errors: [] });
  expect(policy(allow).evaluate(READER, { ...READ, context: { region: "eu" } }).allow).toBe(true);
});

test("a deny whose attribute is missing applies", () => {
  const deny = {
    ...ALLOW,
    id: "not-eu",
    effect: "deny",
    condition: { "context.region": "eu", "context.a": 1 },
  };
  const decide = (context: object) =>
    policy(ALLOW, deny).evaluate(READER, { ...READ, context: { ...context } });
  expect(decide({}).reasons).toEqual(["not-eu"]);
  expect(decide({ region: "us" }).reasons).toEqual(["not-eu"]);
  expect(decide({ region: "us", a: 1 }).allow).toBe(true);
});

test("the same request in another context is another decision", () => {
  const allow = { ...ALLOW, condition: { "context.now": { time_of_day: { from: "09:00", to: "17:00" } } } };
  const at = (now: number) => policy(allow).evaluate(READER, { ...READ, context: { now } });
  const [noon, night] = [at(12 * 3_600_000), at(23 * 3_600_000)];
  expect([noon.allow, night.allow]).toEqual([true, false]);
  expect(noon.decisionId).not.toBe(night.decisionId);
});

test("conditions see the identity, the resource and the context", () => {
  const condition = {
    "identity.id": "ada",
    "identity.metadata.team": { in: ["blue", "red"] },
    "resource.id": { matches_glob: "*.room*" },
    "resource.attributes.owner.name": { not: "eve" },
    "context.load": { gte: 1, lt: 5 },
    "context.secret": { exists: false },
  };
  const decide = (owner: string, load: number) =>
    policy({ ...ALLOW, condition }).evaluate(READER, {
      action: "read",
      resource: { id: READ.resource, attributes: { owner: { name: owner } } },
      context: { load },
    }).allow;
  expect([decide("bob", 1), decide("eve", 1), decide("bob", 5)]).toEqual([true, false, false]);
});

test("what cannot be compared denies, is named, and does not show the value", () => {
  const other = { ...ALLOW, id: "loaded", condition: { "context.load": { gt: 5 } } };
  const decision = policy(ALLOW, other).evaluate(READER, { ...READ, context: { load: "hunter2" } });
  expect(decision).toMatchObject({
    allow: false,
    errors: [{ statementId: "loaded", what: "context.load is of type string and must be a number" }],
  });
});

test("a deny on a number is not passed by quoting it", () => {
  const deny = { ...ALLOW, id: "not-5", effect: "deny", condition: { "context.level": 5 } };
  const decide = (level: never) =>
    policy(ALLOW, deny).evaluate(READER, { ...READ, context: { level } }).allow;
  expect(["5", [5], { five: 5 }, 5].map((level) => decide(level as never))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect([4, null].map((level) => decide(level as never))).toEqual([true, true]);
});

test("the terms of all allows that match are combined to the strictest", () => {
  const cheap = { ...ALLOW, id: "cheap", cost: 1, delivery: { max_items: 10 } };
  const dear = { ...ALLOW, id: "dear", cost: 5, delivery: { mask: { name: "redact" } } };
  expect(policy(cheap, dear).evaluate(READER, READ)).toMatchObject({
    reasons: ["cheap", "dear"],
    obligations: [
      { kind: "cost", value: 5 },
      { kind: "mask", field: "name", mask: "redact" },
      { kind: "max_items", value: 10 },
    ],
  });
});

const ALL = { id: "all", roles: ["*"], effect: "allow", actions: ["*"], resources: ["*"] };

const HOSTILE: readonly string[] = [
  "*",
  "../secrets",
  "a/../b",
  "a\0",
  "__proto__",
  "constructor",
  "a.__proto__",
  "'",
  '"; x',
  "ａ",
  "\ud800",
  "",
  "x".repeat(1_000_000),
];

test.each(HOSTILE.map((id) => [id.slice(0, 20), id] as const))(
  "the id %j is allowed nothing, by no policy",
  (_, id) => {
    const all = policy(ALL);
    for (const decision of [
      all.evaluate({ ...READER, id }, READ),
      all.evaluate({ ...READER, roles: [id] }, READ),
      all.evaluate(READER, { ...READ, action: id }),
      all.evaluate(READER, { ...READ, resource: id }),
      all.evaluate(READER, { ...READ, decisionId: id }),
    ]) {
      expect(decision).toMatchObject({ allow: false, reasons: [], errors: [{ statementId: null }] });
      expect(decision.decisionId).toMatch(/^dec_[0-9a-f]{32}$/);
    }
  },
);

test.each([
  ["half a pair", { a: "\ud800" }],
  ["a megabyte", { a: "x".repeat(1_000_000) }],
  ["a prototype key", JSON.parse('{"__proto__": 1}')],
  ["too many members", Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`a${index}`, 1]))],
  ["NaN", { a: Number.NaN }],
  ["a function", { a: () => 1 }],
  ["a list", [1]],
])("a context with %s denies", (_, context) => {
  expect(policy(ALL).evaluate(READER, { ...READ, context: context as never })).toMatchObject({
    allow: false,
  });
});

test("a context that holds itself denies", () => {
  const context: Record<string, unknown> = {};
  context["context"] = context;
  expect(policy(ALL).evaluate(READER, { ...READ, context: context as never }).errors[0]?.what).toMatch(
    /deeper than 8/,
  );
});

test("whatever it is asked, it answers, and allows nothing that is no request", () => {
  const all = policy(ALL);
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), fc.anything(), (principal, request) => {
      const decision = all.evaluate(principal as Identity, request as never);
      expect(decision.allow).toBe(false);
      expect(decision.errors).toHaveLength(1);
    }),
  );
});

test("a request that throws when it is read is denied", () => {
  const hostile = { ...READER };
  Object.defineProperty(hostile, "roles", {
    get: () => {
      throw new Error("secret");
    },
  });
  expect(policy(ALL).evaluate(hostile, READ)).toMatchObject({
    allow: false,
    errors: [{ statementId: null, what: "The request cannot be read." }],
  });
});

test("a decision has the name it is given, else one made of what was asked and decided", () => {
  const axes = policy(ALLOW);
  expect(axes.evaluate(READER, { ...READ, decisionId: "dec_7" }).decisionId).toBe("dec_7");
  const { decisionId } = axes.evaluate(READER, { ...READ, context: { a: 1, b: 2 } });
  expect(axes.evaluate(READER, { ...READ, context: { b: 2, a: 1 } }).decisionId).toBe(decisionId);
  expect(axes.evaluate(READER, { ...READ, context: { a: 1, b: 3 } }).decisionId).not.toBe(decisionId);
});

test("a request that cannot be read is denied under the name it was given", () => {
  expect(policy(ALL).evaluate(READER, { ...READ, resource: "../x", decisionId: "dec_7" })).toMatchObject({
    allow: false,
    decisionId: "dec_7",
  });
});

test("a policy is compiled whole or not at all", () => {
  expect(() => policy(ALLOW, { ...ALLOW, id: "x", effect: "maybe" })).toThrow(
    /^statements\[1\]\.effect is "maybe"/,
  );
  expect(() => compilePolicy([], { version: -1 })).toThrow(/version is -1/);
});
