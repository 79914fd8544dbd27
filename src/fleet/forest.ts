// Which vertices hang together, while edges come and go: a spanning forest of Euler tours. Finding a component and
// inserting an edge are O(log n), whatever the shape of the graph; deleting an edge of the forest looks for another
// among the edges outside it of the smaller side, and where that has none there is nothing to look at.
import type { Adjacency } from "./adjacency.ts";
import { NONE } from "./edge-index.ts";
import { EulerTours } from "./euler-tours.ts";
import { IntVector } from "./int-vector.ts";

/** What the structure has cost: how far up a component is found, and how long a hard deletion looks. */
export interface ForestMetrics {
  /** Mean number of steps from a vertex to its root; 0 when empty. */
  readonly averageDepth: number;
  /** Edges of the forest deleted so far. */
  readonly treeDeletes: number;
  /** Half-edges looked at while searching for replacements. */
  readonly scans: number;
  /** Mean scans of a deleted edge of the forest; 0 before the first. */
  readonly scansPerDelete: number;
}

/** How many vertices `rebuild` takes in at a step: some ten milliseconds. */
const VERTICES_PER_STEP = 16_384;

export class Forest {
  /** How many trees there are, single vertices counted. */
  trees = 0;
  private readonly adjacency: Adjacency;
  private readonly tours = new EulerTours();
  /** The link of each edge of the forest; NONE for the others. A vertex has those others' halves to spare. */
  private readonly links = new IntVector(NONE);
  private vertices = 0;
  private scans = 0;
  private treeDeletes = 0;

  constructor(adjacency: Adjacency) {
    this.adjacency = adjacency;
  }

  addVertex(vertex: number): void {
    this.tours.addVertex(vertex);
    this.trees++;
    this.vertices++;
  }

  /** Makes room for so many vertices and edges. */
  reserve(vertices: number, edges: number): void {
    this.tours.reserve(vertices);
    this.links.reserve(edges);
  }

  /** Removes a vertex that has no edges left. */
  removeVertex(vertex: number): void {
    this.tours.removeVertex(vertex);
    this.trees--;
    this.vertices--;
  }

  /** One vertex of the component: the same for two vertices exactly when they are connected. Good until the next change. */
  root(vertex: number): number {
    return this.tours.root(vertex);
  }

  /** Steps from a vertex to its root. */
  depth(vertex: number): number {
    return this.tours.depth(vertex);
  }

  /** Vertices of the component with this root. */
  sizeAt(root: number): number {
    return this.tours.size(root);
  }

  /** Edges of the component with this root: those of its tree, and the others, which each spare two halves. */
  edgesAt(root: number): number {
    return this.tours.size(root) - 1 + this.tours.spare(root) / 2;
  }

  metrics(): ForestMetrics {
    return {
      averageDepth: this.vertices === 0 ? 0 : this.tours.depthSum / this.vertices - 1,
      treeDeletes: this.treeDeletes,
      scans: this.scans,
      scansPerDelete: this.treeDeletes === 0 ? 0 : this.scans / this.treeDeletes,
    };
  }

  /** Takes in an edge that the adjacency has under this number. */
  insert(edge: number, a: number, b: number): void {
    const rootA = this.tours.root(a);
    const rootB = this.tours.root(b);
    if (rootA === rootB) {
      this.tours.addSpare(a, 1);
      this.tours.addSpare(b, 1);
      return;
    }
    this.trees--;
    this.join(edge, a, b, this.tours.size(rootA) >= this.tours.size(rootB));
  }

  /** Lets go of an edge that the adjacency no longer has. */
  remove(edge: number, a: number, b: number): void {
    const link = this.links.at(edge);
    if (link === NONE) {
      this.tours.addSpare(a, -1);
      this.tours.addSpare(b, -1);
      return;
    }
    this.links.set(edge, NONE);
    this.tours.cut(link);
    this.treeDeletes++;
    const rootA = this.tours.root(a);
    const rootB = this.tours.root(b);
    const isFound = this.reconnect(this.tours.size(rootA) <= this.tours.size(rootB) ? rootA : rootB);
    if (!isFound) this.trees++;
  }

  /**
   * Takes in all edges of the adjacency, over vertices none of which was added yet: depth first, so that each tour is
   * laid out whole. O(V + E), a bounded piece at each step; good once the last is done.
   */
  *rebuild(vertices: Iterable<number>): Generator<void> {
    const seen = new IntVector(0);
    for (const vertex of vertices) {
      this.vertices++;
      if (this.vertices % VERTICES_PER_STEP === 0) yield;
      if (seen.at(vertex) !== 0) continue;
      this.trees++;
      yield* this.layOut(vertex, seen);
      this.tours.plant();
    }
  }

  /** Lays out the tour of the component a vertex is in. */
  private *layOut(start: number, seen: IntVector): Generator<void> {
    const { adjacency, tours, links } = this;
    /** The halves that lead here. */
    const path: number[] = [];
    let laid = 1;
    seen.set(start, 1);
    tours.lay(start);
    for (let half = adjacency.first(start); ;) {
      if (half === NONE) {
        const last = path.pop();
        if (last === undefined) return;
        tours.layBack(links.at(last >> 1));
        half = adjacency.next(last);
        continue;
      }
      const other = adjacency.neighbour(half);
      if (seen.at(other) !== 0) {
        if (links.at(half >> 1) === NONE) tours.laySpare(adjacency.neighbour(half ^ 1));
        half = adjacency.next(half);
        continue;
      }
      seen.set(other, 1);
      links.set(half >> 1, tours.layThere());
      tours.lay(other);
      path.push(half);
      half = adjacency.first(other);
      if (++laid % VERTICES_PER_STEP === 0) yield;
    }
  }

  /** Makes an edge one of the forest. */
  private join(edge: number, a: number, b: number, aIsLarger: boolean): void {
    this.links.set(edge, aIsLarger ? this.tours.link(a, b) : this.tours.link(b, a));
  }

  /** Looks for an edge that leads out of the tree with this root and joins it to the other by it. */
  private reconnect(root: number): boolean {
    for (const vertex of this.tours.spares(root)) {
      for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.next(half)) {
        this.scans++;
        const edge = half >> 1;
        if (this.links.at(edge) !== NONE) continue;
        const other = this.adjacency.neighbour(half);
        if (this.tours.root(other) === root) continue;
        this.tours.addSpare(vertex, -1);
        this.tours.addSpare(other, -1);
        this.join(edge, other, vertex, true);
        return true;
      }
    }
    return false;
  }
}
