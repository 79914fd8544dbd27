// A spanning forest that stays right while edges come and go: parent pointers, each tree rooted near its centroid.
// After the "ID-tree" (Xu et al., doi 10.1145/3698805) and the D-tree (Chen et al., arXiv 2207.06887). Inserting is
// O(depth); deleting a tree edge searches the smaller side for a replacement. Nothing recurses.
import type { Adjacency } from "./adjacency.ts";
import { NONE } from "./edge-index.ts";
import { IntVector } from "./int-vector.ts";

/** What the structure has cost: a long path or ring shows as depth, a hard deletion as scans. */
export interface ForestMetrics {
  /** Mean number of steps from a vertex to its root; 0 when empty. */
  readonly averageDepth: number;
  readonly treeDeletes: number;
  /** Half-edges and parents looked at while searching for replacements. */
  readonly scans: number;
  /** Mean scans of a deleted tree edge; 0 before the first. */
  readonly scansPerDelete: number;
}

export class Forest {
  /** How many trees there are, single vertices counted. */
  trees = 0;
  private readonly adjacency: Adjacency;
  private readonly parents = new IntVector(NONE);
  /** Vertices in the subtree of each vertex; at a root, in the component. */
  private readonly sizes = new IntVector(0);
  /** Edges of the component, kept at its root; 0 elsewhere. */
  private readonly edgeCounts = new IntVector(0);
  private readonly stamps = new IntVector(0);
  private readonly queue = new IntVector(0);
  private epoch = 0;
  private vertices = 0;
  /** Σ sizes. As Σ depth = Σ (size − 1), the mean depth needs no walk. */
  private sizeSum = 0;
  private scans = 0;
  private treeDeletes = 0;

  constructor(adjacency: Adjacency) {
    this.adjacency = adjacency;
  }

  addVertex(vertex: number): void {
    this.parents.set(vertex, NONE);
    this.sizes.set(vertex, 1);
    this.edgeCounts.set(vertex, 0);
    this.trees++;
    this.vertices++;
    this.sizeSum++;
  }

  /** Removes a vertex that has no edges left. */
  removeVertex(vertex: number): void {
    this.sizes.set(vertex, 0);
    this.trees--;
    this.vertices--;
    this.sizeSum--;
  }

  /** The root of a vertex's tree: the same for two vertices exactly when they are connected. Valid until the next change. */
  root(vertex: number): number {
    let root = vertex;
    for (let up = this.parents.at(root); up !== NONE; up = this.parents.at(root)) root = up;
    return root;
  }

  /** Steps from a vertex to its root. */
  depth(vertex: number): number {
    return this.climb(vertex)[1];
  }

  /** Vertices of the component with this root. */
  sizeAt(root: number): number {
    return this.sizes.at(root);
  }

  /** Edges of the component with this root. */
  edgesAt(root: number): number {
    return this.edgeCounts.at(root);
  }

  metrics(): ForestMetrics {
    return {
      averageDepth: this.vertices === 0 ? 0 : this.sizeSum / this.vertices - 1,
      treeDeletes: this.treeDeletes,
      scans: this.scans,
      scansPerDelete: this.treeDeletes === 0 ? 0 : this.scans / this.treeDeletes,
    };
  }

  /** Takes in an edge that the adjacency already has. */
  insert(a: number, b: number): void {
    const [rootA, depthA] = this.climb(a);
    const [rootB, depthB] = this.climb(b);
    if (rootA === rootB) {
      this.edgeCounts.add(rootA, 1);
      if (depthA > depthB + 1) this.shorten(a, b, depthA - depthB);
      else if (depthB > depthA + 1) this.shorten(b, a, depthB - depthA);
      return;
    }
    this.trees--;
    if (this.sizes.at(rootA) < this.sizes.at(rootB)) this.join(a, rootA, b, rootB);
    else this.join(b, rootB, a, rootA);
  }

  /** Lets go of an edge that the adjacency no longer has. */
  remove(a: number, b: number): void {
    if (this.parents.at(a) === b) this.removeTreeEdge(a);
    else if (this.parents.at(b) === a) this.removeTreeEdge(b);
    else this.edgeCounts.add(this.root(a), -1);
  }

  /** Builds the trees anew, breadth first, over vertices that were added and all edges of the adjacency. O(V + E). */
  rebuild(vertices: Iterable<number>): void {
    this.trees = 0;
    this.sizeSum = 0;
    const epoch = ++this.epoch;
    for (const vertex of vertices) if (this.stamps.at(vertex) !== epoch) this.rebuildTree(vertex, epoch);
  }

  private climb(vertex: number): readonly [root: number, depth: number] {
    let root = vertex;
    let depth = 0;
    for (let up = this.parents.at(root); up !== NONE; up = this.parents.at(root)) {
      root = up;
      depth++;
    }
    return [root, depth];
  }

  /** Hangs the smaller tree, turned to stand at `small`, under `large` in the larger one, by a new edge. */
  private join(small: number, smallRoot: number, large: number, largeRoot: number): void {
    const edges = this.edgeCounts.at(smallRoot) + this.edgeCounts.at(largeRoot) + 1;
    this.edgeCounts.set(smallRoot, 0);
    this.edgeCounts.set(largeRoot, edges);
    this.reroot(small, smallRoot);
    this.hang(small, large, this.sizes.at(small) + this.sizes.at(largeRoot));
  }

  /** A new edge spans two depths: the lower half of the way between them hangs from the new edge instead. */
  private shorten(low: number, high: number, gap: number): void {
    let cut = low;
    for (let step = 1; step < gap >> 1; step++) cut = this.parents.at(cut);
    const root = this.cut(cut);
    const total = this.sizes.at(root) + this.sizes.at(cut);
    this.reroot(low, cut);
    this.hang(low, high, total);
  }

  /** Parts a subtree from its parent and returns the root of the rest. */
  private cut(top: number): number {
    const size = this.sizes.at(top);
    let root = top;
    for (let up = this.parents.at(top); up !== NONE; up = this.parents.at(up)) {
      this.resize(up, this.sizes.at(up) - size);
      root = up;
    }
    this.parents.set(top, NONE);
    return root;
  }

  /** Hangs a tree under a vertex of another; `total` is the size of both. Moves the root to a vertex that holds the majority. */
  private hang(top: number, under: number, total: number): void {
    const size = this.sizes.at(top);
    let centre = NONE;
    let root = under;
    this.parents.set(top, under);
    for (let up = under; up !== NONE; up = this.parents.at(up)) {
      const grown = this.sizes.at(up) + size;
      this.resize(up, grown);
      if (centre === NONE && grown * 2 > total) centre = up;
      root = up;
    }
    if (centre !== NONE) this.reroot(centre, root);
  }

  /** Turns a tree to stand at `top`: with sizes s₀ < s₁ < … < s_k up to the old root, the new ones are s_k − s_{i−1}. */
  private reroot(top: number, root: number): void {
    if (top === root) return;
    const total = this.sizes.at(root);
    let below = 0;
    let child = NONE;
    for (let vertex = top; vertex !== NONE;) {
      const up = this.parents.at(vertex);
      const size = this.sizes.at(vertex);
      this.resize(vertex, total - below);
      this.parents.set(vertex, child);
      below = size;
      child = vertex;
      vertex = up;
    }
    this.edgeCounts.set(top, this.edgeCounts.at(root));
    this.edgeCounts.set(root, 0);
  }

  private resize(vertex: number, size: number): void {
    this.sizeSum += size - this.sizes.at(vertex);
    this.sizes.set(vertex, size);
  }

  private removeTreeEdge(child: number): void {
    this.treeDeletes++;
    const root = this.cut(child);
    const edges = this.edgeCounts.at(root) - 1;
    const childIsSmall = this.sizes.at(child) <= this.sizes.at(root);
    const small = childIsSmall ? child : root;
    const large = childIsSmall ? root : child;
    this.edgeCounts.set(small, 0);
    this.edgeCounts.set(large, edges);
    const smallEdges = this.reconnect(small, large);
    if (smallEdges === NONE) return;
    this.trees++;
    this.edgeCounts.set(small, smallEdges);
    this.edgeCounts.set(large, edges - smallEdges);
  }

  /**
   * Looks through the smaller tree for an edge into the larger and joins the two by it. Returns NONE when it did, else
   * how many edges the smaller component has: a search in vain has seen every one of them twice.
   */
  private reconnect(small: number, large: number): number {
    const total = this.sizes.at(small) + this.sizes.at(large);
    const epoch = ++this.epoch;
    let length = 1;
    let halves = 0;
    this.stamps.set(small, epoch);
    this.queue.set(0, small);
    for (let place = 0; place < length; place++) {
      const vertex = this.queue.at(place);
      for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.next(half)) {
        const other = this.adjacency.neighbour(half);
        halves++;
        if (other === this.parents.at(vertex)) continue;
        if (this.parents.at(other) === vertex) {
          this.stamps.set(other, epoch);
          this.queue.set(length++, other);
        } else if (this.leadsOut(other, epoch)) {
          this.scans += halves;
          this.reroot(vertex, small);
          this.hang(vertex, other, total);
          return NONE;
        }
      }
    }
    this.scans += halves;
    return halves / 2;
  }

  /** Climbs until it meets what the search has seen (still inside) or a root (outside). Each vertex is climbed once. */
  private leadsOut(start: number, epoch: number): boolean {
    for (let vertex = start; vertex !== NONE; vertex = this.parents.at(vertex)) {
      if (this.stamps.at(vertex) === epoch) return false;
      this.stamps.set(vertex, epoch);
      this.scans++;
    }
    return true;
  }

  private rebuildTree(start: number, epoch: number): void {
    let length = 1;
    let halves = 0;
    this.stamps.set(start, epoch);
    this.parents.set(start, NONE);
    this.queue.set(0, start);
    for (let place = 0; place < length; place++) {
      const vertex = this.queue.at(place);
      this.sizes.set(vertex, 1);
      this.edgeCounts.set(vertex, 0);
      for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.next(half)) {
        const other = this.adjacency.neighbour(half);
        halves++;
        if (this.stamps.at(other) === epoch) continue;
        this.stamps.set(other, epoch);
        this.parents.set(other, vertex);
        this.queue.set(length++, other);
      }
    }
    this.trees++;
    this.edgeCounts.set(start, halves / 2);
    this.settle(start, length);
  }

  /** Sums the sizes of a tree that stands breadth first in the queue, and roots it at its centroid. */
  private settle(root: number, length: number): void {
    let centre = root;
    for (let place = length - 1; place >= 0; place--) {
      const vertex = this.queue.at(place);
      const size = this.sizes.at(vertex);
      this.sizeSum += size;
      if (place > 0) this.sizes.add(this.parents.at(vertex), size);
      if (centre === root && size * 2 > length) centre = vertex;
    }
    this.reroot(centre, root);
  }
}
