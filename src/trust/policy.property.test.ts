// The compiled policy against the plainest one: every statement looked at in turn, prefixes by `startsWith`.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileCondition, judge } from "./condition.ts";
import type { PolicyRequest } from "./decision.ts";
import { parseIdentity, type Identity } from "./identity.ts";
import { combineObligations, obligationsOf } from "./obligation.ts";
import { compilePolicy } from "./policy.ts";
import { parseStatements, type Statement } from "./statement.ts";

const ROLES = ["r1", "r2", "r3"];
const ACTIONS = ["read", "write"];
const RESOURCES = ["a", "a.", "a.b", "a.bc", "a.b.c", "a/b", "a/b.c", "a/b/c", "ab", "a..b", "b"];
const PATTERNS = ["*", "a.*", "a/*", "a.b.*", "a/b.*", "a/b/*", "a..*"];

const someOf = (words: readonly string[]): fc.Arbitrary<string[]> =>
  fc.subarray([...words], { minLength: 1, maxLength: 3 });

const condition = fc.dictionary(
  fc.constantFrom("context.x", "context.y", "identity.metadata.team", "resource.attributes.size"),
  fc.oneof(
    fc.constantFrom<unknown>(0, 1, "blue", null, true),
    fc
      .record(
        {
          in: fc.subarray([0, 1, "blue"], { minLength: 1 }),
          not: fc.constantFrom<unknown>(1, "blue", [0, 1]),
          gte: fc.nat(2),
          lt: fc.nat(2),
          matches_glob: fc.constantFrom("b*", "*e"),
        },
        { requiredKeys: [] },
      )
      .filter((operators) => Object.keys(operators).length > 0),
    fc.record({ exists: fc.boolean() }),
  ),
  { maxKeys: 2 },
);

const statement = fc.record({
  roles: someOf(["*", ...ROLES]),
  effect: fc.constantFrom("allow", "allow", "allow", "deny"),
  actions: someOf(["*", ...ACTIONS]),
  resources: someOf([...PATTERNS, ...RESOURCES]),
  condition: fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, condition),
  terms: fc.record({ cost: fc.nat(3), delivery: fc.record({ max_items: fc.integer({ min: 1, max: 3 }) }) }),
});

const statements = fc.array(statement, { maxLength: 12 }).map((all) =>
  all.map(({ terms, ...one }, index) => ({
    id: `s${index}`,
    ...one,
    ...(one.effect === "deny" ? {} : terms),
  })),
);

const attributes = fc.dictionary(
  fc.constantFrom("x", "y", "size"),
  fc.constantFrom(0, 1, 2, "blue", null, true),
);

const principal = fc
  .record({ roles: fc.subarray([...ROLES, "r4"]), team: fc.constantFrom("blue", "red", null, 1) })
  .map(({ roles, team }) => parseIdentity({ id: "p", roles, metadata: team === null ? {} : { team } }));

const request = fc.record({
  action: fc.constantFrom(...ACTIONS, "other"),
  resource: fc.record({ id: fc.constantFrom(...RESOURCES, "c"), attributes }),
  context: attributes,
});

interface Asked extends PolicyRequest {
  readonly resource: { readonly id: string; readonly attributes: Record<string, never> };
}

function covers(pattern: string, id: string): boolean {
  if (pattern === "*") return true;
  if (!pattern.endsWith("*")) return pattern === id;
  return id.startsWith(pattern.slice(0, -1)) && id.length > pattern.length - 1;
}

function plainDecision(
  all: readonly Statement[],
  who: Identity,
  { action, resource, context = {} }: Asked,
): object {
  const speaking = all.filter(
    ({ roles, actions, resources }) =>
      roles.some((role) => role === "*" || who.roles.includes(role)) &&
      actions.some((one) => one === "*" || one === action) &&
      resources.some((pattern) => covers(pattern, resource.id)),
  );
  const judged = speaking.map((one) => {
    const verdict = judge(compileCondition(one.condition, "c"), { context, identity: who, resource });
    return { one, verdict };
  });
  const errors = judged.flatMap(({ one, verdict }) =>
    typeof verdict === "object" ? [{ statementId: one.id, what: verdict.what }] : [],
  );
  const ids = (wanted: (effect: string, verdict: unknown) => boolean): Statement[] =>
    judged.filter(({ one, verdict }) => wanted(one.effect, verdict)).map(({ one }) => one);
  const denies = ids(
    (effect, verdict) => effect === "deny" && (verdict === "holds" || verdict === "missing"),
  );
  const allows = ids((effect, verdict) => effect === "allow" && verdict === "holds");
  const refused = errors.length > 0 || denies.length > 0;
  const reasons = (refused ? denies : allows).map(({ id }) => id);
  const obligations = refused ? [] : combineObligations(allows.map(obligationsOf));
  return { allow: !refused && allows.length > 0, reasons, errors, obligations };
}

test("a compiled policy decides as one that looks at every statement", () => {
  const seen = { allow: 0, deny: 0, errors: 0 };
  fc.assert(
    fc.property(
      statements,
      principal,
      fc.array(request, { minLength: 1, maxLength: 8 }),
      (all, who, requests) => {
        const compiled = compilePolicy(all, { version: 1 });
        const plain = parseStatements(all);
        for (const one of requests) {
          const decision = compiled.evaluate(who, one);
          expect(decision).toMatchObject(plainDecision(plain, who, one as Asked));
          seen[decision.allow ? "allow" : decision.errors.length > 0 ? "errors" : "deny"]++;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  // A generator that only ever denies would show nothing.
  expect(Math.min(seen.allow, seen.deny, seen.errors)).toBeGreaterThan(500);
});

test("the order in which statements are written never matters", () => {
  fc.assert(
    fc.property(statements, principal, request, (all, who, one) => {
      const [forth, back] = [all, all.toReversed()].map((list) => compilePolicy(list, { version: 1 }));
      expect(forth?.evaluate(who, one)).toEqual(back?.evaluate(who, one));
    }),
  );
});

test("a further deny never allows more, and a further allow never obliges to less", () => {
  fc.assert(
    fc.property(statements, statement, principal, request, (all, { terms, ...more }, who, one) => {
      const before = compilePolicy(all, { version: 1 }).evaluate(who, one);
      const further = { id: "z", ...more, ...(more.effect === "deny" ? {} : terms) };
      const after = compilePolicy([...all, further], { version: 1 }).evaluate(who, one);
      if (more.effect === "deny") expect(after.allow && !before.allow).toBe(false);
      else if (before.allow && after.allow) {
        expect(combineObligations([before.obligations, after.obligations])).toEqual(after.obligations);
      }
    }),
  );
});
