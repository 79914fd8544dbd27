// How many tiles the gate let through and how many it turned away, and why, since this server started: all of them, and
// for whoever sees some rooms alone those it submitted itself.
import type { GateReason } from "../tile/gate.ts";
import type { Principal } from "./principal.ts";

interface Count {
  accepted: number;
  rejected: number;
  readonly reasons: Map<GateReason, number>;
}

/** Of so many submitters with a scope their own counts are kept; who submitted longest ago begins anew. */
const SUBMITTERS_MAX = 4_096;

export class GateCounts {
  readonly #all = none();
  readonly #byName = new Map<string, Count>();

  accept(principal: Principal): void {
    for (const count of this.#countsOf(principal)) count.accepted++;
  }

  reject(principal: Principal, reason: GateReason): void {
    for (const count of this.#countsOf(principal)) {
      count.rejected++;
      count.reasons.set(reason, (count.reasons.get(reason) ?? 0) + 1);
    }
  }

  snapshot({ name, rooms }: Principal) {
    const own = rooms === null ? this.#all : (this.#byName.get(name) ?? none());
    const { accepted, rejected, reasons } = own;
    return { accepted, rejected, reasons: Object.fromEntries(reasons) };
  }

  #countsOf({ name, rooms }: Principal): readonly Count[] {
    if (rooms === null) return [this.#all];
    const own = this.#byName.get(name) ?? none();
    // It goes to the end: the first is who submitted longest ago.
    this.#byName.delete(name);
    this.#byName.set(name, own);
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > SUBMITTERS_MAX && oldest !== undefined) this.#byName.delete(oldest);
    return [this.#all, own];
  }
}

function none(): Count {
  return { accepted: 0, rejected: 0, reasons: new Map() };
}
