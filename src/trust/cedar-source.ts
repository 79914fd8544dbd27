// Cedar policies and their schema, checked whole when they are loaded: what Cedar cannot read, what does not fit the
// schema, and terms that are none are refused with their place. Annotations say what a statement says beside its
// scope: `@id`, and of a permit `@delivery`, `@cost` and `@capabilities`.
import { HolodeckError } from "../event/error.ts";
import type { CedarEngine, CedarFault, CedarPolicyJson } from "./cedar-engine.ts";
import { scopeOf, type CedarScope } from "./cedar-scope.ts";
import { checkText, invalid } from "./input.ts";
import { checkName } from "./name.ts";
import { obligationsOf, parseCapabilities, parseCost, parseDelivery, type Obligation } from "./obligation.ts";
import type { Effect } from "./statement.ts";

export interface CedarRule {
  readonly id: string;
  readonly effect: Effect;
  readonly text: string;
  readonly scope: CedarScope;
  readonly obligations: readonly Obligation[];
}

const TEXT_LENGTH_MAX = 16_000_000;
const POLICIES_MAX = 20_000;
/** The annotations that say on which terms a permit allows. */
const TERMS = ["delivery", "cost", "capabilities"] as const;

/** Throws `invalid_argument`. */
export function readCedarPolicies(engine: CedarEngine, given: unknown): readonly CedarRule[] {
  const text = checkText(given, "The Cedar text", TEXT_LENGTH_MAX, 0);
  const parts = engine.policySetTextToParts(text);
  if (parts.type === "failure") throw unreadable("The Cedar policies", text, parts.errors);
  const { policies, policy_templates: templates } = parts;
  if (templates.length > 0) {
    throw invalid("The Cedar text", `with ${templates.length} templates`, "Fill in their slots.");
  }
  if (policies.length > POLICIES_MAX) {
    throw invalid("The Cedar text", `${policies.length} policies`, `Write at most ${POLICIES_MAX}.`);
  }
  const names = policies.map((_, index) => `policy${index}`).sort();
  const rules = policies.map((policy, index) => readPolicy(engine, policy, names[index] ?? ""));
  refuseRepeated(rules);
  return rules;
}

/** Throws `invalid_argument` when the schema is none or a policy does not fit it. */
export function checkCedarSchema(engine: CedarEngine, given: unknown, rules: readonly CedarRule[]): string {
  const schema = checkText(given, "The Cedar schema", TEXT_LENGTH_MAX);
  const staticPolicies = Object.fromEntries(rules.map(({ id, text }) => [id, text]));
  const checked = engine.validate({ schema, policies: { staticPolicies } });
  if (checked.type === "failure") throw unreadable("The Cedar schema", schema, checked.errors);
  const [first] = checked.validationErrors;
  if (first === undefined) return schema;
  throw new HolodeckError("invalid_argument", {
    what: `Policy ${first.policyId} does not fit the schema: ${first.error.message}.`,
    todo: "Mend the policy or the schema; nothing of either was loaded.",
  });
}

function readPolicy(engine: CedarEngine, text: string, name: string): CedarRule {
  const read = engine.policyToJson(text);
  if (read.type === "failure") throw unreadable(`The Cedar policy ${name}`, text, read.errors);
  const { annotations = {}, effect } = read.json;
  const id = checkName(annotations["id"] === undefined ? name : annotations["id"], `@id of ${name}`);
  const obligations = termsOf(read.json, id);
  return { id, effect: effect === "forbid" ? "deny" : "allow", text, scope: scopeOf(read.json), obligations };
}

function termsOf({ effect, annotations = {} }: CedarPolicyJson, id: string): readonly Obligation[] {
  const term = TERMS.find((name) => annotations[name] !== undefined);
  if (effect === "forbid" && term !== undefined) {
    throw invalid(
      `@${term} of ${id}`,
      "set on a forbid",
      "Leave it out: only what is allowed comes on terms.",
    );
  }
  const [delivery = {}, cost = 0, capabilities = []] = TERMS.map((name) =>
    parseJson(annotations[name], `@${name} of ${id}`),
  );
  return obligationsOf({
    delivery: parseDelivery(delivery, `@delivery of ${id}`),
    cost: parseCost(cost, `@cost of ${id}`),
    capabilities: parseCapabilities(capabilities, `@capabilities of ${id}`),
  });
}

/** An annotation without a value is null, and no JSON. */
function parseJson(text: string | null | undefined, path: string): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text ?? "");
  } catch {
    throw invalid(path, text, "Write JSON.");
  }
}

function refuseRepeated(rules: readonly CedarRule[]): void {
  const seen = new Set<string>();
  for (const { id } of rules) {
    if (seen.has(id)) throw invalid("@id of two policies", id, "Give each policy an id of its own.");
    seen.add(id);
  }
}

function unreadable(what: string, text: string, [fault]: readonly CedarFault[]): HolodeckError {
  const start = fault?.sourceLocations?.[0]?.start;
  const place = start === undefined ? "" : ` (line ${lineAt(text, start)})`;
  return new HolodeckError("invalid_argument", {
    what: `${what} cannot be read: ${fault?.message ?? "Cedar does not say why"}${place}.`,
    todo: "Mend the text; nothing of it was loaded.",
  });
}

const NEWLINE = 10;

function lineAt(text: string, start: number): number {
  const before = new TextEncoder().encode(text).subarray(0, start);
  return 1 + before.reduce((count, byte) => count + (byte === NEWLINE ? 1 : 0), 0);
}
