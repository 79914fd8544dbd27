// Who is joined to whom: a simple undirected graph over small integers, as lists of half-edges in typed arrays.
// Edge e has the halves 2e (in the list of its first vertex) and 2e + 1 (in the list of its second); adding,
// finding and removing an edge are O(1), and a vertex's neighbours are walked without allocating.
import { EdgeIndex, NONE } from "./edge-index.ts";
import { IntVector } from "./int-vector.ts";

export class Adjacency {
  /** How many edges there are. */
  edges = 0;
  private readonly firsts = new IntVector(NONE);
  private readonly degrees = new IntVector(0);
  private readonly nexts = new IntVector(NONE);
  private readonly previouses = new IntVector(NONE);
  /** The vertex in whose list half h stands; the neighbour is the owner of the other half. */
  private readonly owners = new IntVector(NONE);
  private readonly index = new EdgeIndex(this.owners);
  private readonly freed: number[] = [];
  private allocated = 0;

  /** The edge between two vertices, or NONE. */
  find(a: number, b: number): number {
    return this.index.find(a, b);
  }

  /** Adds an edge that is not there yet, between two different vertices. */
  add(a: number, b: number): number {
    const edge = this.freed.pop() ?? this.allocated++;
    this.enlist(2 * edge, a);
    this.enlist(2 * edge + 1, b);
    this.index.add(edge);
    this.edges++;
    return edge;
  }

  /** Makes room for so many edges in all. */
  reserve(edges: number): void {
    for (const halves of [this.owners, this.nexts, this.previouses]) halves.reserve(2 * edges);
    this.index.reserve(edges);
  }

  remove(edge: number): void {
    this.index.remove(edge);
    this.delist(2 * edge);
    this.delist(2 * edge + 1);
    this.freed.push(edge);
    this.edges--;
  }

  degree(vertex: number): number {
    return this.degrees.at(vertex);
  }

  /** The first half-edge of a vertex, or NONE. */
  first(vertex: number): number {
    return this.firsts.at(vertex);
  }

  /** The half-edge after this one in its vertex's list, or NONE. */
  next(half: number): number {
    return this.nexts.at(half);
  }

  /** The vertex a half-edge leads to. */
  neighbour(half: number): number {
    return this.owners.at(half ^ 1);
  }

  /** The vertex an edge was added from. */
  source(edge: number): number {
    return this.owners.at(2 * edge);
  }

  private enlist(half: number, vertex: number): void {
    const second = this.firsts.at(vertex);
    this.owners.set(half, vertex);
    this.nexts.set(half, second);
    this.previouses.set(half, NONE);
    if (second !== NONE) this.previouses.set(second, half);
    this.firsts.set(vertex, half);
    this.degrees.add(vertex, 1);
  }

  private delist(half: number): void {
    const vertex = this.owners.at(half);
    const before = this.previouses.at(half);
    const after = this.nexts.at(half);
    if (before === NONE) this.firsts.set(vertex, after);
    else this.nexts.set(before, after);
    if (after !== NONE) this.previouses.set(after, before);
    this.degrees.add(vertex, -1);
  }
}
