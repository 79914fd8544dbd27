// How many tiles the gate let through and how many it turned away, and why, since this server started.
import type { GateReason } from "../tile/gate.ts";

export class GateCounts {
  #accepted = 0;
  #rejected = 0;
  readonly #reasons = new Map<GateReason, number>();

  accept(): void {
    this.#accepted++;
  }

  reject(reason: GateReason): void {
    this.#rejected++;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  snapshot(): { readonly accepted: number; readonly rejected: number; readonly reasons: object } {
    return {
      accepted: this.#accepted,
      rejected: this.#rejected,
      reasons: Object.fromEntries(this.#reasons),
    };
  }
}
