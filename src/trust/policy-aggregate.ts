// A policy as a stream: every change is a version, an invalid one is refused whole and the version before stays.
// What is written is the difference, so a large policy is set once and then edited by small events.
import type { Aggregate, Decision, Happened, Refusal, Timed } from "../event/decider.ts";
import { HolodeckError } from "../event/error.ts";
import type { Fact } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { Head } from "../event/log.ts";
import { checkName } from "./name.ts";
import { Policy } from "./policy.ts";
import { checked, refuseOtherVersion } from "./refusals.ts";
import { checkTogether, inOrder, parseStatement, parseStatements, type Statement } from "./statement.ts";

interface Change extends Timed {
  /** Who changes it: kept in the event. */
  readonly by: string;
  /** Refused with `conflict` when the policy stands at another version. */
  readonly expectedVersion?: number;
}

export type PolicyCommand =
  /** Makes these all its statements. */
  | (Change & { readonly type: "set_policy"; readonly statements: unknown })
  /** Adds a statement, or puts it in the place of the one with its id. */
  | (Change & { readonly type: "put_statement"; readonly statement: unknown })
  | (Change & { readonly type: "remove_statement"; readonly statementId: string });

/** One version's difference, or a part of it: a version stands once all its parts do. They are appended together. */
export type PolicyEvent = Fact & {
  readonly type: "policy_changed";
  readonly data: PolicyChanged;
};

export interface PolicyChanged extends JsonObject {
  readonly version: number;
  /** 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  readonly by: string;
  readonly put: readonly Statement[];
  readonly removed: readonly string[];
}

export interface PolicyState {
  /** 0 before the first change. */
  version: number;
  createdAt: number;
  readonly statements: Map<string, Statement>;
}

export const policyAggregate: Aggregate<PolicyState, PolicyCommand, PolicyEvent> = {
  initial: () => ({ version: 0, createdAt: 0, statements: new Map() }),
  decide,
  evolve,
  head,
  settle: () => null,
  snapshot: { version: 1, save, load },
};

/** The policy a state stands for, compiled. Keep it by its version: the state goes on. */
export function policyOf(state: PolicyState): Policy {
  return new Policy(inOrder([...state.statements.values()]), state.version);
}

/** The policy as it stood at a version, from its stream's events. Throws `not_found` for a version that never was. */
export function policyAt(events: Iterable<Happened<PolicyEvent>>, version: number): Policy {
  let state = policyAggregate.initial();
  for (const event of events) {
    if (event.data.version > version) break;
    state = evolve(state, event);
  }
  if (state.version === version) return policyOf(state);
  throw new HolodeckError("not_found", {
    what: `The policy has no version ${version}; the last one here is ${state.version}.`,
    todo: "Ask for a version from 0 to the last one.",
  });
}

function decide(state: PolicyState, command: PolicyCommand): Decision<PolicyEvent> {
  const refusal = refuseOtherVersion(state.version, command.expectedVersion);
  if (refusal !== null) return refusal;
  const by = checked(() => checkName(command.by, "by"));
  if ("refusal" in by) return by.refusal;
  const difference = checked(() => differenceOf(state, command));
  if ("refusal" in difference) return difference.refusal;
  return refuseUnknown(state, command) ?? eventsOf(difference.value, state.version + 1, by.value);
}

interface Difference {
  readonly put: readonly Statement[];
  readonly removed: readonly string[];
}

function differenceOf(state: PolicyState, command: PolicyCommand): Difference {
  switch (command.type) {
    case "set_policy":
      return differenceTo(state, parseStatements(command.statements));
    case "put_statement": {
      const statement = parseStatement(command.statement);
      checkTogether([...new Map(state.statements).set(statement.id, statement).values()], "the policy");
      return { put: isIn(state, statement) ? [] : [statement], removed: [] };
    }
    case "remove_statement":
      return { put: [], removed: [command.statementId] };
  }
}

function differenceTo(state: PolicyState, next: readonly Statement[]): Difference {
  const kept = new Set(next.map(({ id }) => id));
  return {
    put: next.filter((statement) => !isIn(state, statement)),
    removed: [...state.statements.keys()].filter((id) => !kept.has(id)),
  };
}

/** Statements are written with their members in one order. */
function isIn({ statements }: PolicyState, statement: Statement): boolean {
  const known = statements.get(statement.id);
  return known !== undefined && JSON.stringify(known) === JSON.stringify(statement);
}

function refuseUnknown(state: PolicyState, command: PolicyCommand): Refusal | null {
  if (command.type !== "remove_statement" || state.statements.has(command.statementId)) return null;
  return {
    code: "not_found",
    what: "The policy has no statement with this id.",
    todo: "Remove one of its statements.",
  };
}

/** Nothing when nothing would change. */
function eventsOf({ put, removed }: Difference, version: number, by: string): readonly PolicyEvent[] {
  const parts = [
    ...partsOf(put, (items) => ({ put: items, removed: [] })),
    ...partsOf(removed, (items) => ({ put: [], removed: items })),
  ];
  // The first version may be empty: then there is a policy, which denies all.
  if (version === 1 && parts.length === 0) parts.push({ put: [], removed: [] });
  return parts.map((part, index) => ({
    type: "policy_changed",
    room: null,
    data: { version, part: index + 1, parts: parts.length, by, ...part },
  }));
}

/** The most characters of statements in one event: at three bytes each they fit, and so does the longest one. */
const PART_LENGTH_MAX = 18_000;

function partsOf<Item extends Json, Part>(
  items: readonly Item[],
  make: (items: readonly Item[]) => Part,
): Part[] {
  const groups: Item[][] = [];
  let length = PART_LENGTH_MAX;
  for (const item of items) {
    const own = JSON.stringify(item).length + 1;
    if (length + own > PART_LENGTH_MAX) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(item);
    length += own;
  }
  return groups.map(make);
}

function evolve(state: PolicyState, { data, at }: Happened<PolicyEvent>): PolicyState {
  if (state.version === 0 && data.part === 1) state.createdAt = at;
  for (const id of data.removed) state.statements.delete(id);
  for (const statement of data.put) state.statements.set(statement.id, statement);
  if (data.part === data.parts) state.version = data.version;
  return state;
}

function head({ version, createdAt, statements }: PolicyState): Head {
  const summary = { version, statements: statements.size };
  return { kind: "policy", status: "active", createdAt, dueAt: null, labels: [], summary };
}

function save({ version, createdAt, statements }: PolicyState): Json {
  return { version, created_at: createdAt, statements: [...statements.values()] };
}

function load(json: Json): PolicyState {
  const saved = json as unknown as SavedPolicy;
  const statements = new Map(saved.statements.map((statement) => [statement.id, statement]));
  return { version: saved.version, createdAt: saved.created_at, statements };
}

interface SavedPolicy {
  readonly version: number;
  readonly created_at: number;
  readonly statements: readonly Statement[];
}
