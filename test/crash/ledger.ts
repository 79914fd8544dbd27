// What was announced and what was promised, as the one that watches heard it.
import type { Line } from "./protocol.ts";

export type Try = Extract<Line, { kind: "try" }>;
export type Acknowledged = Extract<Line, { kind: "acknowledged" }>;

export class Ledger {
  readonly tries: Try[] = [];
  /** Ids of the tries that the store has answered. */
  readonly appended = new Set<string>();
  readonly acknowledged: Acknowledged[] = [];
  readonly blobs = new Set<string>();
  /** The failpoints that were reached. */
  readonly points = new Set<string>();

  take(line: Line): void {
    switch (line.kind) {
      case "try":
        this.tries.push(line);
        return;
      case "appended":
        this.appended.add(line.id);
        return;
      case "acknowledged":
        this.acknowledged.push(line);
        return;
      case "blob":
        this.blobs.add(line.hash);
        return;
      case "point":
        this.points.add(line.name);
    }
  }

  /** Everything that was promised: appends to the store, changes to callers, blobs. */
  get promises(): number {
    return this.appended.size + this.acknowledged.length + this.blobs.size;
  }
}
