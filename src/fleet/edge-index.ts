// Finds the edge between two vertices: a hash table with linear probing that holds edge numbers alone.
// The vertices of edge e stand in `ends` at 2e and 2e + 1, so a table of a million edges is 8 to 16 MB.
import type { IntVector } from "./int-vector.ts";

/** What stands for no edge, no vertex, no parent. */
export const NONE = -1;

const SLOTS_MIN = 16;

export class EdgeIndex {
  private readonly ends: IntVector;
  private slots = new Int32Array(SLOTS_MIN).fill(NONE);
  private used = 0;

  constructor(ends: IntVector) {
    this.ends = ends;
  }

  /** The edge between two vertices in either order, or NONE. */
  find(a: number, b: number): number {
    return this.slots[this.slotOf(a, b)] ?? NONE;
  }

  /** Adds an edge whose ends are already written and not yet in the table. */
  add(edge: number): void {
    if (this.used * 2 >= this.slots.length) this.grow();
    this.slots[this.homeless(edge)] = edge;
    this.used++;
  }

  /** Makes room for so many edges in all. */
  reserve(edges: number): void {
    while (edges * 2 >= this.slots.length) this.grow();
  }

  /** Removes an edge whose ends are still written; the probe runs behind it close up. */
  remove(edge: number): void {
    const mask = this.slots.length - 1;
    let hole = this.slotOf(this.ends.at(2 * edge), this.ends.at(2 * edge + 1));
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      const next = this.slots[slot] ?? NONE;
      if (next === NONE) break;
      const home = this.home(this.ends.at(2 * next), this.ends.at(2 * next + 1));
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.slots[hole] = next;
      hole = slot;
    }
    this.slots[hole] = NONE;
    this.used--;
  }

  private slotOf(a: number, b: number): number {
    const mask = this.slots.length - 1;
    let slot = this.home(a, b);
    for (;;) {
      const edge = this.slots[slot] ?? NONE;
      if (edge === NONE) return slot;
      const from = this.ends.at(2 * edge);
      const to = this.ends.at(2 * edge + 1);
      if ((from === a && to === b) || (from === b && to === a)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private homeless(edge: number): number {
    const mask = this.slots.length - 1;
    let slot = this.home(this.ends.at(2 * edge), this.ends.at(2 * edge + 1));
    while (this.slots[slot] !== NONE) slot = (slot + 1) & mask;
    return slot;
  }

  private home(a: number, b: number): number {
    let mixed = Math.imul(Math.min(a, b), 0x9e3779b1) ^ Math.imul(Math.max(a, b) + 1, 0x85ebca77);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d);
    return (mixed ^ (mixed >>> 13)) & (this.slots.length - 1);
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2).fill(NONE);
    for (const edge of old) if (edge !== NONE) this.slots[this.homeless(edge)] = edge;
  }
}
