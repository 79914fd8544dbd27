// The policies of a Cedar policy in sets of a hundred, each kept ready in the engine. A request is asked only of the
// sets that hold a policy whose scope may fit it.
import { nameFor, type CedarEngine } from "./cedar-engine.ts";
import type { CedarRequest } from "./cedar-request.ts";
import { scopeKeyOf, scopeKeysFor } from "./cedar-scope.ts";
import type { CedarRule } from "./cedar-source.ts";

/** A larger set is copied for longer, and more sets are more calls. */
const SET_SIZE = 100;

export class CedarSets {
  /** The names of the sets by the keys of their scopes. */
  readonly #names = new Map<string, Set<string>>();

  /** Throws what the engine throws. */
  constructor(engine: CedarEngine, rules: readonly CedarRule[]) {
    const ordered = rules
      .map((rule) => ({ rule, key: scopeKeyOf(rule.scope) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    for (let start = 0; start < ordered.length; start += SET_SIZE) {
      const set = ordered.slice(start, start + SET_SIZE);
      const name = nameFor(this, engine);
      const staticPolicies = Object.fromEntries(set.map(({ rule }) => [rule.id, rule.text]));
      const prepared = engine.preparsePolicySet(name, { staticPolicies });
      if (prepared.type === "failure") throw new Error("The Cedar engine refuses what it has read before.");
      for (const { key } of set) this.#add(key, name);
    }
  }

  /** The names of the sets to ask. */
  for(request: CedarRequest): ReadonlySet<string> {
    const found = new Set<string>();
    for (const key of scopeKeysFor(request)) {
      for (const name of this.#names.get(key) ?? []) found.add(name);
    }
    return found;
  }

  #add(key: string, name: string): void {
    const names = this.#names.get(key);
    if (names === undefined) this.#names.set(key, new Set([name]));
    else names.add(name);
  }
}
