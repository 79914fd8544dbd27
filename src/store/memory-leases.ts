// Leases in memory: for the processes of one store object.
import type { LeaseRequest } from "./port.ts";

interface Lease {
  readonly owner: string;
  readonly until: number;
}

export class MemoryLeases {
  readonly #leases = new Map<string, Lease>();

  /** Takes, renews or gives back; false while another owner holds it. */
  take({ name, owner, now, ttlMs }: Required<LeaseRequest>): boolean {
    const held = this.#leases.get(name);
    if (held !== undefined && held.owner !== owner && held.until > now) return false;
    if (ttlMs === 0) this.#leases.delete(name);
    else this.#leases.set(name, { owner, until: now + ttlMs });
    return true;
  }
}
