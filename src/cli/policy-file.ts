// A policy as people write it: YAML or JSON with its statements, and beside them who is who and what is expected.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { HolodeckError } from "../event/error.ts";
import type { JsonObject } from "../event/json.ts";
import { loadCedarPolicy } from "../trust/cedar-policy.ts";
import type { PolicyEngine, PolicyRequest, Resource } from "../trust/decision.ts";
import { checkList, checkObject, checkOneOf, checkPlainObject, checkText } from "../trust/input.ts";
import { parseIdentity, type Identity } from "../trust/identity.ts";
import { checkName } from "../trust/name.ts";
import { compilePolicy, type Policy } from "../trust/policy.ts";

export interface PolicyFile {
  readonly policy: Policy;
  readonly cases: readonly PolicyCase[];
  /** By id. */
  readonly identities: ReadonlyMap<string, Identity>;
}

export interface PolicyCase {
  readonly who: Identity;
  readonly request: PolicyRequest;
  readonly expect: "allow" | "deny";
  /** The statements that must decide; null when that is not asked. */
  readonly by: readonly string[] | null;
}

export interface CedarFiles {
  /** A path. */
  readonly cedar?: string;
  /** A path. */
  readonly schema?: string;
  readonly decimals?: number;
}

const CASES_MAX = 10_000;
const TEXT_LENGTH_MAX = 4_096;
const ALIAS_COUNT_MAX = 100;

/** Throws `not_found` for a file that cannot be read, and `invalid_argument` with the path of what is wrong in it. */
export function readPolicyFile(file: string): PolicyFile {
  const given = checkObject(parseText(file), file, ["version", "statements", "identities", "cases"]);
  const policy = compilePolicy(given["statements"] ?? [], { version: 1 });
  const identities = readIdentities(given["identities"] ?? {});
  const cases = checkList(given["cases"] ?? [], "cases", CASES_MAX, 0);
  return {
    policy,
    identities,
    cases: cases.map((one, index) => readCase(one, `cases[${index}]`, identities)),
  };
}

/** A principal by its id in the file, or anyone with these roles. */
export function principalOf(
  identities: ReadonlyMap<string, Identity>,
  id: string,
  roles: readonly string[] = [],
): Identity {
  const known = identities.get(id);
  if (known === undefined) return parseIdentity({ id, roles }, "who");
  return roles.length === 0 ? known : parseIdentity({ ...known, roles }, "who");
}

function readIdentities(value: unknown): ReadonlyMap<string, Identity> {
  const given = checkPlainObject(value, "identities", CASES_MAX);
  return new Map(
    Object.entries(given).map(([id, one]) => {
      const members = checkPlainObject(one ?? {}, `identities.${id}`, 16);
      return [id, parseIdentity({ ...members, id }, `identities.${id}`)];
    }),
  );
}

function readCase(value: unknown, path: string, identities: ReadonlyMap<string, Identity>): PolicyCase {
  const given = checkObject(value, path, ["who", "action", "resource", "context", "expect", "by"]);
  const { who, by, context } = given;
  return {
    who:
      typeof who === "string"
        ? principalOf(identities, checkName(who, `${path}.who`))
        : parseIdentity(who, `${path}.who`),
    // What is wrong with the names and facts of a case denies, as in any request.
    request: {
      action: checkText(given["action"], `${path}.action`, TEXT_LENGTH_MAX, 0),
      resource: readResource(given["resource"], `${path}.resource`),
      ...(context !== undefined && { context: context as JsonObject }),
    },
    expect: checkOneOf(given["expect"], `${path}.expect`, ["allow", "deny"] as const),
    by: by === undefined ? null : checkList(by, `${path}.by`, 64, 0).map((id) => checkName(id, `${path}.by`)),
  };
}

function readResource(value: unknown, path: string): string | Resource {
  if (typeof value === "string") return value;
  const { id, attributes } = checkObject(value, path, ["id", "attributes"]);
  return {
    id: checkText(id, `${path}.id`, TEXT_LENGTH_MAX, 0),
    ...(attributes !== undefined && { attributes: attributes as JsonObject }),
  };
}

/** What decides instead of the file's statements, when Cedar policies are given. */
export async function engineOf(
  { policy }: PolicyFile,
  { cedar, schema, decimals = 0 }: CedarFiles,
): Promise<PolicyEngine> {
  if (cedar === undefined) return policy;
  const policies = readText(cedar);
  return await loadCedarPolicy({
    policies,
    decimals,
    version: 1,
    ...(schema !== undefined && { schema: readText(schema) }),
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HolodeckError("not_found", {
      what: `The policy ${file} cannot be read (${codeOf(cause)}).`,
      todo: "Check the path; examples/policy.yaml is one to start from.",
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "no reason given";
}

function parseText(file: string): unknown {
  const text = readText(file);
  try {
    return parse(text, { maxAliasCount: ALIAS_COUNT_MAX, uniqueKeys: true });
  } catch (cause) {
    throw new HolodeckError("invalid_argument", {
      what: `${file} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`,
      todo: "Mend it there.",
      cause,
    });
  }
}
