import { expect, test } from "vitest";
import { HolodeckError } from "../event/error.ts";
import { parseIdentity } from "./identity.ts";
import { parseRole } from "./role.ts";
import { parseStatement, parseStatements } from "./statement.ts";

const READ = { id: "s1", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["axis.*"] };

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof HolodeckError && error.code === "invalid_argument") return error.message;
    throw error;
  }
  return "it was accepted";
}

test.each([
  ["allow", "allow"],
  ["permit", "allow"],
  ["grant", "allow"],
  ["deny", "deny"],
  ["block", "deny"],
  ["reject", "deny"],
])("the effect word %s means %s", (effect, meant) => {
  expect(parseStatement({ ...READ, effect }).effect).toBe(meant);
});

test("a statement has all members once it is loaded", () => {
  expect(parseStatement(READ)).toEqual({ ...READ, condition: {}, delivery: {}, cost: 0, capabilities: [] });
});

test.each([
  ["another effect word", { effect: "Allow" }, /^statement\.effect is "Allow"\. Write one of allow/],
  ["an unknown member", { resource: "x" }, /unknown member "resource"/],
  ["no id", { id: undefined }, /^statement\.id is undefined/],
  ["no roles", { roles: [] }, /^statement\.roles is "a list of 0"/],
  ["too many actions", { actions: Array.from({ length: 65 }, String) }, /^statement\.actions/],
  ["a star inside a resource", { resources: ["axis.*.x"] }, /^statement\.resources\[0\]/],
  ["a prefix without a dot", { resources: ["axis.temp*"] }, /behind a dot or a slash/],
  ["a star at the front", { resources: ["*.x"] }, /^statement\.resources\[0\]/],
  ["a way out", { resources: ["files/../x"] }, /^statement\.resources\[0\]/],
  [
    "an unknown operator",
    { condition: { "context.a": { like: "x" } } },
    /An operator of statement\.condition\.context\.a is "like"\. Write one of in/,
  ],
  ["an operator of the prototype", { condition: { "context.a": { toString: "x" } } }, /Write one of in/],
  [
    "an operand of the wrong type",
    { condition: { "context.a": { gt: "5" } } },
    /condition\.context\.a\.gt is "5"/,
  ],
  ["NaN", { condition: { "context.a": { gt: Number.NaN } } }, /\.gt is NaN/],
  ["a range the wrong way round", { condition: { "context.a": { between: [2, 1] } } }, /between\[1\]/],
  ["a list as a value", { condition: { "context.a": ["x"] } }, /condition\.context\.a/],
  ["no operator", { condition: { "context.a": {} } }, /without an operator/],
  [
    "a value of what does not exist",
    { condition: { "context.a": { exists: false, gt: 1 } } },
    /Leave the other/,
  ],
  ["an attribute of nothing", { condition: { region: "eu" } }, /Write context, identity or resource/],
  ["an attribute of a prototype", { condition: { "context.__proto__.x": 1 } }, /Write context/],
  ["a path too deep", { condition: { "context.a.a.a.a.a.a.a.a.a": 1 } }, /1 to 8 members/],
  [
    "a mask of no kind",
    { delivery: { mask: { name: "blur" } } },
    /mask\.name is "blur"\. Write one of coarsen/,
  ],
  ["a rate of nothing", { delivery: { max_per_second: 0 } }, /max_per_second is 0/],
  ["a negative cost", { cost: -1 }, /^statement\.cost is -1/],
  ["terms on a deny", { effect: "deny", cost: 1 }, /^statement\.cost is "set on a deny"/],
  ["a date", { condition: new Date(0) }, /Write a plain object/],
])("a statement with %s is refused, and told what to write", (_, change, message) => {
  expect(refusal(() => parseStatement({ ...READ, ...change }))).toMatch(message);
});

test("a statement that is too large for an event is refused", () => {
  const values = Array.from({ length: 200 }, (_, index) => `${"x".repeat(100)}${index}`);
  const condition = { "context.a": { in: values } };
  expect(refusal(() => parseStatement({ ...READ, condition }))).toMatch(/characters of JSON/);
});

test("a policy with the same id twice is refused with the place of the second", () => {
  expect(refusal(() => parseStatements([READ, READ]))).toMatch(/^statements\[1\]\.id is "s1"/);
});

test("a policy that names too many combinations is refused", () => {
  const many = Array.from({ length: 64 }, (_, index) => `x${index}`);
  const broad = { ...READ, roles: many, actions: many, resources: many };
  expect(refusal(() => parseStatements(["a", "b", "c", "d"].map((id) => ({ ...broad, id }))))).toMatch(
    /1048576/,
  );
});

test("what is loaded is the policy's own: changing what was passed changes nothing", () => {
  const condition = { "context.a": { in: ["x"] } };
  const loaded = parseStatement({ ...READ, condition });
  condition["context.a"].in.push("y");
  expect(loaded.condition).toEqual({ "context.a": { in: ["x"] } });
});

test("an identity has its roles once, in order, and never a star", () => {
  expect(parseIdentity({ id: "a", roles: ["w", "r", "w"] })).toEqual({
    id: "a",
    nickname: "",
    metadata: {},
    roles: ["r", "w"],
  });
  expect(refusal(() => parseIdentity({ id: "a", roles: ["*"] }))).toMatch(/^identity\.roles\[0\] is "\*"/);
  expect(refusal(() => parseIdentity({ id: "a", metadata: { at: new Date(0) } }))).toMatch(
    /^identity\.metadata\.at/,
  );
  expect(refusal(() => parseIdentity({ id: "a", metadata: { x: "y".repeat(20_000) } }))).toMatch(
    /characters of JSON/,
  );
});

test("a role has an id and says what it is for", () => {
  expect(parseRole({ id: "reader" })).toEqual({ id: "reader", description: "" });
  expect(refusal(() => parseRole({ id: "*" }))).toMatch(/^role\.id/);
});
