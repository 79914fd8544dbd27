// The leases of the store in memory.
import { checkLease } from "./input.ts";
import type { LeaseRequest } from "./port.ts";

interface Lease {
  readonly owner: string;
  readonly until: number;
}

export class MemoryLeases {
  readonly #leases = new Map<string, Lease>();

  take(request: LeaseRequest): boolean {
    const { name, owner, now, ttlMs } = checkLease(request);
    const held = this.#leases.get(name);
    if (held !== undefined && held.owner !== owner && held.until > now) return false;
    if (ttlMs === 0) this.#leases.delete(name);
    else this.#leases.set(name, { owner, until: now + ttlMs });
    return true;
  }
}
