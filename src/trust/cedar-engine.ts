// The Cedar engine: `@cedar-policy/cedar-wasm`, an optional package, loaded when it is first needed. It keeps policies
// and schemas ready under names, for good: a name whose owner is gone is emptied and given to the next.
import { HolodeckError } from "../event/error.ts";
import type { CedarRequest } from "./cedar-request.ts";

/** What we ask of the engine. What it answers is not trusted to be complete. */
export interface CedarEngine {
  /** Policies are answered in the order of the names that Cedar gives them: `policy0`, `policy1`, `policy10`, `policy2`. */
  policySetTextToParts(
    text: string,
  ):
    | Refused
    | (Done & { readonly policies: readonly string[]; readonly policy_templates: readonly string[] });
  policyToJson(policy: string): Refused | (Done & { readonly json: CedarPolicyJson });
  validate(call: {
    readonly schema: string;
    readonly policies: CedarPolicySet;
  }): Refused | (Done & { readonly validationErrors: readonly CedarPolicyError[] });
  preparseSchema(name: string, schema: string): Refused | Done;
  preparsePolicySet(name: string, policies: CedarPolicySet): Refused | Done;
  statefulIsAuthorized(call: CedarCall): Refused | (Done & { readonly response: CedarResponse });
}

interface Done {
  readonly type: "success";
}

interface Refused {
  readonly type: "failure";
  readonly errors: readonly CedarFault[];
}

export interface CedarFault {
  /** It may show values. */
  readonly message: string;
  /** In bytes of the text. */
  readonly sourceLocations?: readonly { readonly start: number }[];
}

interface CedarPolicyError {
  readonly policyId: string;
  readonly error: CedarFault;
}

interface CedarPolicySet {
  /** Text by id. */
  readonly staticPolicies: Readonly<Record<string, string>>;
}

interface CedarCall extends CedarRequest {
  readonly preparsedPolicySetId: string;
  readonly preparsedSchemaName?: string;
  readonly validateRequest: boolean;
}

interface CedarResponse {
  readonly decision: "allow" | "deny";
  readonly diagnostics: { readonly reason: readonly string[]; readonly errors: readonly CedarPolicyError[] };
}

/** https://docs.cedarpolicy.com/policies/json-format.html, as far as it is looked at. */
export interface CedarPolicyJson {
  readonly effect: "permit" | "forbid";
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly principal: CedarScopePart;
  readonly action: CedarScopePart;
  readonly resource: CedarScopePart;
}

export interface CedarScopePart {
  readonly op: string;
  readonly entity?: CedarEntityName;
  /** A template's has a slot in its place. */
  readonly in?: { readonly entity: CedarEntityName } | { readonly slot: string };
}

type CedarEntityName = TypeAndId | { readonly __entity: TypeAndId };

interface TypeAndId {
  readonly type: string;
  readonly id: string;
}

const PACKAGE = "@cedar-policy/cedar-wasm";

/** Throws `unsupported` when the package is not installed or cannot be started here. */
export async function loadCedarEngine(load: () => Promise<CedarEngine> = importEngine): Promise<CedarEngine> {
  try {
    return await load();
  } catch (cause) {
    throw new HolodeckError("unsupported", {
      what: `Cedar policies need the package ${PACKAGE}, which is not installed or cannot be started.`,
      todo: `Install it beside Holodeck: \`npm install ${PACKAGE}\`.`,
      cause,
    });
  }
}

async function importEngine(): Promise<CedarEngine> {
  // It does not say in its types that it leaves lists as they are.
  return (await import("@cedar-policy/cedar-wasm/nodejs")) as CedarEngine;
}

let namesGiven = 0;
const freeNames: string[] = [];

/** A name to keep something under as long as `owner` is there. */
export function nameFor(owner: object, engine: CedarEngine): string {
  const name = freeNames.pop() ?? `holodeck-${namesGiven++}`;
  owners.register(owner, { name, engine });
  return name;
}

const owners = new FinalizationRegistry<{ readonly name: string; readonly engine: CedarEngine }>(
  ({ name, engine }) => {
    try {
      engine.preparsePolicySet(name, { staticPolicies: {} });
      engine.preparseSchema(name, "");
      freeNames.push(name);
    } catch {
      // An engine that has failed denies; its names are not used again.
    }
  },
);
