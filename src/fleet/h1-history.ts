// How β₁ came to be what it is: its newest changes, exact, a bounded number of them. They are part of the fleet's
// state, so every process shows the same and a restart loses none.
import { type GraphCounts, loops } from "./graph.ts";

/** β₁ after an event that changed it, and the graph it belongs to. */
export type H1Sample = {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly h1_dimension: number;
  readonly n_vertices: number;
  readonly n_edges: number;
  readonly n_components: number;
};

/** How many changes are kept. */
export const SAMPLES_MAX = 1_000;

export class H1History {
  /** A ring: once it is full, `next` is the place of the oldest. */
  private readonly ring: H1Sample[] = [];
  private next = 0;

  /** Takes in how the graph is after an event; keeps it when β₁ is another than before. */
  note({ seq, at }: { readonly seq: number; readonly at: number }, counts: GraphCounts): void {
    const h1_dimension = loops(counts);
    const last = this.ring[(this.next + this.ring.length - 1) % Math.max(1, this.ring.length)];
    if (last !== undefined && last.h1_dimension === h1_dimension) return;
    const { vertices: n_vertices, edges: n_edges, components: n_components } = counts;
    this.add({ seq, at, h1_dimension, n_vertices, n_edges, n_components });
  }

  add(sample: H1Sample): void {
    this.ring[this.next] = sample;
    this.next = (this.next + 1) % SAMPLES_MAX;
  }

  /** What takes back a sample that is added next. */
  undo(): () => void {
    const { next } = this;
    const { length } = this.ring;
    const replaced = this.ring[next];
    return () => {
      if (replaced !== undefined) this.ring[next] = replaced;
      this.ring.length = length;
      this.next = next;
    };
  }

  /** The oldest first. */
  samples(): readonly H1Sample[] {
    if (this.ring.length < SAMPLES_MAX) return [...this.ring];
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
