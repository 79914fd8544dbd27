// The engines decisions are measured beside, each given the same rules: principals with one role, exact resources,
// a tenth of them prefixes, a tenth denies. Those that are not installed answer null.
import { exportCedar } from "../src/trust/cedar-export.ts";
import { loadCedarPolicy } from "../src/trust/cedar-policy.ts";
import { cedarRequest } from "../src/trust/cedar-request.ts";
import type { PolicyRequest } from "../src/trust/decision.ts";
import type { Identity } from "../src/trust/identity.ts";
import { compilePolicy } from "../src/trust/policy.ts";

export interface Rule {
  readonly id: string;
  readonly role: string;
  readonly effect: "allow" | "deny";
  readonly resource: string;
}

export interface Question {
  readonly principal: Identity;
  readonly request: PolicyRequest & { readonly resource: string };
}

/** Answers the questions by their index: everything that can be made ready beforehand is. */
export type Engine = (question: number) => boolean;

type Make = (rules: readonly Rule[], questions: readonly Question[]) => Promise<Engine | null>;

export const ENGINES: Readonly<Record<string, Make>> = {
  holodeck: async (rules, questions) => ours(rules, questions),
  "holodeck, decision id given": async (rules, questions) =>
    ours(
      rules,
      questions.map(({ principal, request }) => ({
        principal,
        request: { ...request, decisionId: "dec_1" },
      })),
    ),
  "holodeck, policies in Cedar": loadedCedar,
  "cedar-wasm, preparsed": cedar,
  casbin,
  CASL: casl,
};

export function statementsOf(rules: readonly Rule[]): readonly object[] {
  return rules.map(({ id, role, effect, resource }) => ({
    id,
    roles: [role],
    effect,
    actions: ["read"],
    resources: [resource],
  }));
}

function ours(rules: readonly Rule[], questions: readonly Question[]): Engine {
  const policy = compilePolicy(statementsOf(rules), { version: 1 });
  return (index) => {
    const { principal, request } = at(questions, index);
    return policy.evaluate(principal, request).allow;
  };
}

async function cedar(rules: readonly Rule[], questions: readonly Question[]): Promise<Engine | null> {
  const engine = await load<CedarModule>("@cedar-policy/cedar-wasm/nodejs");
  if (engine === null) return null;
  const exported = exportCedar(compilePolicy(statementsOf(rules), { version: 1 }).statements);
  const preparsedPolicySetId = `rules-${rules.length}`;
  engine.preparsePolicySet(preparsedPolicySetId, { staticPolicies: Object.fromEntries(exported.policies) });
  const calls = questions.map(({ principal, request }) => ({
    ...cedarRequest(principal, request, exported),
    preparsedPolicySetId,
    validateRequest: false,
  }));
  return (index) => engine.statefulIsAuthorized(at(calls, index)).response?.decision === "allow";
}

/** The same policies as our users load them: in sets, of which those are asked that may speak of the request. */
async function loadedCedar(rules: readonly Rule[], questions: readonly Question[]): Promise<Engine | null> {
  if ((await load("@cedar-policy/cedar-wasm/nodejs")) === null) return null;
  const exported = exportCedar(compilePolicy(statementsOf(rules), { version: 1 }).statements);
  const policy = await loadCedarPolicy({ ...exported, policies: exported.text, version: 1 });
  return (index) => {
    const { principal, request } = at(questions, index);
    return policy.evaluate(principal, request).allow;
  };
}

const CASBIN_MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && r.act == p.act && keyMatch(r.obj, p.obj)
`;

async function casbin(rules: readonly Rule[], questions: readonly Question[]): Promise<Engine | null> {
  const engine = await load<CasbinModule>("casbin");
  if (engine === null) return null;
  const enforcer = await engine.newEnforcer(engine.newModelFromString(CASBIN_MODEL));
  await enforcer.addPolicies(rules.map(({ role, resource, effect }) => [role, resource, "read", effect]));
  const holders = new Map(questions.map(({ principal }) => [principal.id, principal.roles[0] ?? ""]));
  await enforcer.addGroupingPolicies([...holders]);
  return (index) => {
    const { principal, request } = at(questions, index);
    return enforcer.enforceSync(principal.id, request.resource, request.action);
  };
}

async function casl(rules: readonly Rule[], questions: readonly Question[]): Promise<Engine | null> {
  const engine = await load<CaslModule>("@casl/ability");
  if (engine === null) return null;
  // The last rule that matches decides there, so the denies come last.
  const ordered = rules.toSorted((a, b) => a.effect.localeCompare(b.effect));
  const ability = engine.createMongoAbility(
    ordered.map(({ role, effect, resource }) => ({
      action: "read",
      subject: "Resource",
      inverted: effect === "deny",
      conditions: {
        role,
        id: resource.endsWith("*")
          ? { $regex: `^${resource.slice(0, -1).replaceAll(".", "\\.")}.` }
          : resource,
      },
    })),
  );
  const subjects = questions.map(({ principal, request }) =>
    engine.subject("Resource", { role: principal.roles[0] ?? "", id: request.resource }),
  );
  return (index) => ability.can(at(questions, index).request.action, at(subjects, index));
}

/** By a name that is not written out: types and dead code are checked without these packages. */
async function load<Module>(name: string): Promise<Module | null> {
  try {
    return (await import(name)) as Module;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  }
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("There are no questions.");
  return item;
}

interface CedarModule {
  readonly preparsePolicySet: (name: string, policies: object) => void;
  readonly statefulIsAuthorized: (call: object) => { readonly response?: { readonly decision: string } };
}

interface CasbinModule {
  readonly newModelFromString: (text: string) => object;
  readonly newEnforcer: (model: object) => Promise<CasbinEnforcer>;
}

interface CasbinEnforcer {
  readonly addPolicies: (rules: readonly (readonly string[])[]) => Promise<boolean>;
  readonly addGroupingPolicies: (rules: readonly (readonly string[])[]) => Promise<boolean>;
  readonly enforceSync: (...values: readonly string[]) => boolean;
}

interface CaslModule {
  readonly createMongoAbility: (rules: readonly object[]) => {
    readonly can: (action: string, subject: object) => boolean;
  };
  readonly subject: (type: string, value: object) => object;
}
