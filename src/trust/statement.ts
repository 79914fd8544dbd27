// A statement is one sentence of a policy: these roles may, or may not, do these actions on these resources, when the
// condition holds; an allow says on which terms.
import type { JsonObject } from "../event/json.ts";
import { compileCondition, type Condition } from "./condition.ts";
import { checkList, checkObject, checkOneOf, invalid } from "./input.ts";
import { checkName, checkNameOrStar } from "./name.ts";
import { parseCapabilities, parseCost, parseDelivery, type Delivery } from "./obligation.ts";
import { parseResourcePattern } from "./resource-pattern.ts";

export interface Statement extends JsonObject {
  readonly id: string;
  /** A principal that holds one of these is meant; `*` is everyone, also who holds none. */
  readonly roles: readonly string[];
  readonly effect: Effect;
  /** Exact, or `*` for all. */
  readonly actions: readonly string[];
  /** Exact, `*`, or under a prefix (see resource-pattern.ts). */
  readonly resources: readonly string[];
  /** All must hold; none is always true. */
  readonly condition: Condition;
  /** Of an allow: how what is allowed may be delivered. */
  readonly delivery: Delivery;
  /** Of an allow: dust per use, in its smallest unit; 0 is free. */
  readonly cost: number;
  /** Of an allow: what the principal's agent must be capable of. */
  readonly capabilities: readonly string[];
}

export type Effect = "allow" | "deny";

const EFFECTS: ReadonlyMap<string, Effect> = new Map([
  ["allow", "allow"],
  ["permit", "allow"],
  ["grant", "allow"],
  ["deny", "deny"],
  ["block", "deny"],
  ["reject", "deny"],
]);

const MEMBERS = [
  "id",
  "roles",
  "effect",
  "actions",
  "resources",
  "condition",
  "delivery",
  "cost",
  "capabilities",
];

/** The most statements of one policy. */
const STATEMENTS_MAX = 20_000;

/** Roles × actions × resources of all statements of one policy: what its index holds. */
const INDEX_ENTRIES_MAX = 1_000_000;

const LIST_MAX = 64;
/** One statement must fit into one event of 64 KiB, three bytes a character. */
const STATEMENT_LENGTH_MAX = 16_384;

/**
 * A statement from what a caller or a file gives; `id`, `roles`, `effect`, `actions` and `resources` must be there.
 * The effect words permit and grant become `allow`, block and reject `deny`. Throws `invalid_argument` with the path
 * of what is wrong.
 */
export function parseStatement(value: unknown, path = "statement"): Statement {
  const given = checkObject(value, path, MEMBERS);
  const effect = parseEffect(given["effect"], `${path}.effect`);
  const condition = given["condition"] ?? {};
  compileCondition(condition, `${path}.condition`);
  const statement: Statement = {
    id: checkName(given["id"], `${path}.id`),
    roles: checkWords(given["roles"], `${path}.roles`, checkNameOrStar),
    effect,
    actions: checkWords(given["actions"], `${path}.actions`, checkNameOrStar),
    resources: checkWords(given["resources"], `${path}.resources`, checkPattern),
    // Its shape has just been checked; the copy is the policy's own.
    condition: JSON.parse(JSON.stringify(condition)) as Condition,
    delivery: parseDelivery(given["delivery"] ?? {}, `${path}.delivery`),
    cost: parseCost(given["cost"] ?? 0, `${path}.cost`),
    capabilities: parseCapabilities(given["capabilities"] ?? [], `${path}.capabilities`),
  };
  if (effect === "deny") refuseTerms(statement, path);
  const { length } = JSON.stringify(statement);
  if (length > STATEMENT_LENGTH_MAX) {
    throw invalid(
      path,
      `${length} characters of JSON`,
      `Keep a statement to ${STATEMENT_LENGTH_MAX}; write two.`,
    );
  }
  return statement;
}

/** The statements of a policy, in order of their ids. Throws `invalid_argument`; a repeated id is refused. */
export function parseStatements(value: unknown, path = "statements"): readonly Statement[] {
  const statements = checkList(value, path, STATEMENTS_MAX, 0).map((one, index) =>
    parseStatement(one, `${path}[${index}]`),
  );
  const seen = new Set<string>();
  for (const [index, { id }] of statements.entries()) {
    if (seen.has(id)) throw invalid(`${path}[${index}].id`, id, "Give each statement an id of its own.");
    seen.add(id);
  }
  checkTogether(statements, path);
  return inOrder(statements);
}

/** The order of a policy: that of the ids, so that the order they were written in never matters. */
export function inOrder(statements: readonly Statement[]): readonly Statement[] {
  return [...statements].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Throws `invalid_argument` when the statements together are too many, or name too many combinations. */
export function checkTogether(statements: readonly Statement[], path: string): void {
  checkList(statements, path, STATEMENTS_MAX, 0);
  let entries = 0;
  for (const { roles, actions, resources } of statements) {
    entries += roles.length * actions.length * resources.length;
  }
  if (entries > INDEX_ENTRIES_MAX) {
    const todo = `Keep the sum to ${INDEX_ENTRIES_MAX}: grant to a common role, or by a prefix.`;
    throw invalid(`roles × actions × resources of ${path}`, entries, todo);
  }
}

function parseEffect(value: unknown, path: string): Effect {
  const effect = EFFECTS.get(checkOneOf(value, path, [...EFFECTS.keys()]));
  return effect ?? "deny";
}

function checkWords(
  value: unknown,
  path: string,
  check: (word: unknown, path: string) => string,
): readonly string[] {
  const words = checkList(value, path, LIST_MAX).map((word, index) => check(word, `${path}[${index}]`));
  return [...new Set(words)];
}

function checkPattern(value: unknown, path: string): string {
  parseResourcePattern(value, path);
  return value as string;
}

function refuseTerms({ delivery, cost, capabilities }: Statement, path: string): void {
  const term = [
    Object.keys(delivery).length > 0 ? "delivery" : null,
    cost > 0 ? "cost" : null,
    capabilities.length > 0 ? "capabilities" : null,
  ].find((name) => name !== null);
  if (term === undefined) return;
  throw invalid(`${path}.${term}`, "set on a deny", "Leave it out: only what is allowed comes on terms.");
}
