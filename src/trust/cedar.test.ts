// Our decisions beside those of Cedar itself, over random policies and requests. HOLODECK_LONG=1 asks 100,000 times.
import { setImmediate } from "node:timers/promises";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { exportCedar, type CedarExport } from "./cedar-export.ts";
import { loadCedarPolicy } from "./cedar-policy.ts";
import { cedarRequest } from "./cedar-request.ts";
import type { PolicyRequest } from "./decision.ts";
import { parseIdentity, type Identity } from "./identity.ts";
import { compilePolicy } from "./policy.ts";
import { parseStatement, type Statement } from "./statement.ts";

const ROLES = ["r1", "r2"];
const ACTIONS = ["read", "write"];
const RESOURCES = ["a", "a.", "a.b", "a.bc", "a.b.c", "a/b", "a/b.c", "é.ü"];
const PATTERNS = ["*", "a.*", "a/*", "a.b.*", "é.*"];
const TEXTS = ["", "eu", "us-east", "us*west", 'q"\\', "née\n"];
const NUMBERS = [-1, 0, 0.5, 0.125, 1, 7];
const DAY_MS = 86_400_000;

const someOf = (words: readonly string[]): fc.Arbitrary<string[]> =>
  fc.subarray([...words], { minLength: 1, maxLength: 2 });
const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);
const clock = fc.constantFrom("00:00", "06:30", "12:00", "18:00", "23:59", "24:00");
const offset = fc.constantFrom("+00:00", "+05:30", "-11:00");
const exists = fc.constant(true);

const onText = fc.oneof(
  text,
  fc.constant(null),
  fc.record(
    {
      in: fc.array(text, { minLength: 1, maxLength: 3 }),
      not: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 2 })),
      matches_glob: fc.constantFrom("us*", "*e*", String.raw`us\*west`, "*", String.raw`q"\\`, "n*\n"),
      exists,
    },
    { requiredKeys: [] },
  ),
);
const onNumber = fc.oneof(
  number,
  fc.record({ not: number, gt: number, gte: number, lt: number, lte: number, exists }, { requiredKeys: [] }),
  fc.tuple(number, number).map((pair) => ({ between: pair.toSorted((a, b) => a - b) })),
);
const onMoment = fc.record(
  {
    time_of_day: fc
      .record({ from: clock, to: clock, utc_offset: offset })
      .filter(({ from, to }) => from !== to),
    day_of_week: fc.record({
      days: fc.subarray(["sun", "mon", "thu", "sat"], { minLength: 1 }),
      utc_offset: offset,
    }),
    gte: fc.constant(0),
  },
  { requiredKeys: [] },
);
const absent = fc.constant({ exists: false });

const conditions = fc
  .record(
    {
      "context.region": fc.oneof(onText, absent),
      "context.load": fc.oneof(onNumber, absent),
      "context.now": onMoment,
      "context.deep.flag": fc.oneof(fc.boolean(), absent),
      "identity.id": onText,
      "identity.metadata.team": onText,
      "resource.attributes.size": onNumber,
      'resource.attributes.odd "key" \n': onText,
    },
    { requiredKeys: [] },
  )
  .map((all) =>
    Object.entries(all).filter(
      ([, wanted]) => wanted === null || typeof wanted !== "object" || Object.keys(wanted).length > 0,
    ),
  )
  .map((all) => Object.fromEntries(all.slice(0, 2)));

const mask = fc.constantFrom("coarsen", "pseudonym", "redact", "remove");
const someTerms = fc.record(
  {
    cost: fc.nat(2),
    delivery: fc.record(
      {
        mask: fc.dictionary(fc.constantFrom("*", "name", "place"), mask, { maxKeys: 2 }),
        max_items: fc.integer({ min: 1, max: 9 }),
        decimals: fc.nat(3),
        max_per_second: fc.constantFrom(0.5, 2),
      },
      { requiredKeys: [] },
    ),
    capabilities: fc.subarray(["sum", "plan"]),
  },
  { requiredKeys: [] },
);

const statement = fc
  .record({
    roles: someOf(["*", ...ROLES]),
    effect: fc.constantFrom("allow", "allow", "allow", "allow", "deny"),
    actions: someOf(["*", ...ACTIONS]),
    resources: someOf([...PATTERNS, ...RESOURCES]),
    condition: fc.oneof({ arbitrary: fc.constant({}), weight: 1 }, { arbitrary: conditions, weight: 2 }),
    terms: someTerms,
  })
  .map(({ terms: stated, ...one }) => (one.effect === "deny" ? one : { ...one, ...stated }));

const statements = fc
  .array(statement, { minLength: 1, maxLength: 6 })
  .map((all) => all.map((one, index) => ({ id: `s${index}`, ...one })));

const principal = fc
  .record({
    id: fc.constantFrom("eu", "ada"),
    roles: fc.subarray([...ROLES, "r3"], { minLength: 1 }),
    // Now and then of the wrong type: then both must deny.
    metadata: fc.record(
      { team: fc.oneof({ arbitrary: text, weight: 2 }, { arbitrary: number, weight: 1 }) },
      { requiredKeys: [] },
    ),
  })
  .map((given) => parseIdentity(given));

const request = fc.record({
  action: fc.constantFrom(...ACTIONS, ...ACTIONS, "other"),
  resource: fc.record({
    id: fc.constantFrom(...RESOURCES),
    attributes: fc.record({ size: number, 'odd "key" \n': fc.option(text) }, { requiredKeys: [] }),
  }),
  context: fc.record(
    {
      region: fc.oneof<fc.MaybeWeightedArbitrary<string | number | null>[]>(
        { arbitrary: fc.option(text, { freq: 8 }), weight: 6 },
        { arbitrary: number, weight: 1 },
      ),
      load: number,
      now: fc.integer({ min: -30 * DAY_MS, max: 20_000 * DAY_MS }),
      deep: fc.record({ flag: fc.boolean() }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  ),
});

interface Answer {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly errors: number;
}

function askCedar(name: string, exported: CedarExport, who: Identity, asked: PolicyRequest): Answer {
  const answer = cedar.statefulIsAuthorized({
    ...(cedarRequest(who, asked, exported) as unknown as cedar.AuthorizationCall),
    preparsedPolicySetId: name,
    validateRequest: false,
  });
  if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  return {
    allow: decision === "allow",
    reasons: diagnostics.reason.toSorted(),
    errors: diagnostics.errors.length,
  };
}

function prepare(name: string, exported: CedarExport): void {
  const parsed = cedar.preparsePolicySet(name, { staticPolicies: Object.fromEntries(exported.policies) });
  if (parsed.type === "failure") throw new Error(`${JSON.stringify(parsed.errors)}\n${exported.text}`);
}

const REQUESTS = 5;

/** Throws with the seed and both sides where they differ. `translate` stands between ours and Cedar's. */
async function differ({ times, translate = exportCedar, policies = statements }: Trial): Promise<Seen> {
  const seen = { allow: 0, deny: 0, errors: 0, onTerms: 0 };
  const requests = fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS });
  const property = fc.asyncProperty(policies, principal, requests, async (all, who, batch) => {
    const policy = compilePolicy(all, { version: 1 });
    const exported = translate(policy.statements);
    prepare("random", exported);
    const loaded = await loadCedarPolicy({ ...exported, policies: exported.text, version: 1 });
    for (const asked of batch) {
      const ours = policy.evaluate(who, asked);
      if (ours.errors.length > 0) {
        // The rule that differs by intent: what cannot be judged denies here; there it is skipped, or unequal.
        seen.errors++;
        expect(ours.allow).toBe(false);
        continue;
      }
      seen[ours.allow ? "allow" : "deny"]++;
      if (ours.obligations.length > 0) seen.onTerms++;
      const cedars = askCedar("random", exported, who, asked);
      const theirs = loaded.evaluate(who, asked);
      const both = [
        exported.text,
        "asked",
        { who, asked },
        "ours",
        ours,
        "Cedar's",
        cedars,
        "as loaded",
        theirs,
      ];
      const told = both.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join("\n");
      expect(cedars, told).toEqual({ allow: ours.allow, reasons: ours.reasons, errors: 0 });
      expect(theirs, told).toEqual(ours);
    }
    // What is gone is let go of between turns.
    await setImmediate();
  });
  await fc.assert(property, { numRuns: times / REQUESTS, includeErrorInReport: true });
  return seen;
}

interface Trial {
  readonly times: number;
  readonly translate?: typeof exportCedar;
  readonly policies?: typeof statements;
}

interface Seen {
  readonly allow: number;
  readonly deny: number;
  readonly errors: number;
  readonly onTerms: number;
}

const ASKED = process.env["HOLODECK_LONG"] === "1" ? 100_000 : 2_000;

test(`${ASKED} random requests are decided as Cedar decides them`, { timeout: 1_800_000 }, async () => {
  const { allow, deny, errors, onTerms } = await differ({ times: ASKED });
  expect(Math.min(allow, deny, onTerms)).toBeGreaterThan(ASKED / 20);
  expect(errors).toBeGreaterThan(ASKED / 200);
});

test("so they are by policies of several sets, of which not all are asked", { timeout: 60_000 }, async () => {
  // Without conditions: with so many, every request would meet one that cannot be judged.
  const many = fc
    .array(statement, { minLength: 250, maxLength: 250 })
    .map((all) => all.map((one, index) => ({ id: `s${index}`, ...one, condition: {} })));
  const { deny } = await differ({ times: 50, policies: many });
  expect(deny).toBeGreaterThan(25);
});

function permitting(all: readonly Statement[]): CedarExport {
  return exportCedar(all.map((one) => ({ ...one, effect: "allow" })));
}

test("a disagreement is told with its seed and both sides", { timeout: 60_000 }, async () => {
  const told = await differ({ times: 2_000, translate: permitting }).catch(String);
  expect(told).toMatch(/seed: -?\d+/);
  expect(told).toMatch(/permit \(principal[^]*ours\n\{"allow":[^]*Cedar's\n\{"allow":/);
});

const READ = { id: "s", roles: ["r1"], effect: "allow", actions: ["read"], resources: ["a.*", "b"] };

test("a statement reads as Cedar, its terms as annotations", () => {
  const terms = { cost: 5, capabilities: ["sum"], delivery: { mask: { name: "redact" } } };
  const condition = { "context.load": { lt: 0.5 } };
  expect(exportCedar([parseStatement({ ...READ, ...terms, condition })]).text).toBe(
    [
      "// Numbers are times 1000; null is the empty record. An answer with errors is a deny.",
      "",
      '@id("s")',
      String.raw`@delivery("{\"mask\":{\"name\":\"redact\"}}")`,
      '@cost("5")',
      String.raw`@capabilities("[\"sum\"]")`,
      'permit (principal in Role::"r1", action == Action::"read", resource)',
      'when { (resource.id like "a.*" && resource.id != "a.") || resource == Resource::"b" }',
      'when { (context has "load" && context["load"] < 500) };',
      "",
    ].join("\n"),
  );
});

function scopeOf(more: object): string | undefined {
  const { text: whole } = exportCedar([parseStatement({ ...READ, ...more })]);
  return whole.split("\n").find((line) => line.startsWith("permit"));
}

test("what Cedar's scope can hold stands there, so that engines find it by that", () => {
  expect(scopeOf({ roles: ["*"], actions: ["read", "write"], resources: ["b"] })).toBe(
    'permit (principal, action in [Action::"read", Action::"write"], resource == Resource::"b");',
  );
  expect(scopeOf({ roles: ["r1", "r2"], actions: ["*"], resources: ["*"] })).toBe(
    "permit (principal, action, resource)",
  );
});

test("a whole exported policy is Cedar, header and all", () => {
  const condition = { "context.no\nw": { time_of_day: { from: "09:00", to: "17:00" } } };
  const { text: whole } = exportCedar([parseStatement({ ...READ, condition })]);
  expect(cedar.checkParsePolicySet({ staticPolicies: whole })).toEqual({ type: "success" });
});

function asking(bound: number): readonly Statement[] {
  return [parseStatement({ ...READ, condition: { "context.a": { lt: bound } } })];
}

test("a number that Cedar cannot hold is refused, with its statement", () => {
  expect(() => exportCedar(asking(0.0001))).toThrow(/^Statement s: 0\.0001 cannot be written in Cedar/);
  expect(() => exportCedar(asking(1e15))).toThrow(/^Statement s: 1000000000000000 cannot/);
});

test("a request cannot bring the time of day itself", () => {
  const condition = { "context.now": { time_of_day: { from: "09:00", to: "17:00" } } };
  const exported = exportCedar([parseStatement({ ...READ, condition })]);
  const key = exported.moments[0]?.key ?? "";
  const who = parseIdentity({ id: "ada" });
  const asked = { action: "read", resource: "a.b", context: { now: "noon", [key]: 36_000_000 } };
  expect(cedarRequest(who, asked, exported).context).toEqual({ now: "noon" });
});

test("a request cannot bring an entity in the shape of an attribute", () => {
  const context = { who: { __entity: { type: "Role", id: "r1" } } };
  const who = parseIdentity({ id: "ada" });
  expect(() => cedarRequest(who, { action: "read", resource: "b", context }, exportCedar([]))).toThrow(
    /member __entity/,
  );
});
