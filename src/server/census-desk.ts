// The census as each asker may know it: who sees some rooms alone is told of those alone.
import type { Store } from "../store/port.ts";
import { Census } from "./census.ts";
import type { Principal } from "./principal.ts";

/** As many scopes are kept in mind; another is counted anew. */
const SCOPES_MAX = 32;

export class CensusDesk {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #byScope = new Map<string, Census>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async current(principal: Principal): ReturnType<Census["current"]> {
    const scope = JSON.stringify(principal.rooms?.toSorted() ?? null);
    const census = this.#byScope.get(scope) ?? new Census(this.#store, this.#now, principal);
    // It goes to the end: the first is the one asked for longest ago.
    this.#byScope.delete(scope);
    this.#byScope.set(scope, census);
    const [oldest] = this.#byScope.keys();
    if (this.#byScope.size > SCOPES_MAX && oldest !== undefined) this.#byScope.delete(oldest);
    return await census.current();
  }
}
