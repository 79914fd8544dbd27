// A policy as Cedar text, for those who read, verify or run Cedar (https://docs.cedarpolicy.com).
// Principals are `Principal` in their `Role`s, with id, nickname and metadata; resources are `Resource` with id and
// attributes; `cedarRequest` makes a request to fit. Terms become annotations. Where Cedar decides differently:
// - A statement that cannot be judged denies here. Cedar skips it (text that should be less than a number: take a Cedar
//   answer with errors for a deny), or takes the two for unequal (`"5" == 5`), and a forbid on that does not apply.
// - An attribute looked for inside something that is no object is missing here, and an error there.
// - Names that are no names (see name.ts) and attributes over their limits deny here; Cedar takes any text.
import { HolodeckError } from "../event/error.ts";
import { cedarCondition, type CedarMoment } from "./cedar-condition.ts";
import type { CedarEncoding } from "./cedar-request.ts";
import { CEDAR_DECIMALS, cedarPattern, cedarString } from "./cedar-text.ts";
import { parseResourcePattern } from "./resource-pattern.ts";
import type { Statement } from "./statement.ts";

export interface CedarExport extends CedarEncoding {
  /** The whole policy, ready for a file. */
  readonly text: string;
  /** The same by statement id. */
  readonly policies: ReadonlyMap<string, string>;
}

/** Throws `unsupported`, naming the statement, for a number that Cedar cannot hold. */
export function exportCedar(statements: readonly Statement[]): CedarExport {
  const moments = new Map<string, CedarMoment>();
  const policies = new Map<string, string>();
  for (const statement of statements) {
    const condition = conditionOf(statement);
    for (const moment of condition.moments) moments.set(moment.key, moment);
    policies.set(statement.id, policyOf(statement, condition.expression));
  }
  const notes = [
    `// Numbers are times ${10 ** CEDAR_DECIMALS}; null is the empty record. An answer with errors is a deny.`,
    ...[...moments.keys()].map(
      (key) => `// The context must hold ${cedarString(key)}, where it can be told.`,
    ),
  ];
  return {
    text: [...notes, "", ...policies.values()].join("\n"),
    policies,
    decimals: CEDAR_DECIMALS,
    moments: [...moments.values()],
  };
}

function conditionOf({ id, condition, effect }: Statement): ReturnType<typeof cedarCondition> {
  try {
    return cedarCondition(condition, effect);
  } catch (cause) {
    if (!(cause instanceof HolodeckError) || cause.code !== "unsupported") throw cause;
    throw new HolodeckError("unsupported", {
      what: `Statement ${id}: ${cause.what}`,
      todo: cause.todo,
      cause,
    });
  }
}

/** What fits into the scope stands there: engines find policies by it. */
function policyOf(statement: Statement, condition: string | null): string {
  const effect = statement.effect === "allow" ? "permit" : "forbid";
  const principal = principalOf(statement.roles);
  const resource = resourceOf(statement.resources);
  const scope = `${effect} (${principal.scope}, ${actionOf(statement.actions)}, ${resource.scope})`;
  const clauses = [principal.clause, resource.clause, condition].filter((clause) => clause !== null);
  const when = clauses.map((clause) => `\nwhen { ${clause} }`).join("");
  return `${annotationsOf(statement)}${scope}${when};\n`;
}

function annotationsOf({ id, delivery, cost, capabilities }: Statement): string {
  const annotations = [
    ["id", id],
    ...(Object.keys(delivery).length > 0 ? [["delivery", JSON.stringify(delivery)]] : []),
    ...(cost > 0 ? [["cost", String(cost)]] : []),
    ...(capabilities.length > 0 ? [["capabilities", JSON.stringify(capabilities)]] : []),
  ];
  return annotations.map(([name, value]) => `@${name}(${cedarString(value ?? "")})\n`).join("");
}

/** A part of the scope, and what of it only a clause can say. */
interface ScopePart {
  readonly scope: string;
  readonly clause: string | null;
}

function principalOf(roles: readonly string[]): ScopePart {
  if (roles.includes("*")) return { scope: "principal", clause: null };
  const [first = "", ...others] = roles.map((role) => `Role::${cedarString(role)}`);
  if (others.length === 0) return { scope: `principal in ${first}`, clause: null };
  return { scope: "principal", clause: `principal in [${[first, ...others].join(", ")}]` };
}

function actionOf(actions: readonly string[]): string {
  if (actions.includes("*")) return "action";
  const [first = "", ...others] = actions.map((action) => `Action::${cedarString(action)}`);
  return others.length === 0 ? `action == ${first}` : `action in [${[first, ...others].join(", ")}]`;
}

function resourceOf(resources: readonly string[]): ScopePart {
  const patterns = resources.map((resource) => parseResourcePattern(resource, "resources"));
  if (patterns.some(({ kind }) => kind === "all")) return { scope: "resource", clause: null };
  const tests = patterns.map((pattern) => {
    if (pattern.kind === "exact") return `resource == Resource::${cedarString(pattern.id)}`;
    const prefix = pattern.kind === "prefix" ? pattern.prefix : "";
    // `like` takes an empty rest; a prefix covers what is longer than itself.
    return `(resource.id like ${cedarPattern([prefix, ""])} && resource.id != ${cedarString(prefix)})`;
  });
  const [only = ""] = tests;
  const isExact = patterns.length === 1 && patterns[0]?.kind === "exact";
  return isExact ? { scope: only, clause: null } : { scope: "resource", clause: tests.join(" || ") };
}
