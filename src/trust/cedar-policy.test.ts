import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as wasm from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, test } from "vitest";
import { loadCedarEngine, type CedarEngine } from "./cedar-engine.ts";
import { exportCedar } from "./cedar-export.ts";
import { loadCedarPolicy, type CedarSource } from "./cedar-policy.ts";
import type { PolicyEngine, PolicyRequest } from "./decision.ts";
import { parseIdentity } from "./identity.ts";
import { compilePolicy } from "./policy.ts";

const ADA = parseIdentity({ id: "ada", roles: ["reader"], metadata: { team: "eu" } });
const READ: PolicyRequest = { action: "read", resource: "notes.a" };

async function load(policies: string, more: Partial<CedarSource> = {}): Promise<PolicyEngine> {
  return await loadCedarPolicy({ policies, version: 7, ...more });
}

/** The real engine, but for what is given. */
function engineBut(given: Partial<CedarEngine>): () => Promise<CedarEngine> {
  return async () => ({ ...(wasm as CedarEngine), ...given });
}

const PERMIT = '@id("readers") permit (principal in Role::"reader", action == Action::"read", resource);';

const SCHEMA = `entity Role;
  entity Principal in [Role] { id: String, nickname: String, metadata: { team?: String } };
  entity Resource { id: String, attributes: {} };
  action read appliesTo { principal: Principal, resource: Resource, context: { size?: Long } };`;

function terms(id: string, annotations: string): string {
  return `@id("${id}") ${annotations} permit (principal, action, resource);`;
}

async function missing(): Promise<CedarEngine> {
  return await loadCedarEngine(async () => await Promise.reject(new Error("Cannot find package")));
}

describe("a Cedar policy", () => {
  test("allows what a permit allows, by its @id or the name Cedar gives it, under its version", async () => {
    const all = "permit (principal, action, resource);";
    const decision = (await load(`${all}\n${PERMIT}`)).evaluate(ADA, READ);
    expect(decision).toMatchObject({ allow: true, reasons: ["policy0", "readers"], policyVersion: 7 });
    expect(decision.decisionId).toMatch(/^dec_/);
  });

  test("denies without a policy that speaks of it, and where a forbid does", async () => {
    expect((await load("")).evaluate(ADA, READ)).toMatchObject({ allow: false, reasons: [], errors: [] });
    const policy = await load(`${PERMIT} @id("no") forbid (principal, action, resource);`);
    expect(policy.evaluate(ADA, READ)).toMatchObject({ allow: false, reasons: ["no"], obligations: [] });
  });

  test("sees the principal with its roles and facts, the resource and the context, and nothing else", async () => {
    const policy = await load(`permit (principal == Principal::"ada", action, resource == Resource::"notes.a")
      when { principal in Role::"reader" && principal.metadata.team == "eu" }
      when { resource.attributes.size < 10 && resource.id like "notes.*" && context.now > 5 };`);
    const asked = {
      action: "read",
      resource: { id: "notes.a", attributes: { size: 9 } },
      context: { now: 6 },
    };
    expect(policy.evaluate(ADA, asked).allow).toBe(true);
    expect(policy.evaluate(ADA, { ...asked, context: { now: 5 } }).allow).toBe(false);
    const stranger = parseIdentity({ id: "ada", metadata: { team: "eu" } });
    expect(policy.evaluate(stranger, asked)).toMatchObject({ allow: false, errors: [] });
  });

  test("gives the names that Cedar gives, however many policies there are", async () => {
    const policies = Array.from({ length: 25 }, (_, index) =>
      index === 20
        ? PERMIT.replace('@id("readers")', "")
        : 'permit (principal == Principal::"x", action, resource);',
    );
    expect((await load(policies.join("\n"))).evaluate(ADA, READ).reasons).toEqual(["policy20"]);
  });
});

describe("annotations", () => {
  test("are obligations, and those of all permits combine to the strictest", async () => {
    const policy = await load(
      terms("a", String.raw`@cost("5") @delivery("{\"mask\":{\"name\":\"redact\"},\"max_items\":9}")`) +
        terms("b", String.raw`@cost("3") @delivery("{\"max_items\":4}") @capabilities("[\"sum\"]")`) +
        terms("c", '@description("whatever else people write")'),
    );
    expect(policy.evaluate(ADA, READ).obligations).toEqual([
      { kind: "capability", name: "sum" },
      { kind: "cost", value: 5 },
      { kind: "mask", field: "name", mask: "redact" },
      { kind: "max_items", value: 4 },
    ]);
  });

  test.each([
    [terms("a", '@cost("much")'), "@cost of a"],
    [terms("a", '@cost("-1")'), "@cost of a"],
    [terms("a", String.raw`@delivery("{\"masks\":{}}")`), "@delivery of a"],
    [terms("a", '@capabilities("sum")'), "@capabilities of a"],
    [terms("a", "@cost"), "@cost of a"],
    [terms("a", '@cost("null")'), "@cost of a"],
    ["@id permit (principal, action, resource);", "@id of policy0"],
    ['@id("a") @cost("1") forbid (principal, action, resource);', "@cost of a"],
    [terms("*", ""), "@id of policy0"],
    [terms("a", "") + terms("a", ""), "@id of two policies"],
    [terms("policy1", "") + "permit (principal, action, resource);", "@id of two policies"],
  ])("that say nothing sound are refused with their place: %s", async (policies, place) => {
    await expect(load(policies)).rejects.toMatchObject({
      code: "invalid_argument",
      what: expect.stringContaining(place),
    });
  });
});

describe("what is not sound is refused whole", () => {
  test.each([
    ["permit (principal, action, resource);\n\npermit (", /cannot be read: .* \(line 3\)/],
    ["permit (principal == ?principal, action, resource);", /1 templates/],
  ])("text: %j", async (policies, what) => {
    await expect(load(policies)).rejects.toThrow(what);
  });

  test("a schema that is none, and policies that do not fit it", async () => {
    await expect(load(PERMIT, { schema: "entity" })).rejects.toThrow(/^The Cedar schema cannot be read/);
    const unfit =
      '@id("typo") permit (principal, action == Action::"read", resource) when { principal.nick == "" };';
    await expect(load(PERMIT + unfit, { schema: SCHEMA })).rejects.toThrow(
      /^Policy typo does not fit the schema/,
    );
  });

  test("a request that does not fit the schema is denied, and no value of it is shown", async () => {
    const policy = await load(PERMIT, { schema: SCHEMA });
    expect(policy.evaluate(ADA, READ).allow).toBe(true);
    for (const context of [{ size: "swordfish" }, { swordfish: 1 }]) {
      const { allow, errors } = policy.evaluate(ADA, { ...READ, context });
      expect([allow, errors.length]).toEqual([false, 1]);
      if ("size" in context) expect(JSON.stringify(errors)).not.toContain("swordfish");
    }
  });
});

test("a forbid on a group of actions, which the schema declares, applies to all in the group", async () => {
  const grouped = SCHEMA.replace("action read applies", "action looking; action read in [looking] applies");
  const forbid = '@id("no") forbid (principal, action in Action::"looking", resource);';
  // So many that the forbid is not in a set that is asked anyway.
  const others = 'permit (principal in Role::"sitter", action, resource);'.repeat(150);
  const policy = await load(PERMIT + others + forbid, { schema: grouped });
  expect(policy.evaluate(ADA, READ)).toMatchObject({ allow: false, reasons: ["no"] });
});

describe("an error denies", () => {
  test("of a policy that cannot be evaluated, though Cedar would skip it, and it is named", async () => {
    const policy = await load(
      `${PERMIT} @id("big") forbid (principal, action, resource) when { context.n > 9 };`,
    );
    const { allow, reasons, errors, obligations } = policy.evaluate(ADA, READ);
    expect([allow, reasons, obligations]).toEqual([false, [], []]);
    expect(errors).toEqual([{ statementId: "big", what: "record does not have the attribute `n`." }]);
    expect(policy.evaluate(ADA, { ...READ, context: { n: "ten" } }).errors).toEqual([
      { statementId: "big", what: "type error: expected long, got string." },
    ]);
    expect(policy.evaluate(ADA, { ...READ, context: { n: 9 } }).allow).toBe(true);
  });

  test("and never shows a value that Cedar's message does", async () => {
    const policy = await load(
      'permit (principal, action, resource) when { decimal(context.n) == decimal("1.0") };',
    );
    const decision = policy.evaluate(ADA, { ...READ, context: { n: "swordfish" } });
    expect(decision.errors).toEqual([{ statementId: "policy0", what: "It cannot be evaluated." }]);
    expect(JSON.stringify(policy.evaluate(ADA, { ...READ, context: { n: 1234.5 } }))).not.toContain("1234");
  });

  test.each([
    ["a fraction", { context: { n: 0.5 } }, /digits behind the point/],
    [
      "what would stand for an entity",
      { context: { n: { __entity: { type: "Role", id: "r" } } } },
      /__entity/,
    ],
    ["no name", { action: "re\0ad" }, /^The action/],
    ["no attributes", { context: [] as never }, /^The context/],
  ])("of a request with %s", async (_, more, what) => {
    const { allow, errors } = (await load(PERMIT)).evaluate(ADA, { ...READ, ...more });
    expect([allow, errors]).toEqual([false, [{ statementId: null, what: expect.stringMatching(what) }]]);
  });

  test("of an engine that throws, refuses, or names what is not there", async () => {
    const answers: CedarEngine["statefulIsAuthorized"][] = [
      () => {
        throw new Error("unreachable");
      },
      () => ({ type: "failure", errors: [] }),
      () => ({
        type: "success",
        response: { decision: "allow", diagnostics: { reason: ["other"], errors: [] } },
      }),
    ];
    for (const statefulIsAuthorized of answers) {
      const source = { policies: PERMIT, version: 1 };
      const policy = await loadCedarPolicy(source, engineBut({ statefulIsAuthorized }));
      const { allow, errors } = policy.evaluate(ADA, READ);
      expect([allow, errors.length, errors[0]?.what]).toEqual([
        false,
        1,
        expect.stringMatching(/^(The )?Cedar/),
      ]);
    }
  });

  test("of a package that is not installed: every request is denied, and each decision says why", async () => {
    const policy = await loadCedarPolicy({ policies: PERMIT, version: 3 }, missing);
    expect(policy.evaluate(ADA, READ)).toMatchObject({
      allow: false,
      errors: [
        { statementId: null, what: expect.stringContaining("need the package @cedar-policy/cedar-wasm") },
      ],
      policyVersion: 3,
    });
  });
});

test("numbers keep as many digits as the policies are loaded with", async () => {
  const policy = await load("permit (principal, action, resource) when { context.price <= 1250 };", {
    decimals: 2,
  });
  expect(policy.evaluate(ADA, { ...READ, context: { price: 12.5 } }).allow).toBe(true);
  expect(policy.evaluate(ADA, { ...READ, context: { price: 12.51 } }).allow).toBe(false);
});

describe("sets of a hundred", () => {
  const policies = Array.from(
    { length: 450 },
    (_, index) => `@id("p${index}") permit (principal in Role::"r${index}", action, resource);`,
  );

  test("only those that may speak of the request are asked, and all that do are", async () => {
    let calls = 0;
    const counting = engineBut({
      statefulIsAuthorized: (call) => {
        calls++;
        return (wasm as CedarEngine).statefulIsAuthorized(call);
      },
    });
    const source = {
      policies: [...policies, 'forbid (principal, action, resource == Resource::"shut");'].join("\n"),
      version: 1,
    };
    const policy = await loadCedarPolicy(source, counting);
    const both = parseIdentity({ id: "ada", roles: ["r0", "r449"] });
    expect(policy.evaluate(both, READ).reasons).toEqual(["p0", "p449"]);
    expect(calls).toBeLessThanOrEqual(2);
    expect(policy.evaluate(both, { ...READ, resource: "shut" }).reasons).toEqual(["policy450"]);
    calls = 0;
    expect(policy.evaluate(parseIdentity({ id: "nobody" }), READ).allow).toBe(false);
    expect(calls).toBe(0);
  });

  test("what a policy that is gone kept in the engine is let go of", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const emptied: string[] = [];
    const names: string[] = [];
    const watching = engineBut({
      preparsePolicySet: (name, set) => {
        if (Object.keys(set.staticPolicies).length > 0) names.push(name);
        return (wasm as CedarEngine).preparsePolicySet(name, set);
      },
      preparseSchema: (name, schema) => {
        (schema === "" ? emptied : names).push(name);
        return (wasm as CedarEngine).preparseSchema(name, schema);
      },
    });
    const source = { policies: policies.join("\n"), schema: SCHEMA, version: 1 };
    await loadCedarPolicy(source, watching);
    expect(names).toHaveLength(6);
    for (let turn = 0; turn < 50 && emptied.length < names.length; turn++) {
      collectGarbage();
      await setImmediate();
    }
    expect(emptied.toSorted()).toEqual(names.toSorted());
    const kept = await loadCedarPolicy({ policies: PERMIT, version: 1 }, watching);
    const [last = 0, ...before] = names.map((name) => Number(name.replace("holodeck-", ""))).toReversed();
    expect(last).toBeLessThanOrEqual(Math.max(...before));
    expect(kept.evaluate(ADA, READ).allow).toBe(true);
  });
});

test("an exported policy, loaded again, answers as it did", async () => {
  const statements = [
    { id: "a", roles: ["reader"], effect: "allow", actions: ["read"], resources: ["notes.*"], cost: 2 },
    {
      id: "n",
      roles: ["*"],
      effect: "deny",
      actions: ["*"],
      resources: ["*"],
      condition: { "context.load": { gt: 0.5 } },
    },
  ];
  const ours = compilePolicy(statements, { version: 7 });
  const { text, decimals, moments } = exportCedar(ours.statements);
  const theirs = await load(text, { decimals, moments });
  for (const context of [{}, { load: 0.5 }, { load: 0.501 }]) {
    expect(theirs.evaluate(ADA, { ...READ, context })).toEqual(ours.evaluate(ADA, { ...READ, context }));
  }
});
