// The (2,3)-pebble game (Jacobs & Hendrickson 1997; Lee & Streinu 2008): every vertex has two pebbles, an edge is
// independent of those before it when four pebbles can be gathered on its ends, and then one of them covers it.
// Edges that are covered point from the vertex whose pebble covers them; gathering turns a path of them round.
import { NONE } from "./edge-index.ts";
import { IntVector } from "./int-vector.ts";

export type Verdict = "independent" | "redundant" | "undecided";

export class PebbleGame {
  private readonly free = new IntVector(2);
  /** Where the two pebbles of vertex v point, at 2v and 2v + 1. */
  private readonly points = new IntVector(NONE);
  private readonly stamps = new IntVector(0);
  private readonly cameFrom = new IntVector(NONE);
  private readonly stack: number[] = [];
  private epoch = 0;
  private budget: number;

  /** `budget` is how many vertices all searches together may visit. */
  constructor(vertices: number, budget: number) {
    this.budget = budget;
    for (let vertex = 0; vertex < vertices; vertex++) this.free.set(vertex, 2);
  }

  /** Whether an edge is independent of those played before; `undecided` once the budget is spent. */
  play(a: number, b: number): Verdict {
    while (this.free.at(a) + this.free.at(b) < 4) {
      if (this.budget <= 0) return "undecided";
      const poor = this.free.at(a) < 2 ? a : b;
      if (this.gather(poor, poor === a ? b : a)) continue;
      return this.budget <= 0 ? "undecided" : "redundant";
    }
    this.point(a, NONE, b);
    this.free.add(a, -1);
    return "independent";
  }

  /** Brings one more pebble to `start`, over `keep` if need be, but without taking any from it. */
  private gather(start: number, keep: number): boolean {
    const epoch = ++this.epoch;
    this.stack.length = 0;
    this.stack.push(start);
    this.stamps.set(start, epoch);
    for (let vertex = this.stack.pop(); vertex !== undefined; vertex = this.stack.pop()) {
      if (this.budget-- <= 0) return false;
      for (const slot of [2 * vertex, 2 * vertex + 1]) {
        const next = this.points.at(slot);
        if (next === NONE || this.stamps.at(next) === epoch) continue;
        this.stamps.set(next, epoch);
        this.cameFrom.set(next, vertex);
        if (next !== keep && this.free.at(next) > 0) {
          this.turn(start, next);
          return true;
        }
        this.stack.push(next);
      }
    }
    return false;
  }

  /** Covers each edge of the path from `start` to `end` from its other side. */
  private turn(start: number, end: number): void {
    this.free.add(end, -1);
    for (let vertex = end; vertex !== start;) {
      const before = this.cameFrom.at(vertex);
      this.point(before, vertex, NONE);
      this.point(vertex, NONE, before);
      vertex = before;
    }
    this.free.add(start, 1);
  }

  /** Points a pebble of a vertex that points at `from` (NONE: a free one) at `to`. */
  private point(vertex: number, from: number, to: number): void {
    const slot = this.points.at(2 * vertex) === from ? 2 * vertex : 2 * vertex + 1;
    this.points.set(slot, to);
  }
}
