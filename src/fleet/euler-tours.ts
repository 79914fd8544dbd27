// Trees as Euler tours, each tour a treap: linking, cutting and finding a tree's root take O(log n), however deep the
// tree (Henzinger & King 1999). A tour is the round trip along every edge, with each vertex once where it stands.
// Vertices stand above edges in the treap, so its root is a vertex, and a vertex's way up meets vertices alone.

/** No node. Its size and spares are 0, so sums need not ask whether there is a child. */
const NOBODY = 0;

/** Fields of a node, side by side: a step up or down touches one or two lines of memory. */
const PARENT = 0;
const LEFT = 1;
const RIGHT = 2;
/** Vertices in the subtree, and what they have to spare. */
const SIZE = 3;
const SPARE = 4;
const FIELDS = 5;

/** Vertex v is the node 3v + 3; link l is the nodes 3l + 4 (there) and 3l + 5 (back). */
const KINDS = 3;

const CAPACITY_MIN = 64;

export class EulerTours {
  /** Σ over vertices of 1 + steps to the root. */
  depthSum = 0;
  private cells = new Int32Array(CAPACITY_MIN * FIELDS);
  private readonly freed: number[] = [];
  private links = 0;
  /** The nodes of a tour that is being laid out. */
  private laid: number[] = [];
  /** Set by `split`: the roots of both parts. */
  private before = NOBODY;
  private after = NOBODY;

  addVertex(vertex: number): void {
    this.resize(this.place(KINDS * vertex + 3), 1, 0);
  }

  /** Makes room for so many vertices, and as many links. */
  reserve(vertices: number): void {
    this.place(KINDS * vertices + 2);
  }

  /** Takes out a vertex that stands alone. */
  removeVertex(vertex: number): void {
    this.resize(KINDS * vertex + 3, -1, 0);
  }

  /** The vertex at the top of a vertex's tour: the same for two exactly when they are in one tree. */
  root(vertex: number): number {
    return (this.top(KINDS * vertex + 3) - 3) / KINDS;
  }

  /** Steps from a vertex to the root. */
  depth(vertex: number): number {
    let depth = 0;
    for (let up = this.at(KINDS * vertex + 3, PARENT); up !== NOBODY; up = this.at(up, PARENT)) depth++;
    return depth;
  }

  /** Vertices of the tree with this root. */
  size(root: number): number {
    return this.at(KINDS * root + 3, SIZE);
  }

  /** What the vertices of the tree with this root have to spare. */
  spare(root: number): number {
    return this.at(KINDS * root + 3, SPARE);
  }

  addSpare(vertex: number, change: number): void {
    for (let node = KINDS * vertex + 3; node !== NOBODY; node = this.at(node, PARENT)) {
      this.cells[node * FIELDS + SPARE] = this.at(node, SPARE) + change;
    }
  }

  /** The vertices of the tree with this root that have something to spare. Good until the next change. */
  *spares(root: number): Generator<number> {
    const open = [KINDS * root + 3];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      let own = this.at(node, SPARE);
      for (const side of [LEFT, RIGHT]) {
        const child = this.at(node, side);
        const spare = this.at(child, SPARE);
        if (spare > 0) open.push(child);
        own -= spare;
      }
      if (own > 0) yield (node - 3) / KINDS;
    }
  }

  /** Joins two trees and gives the link a number. The tour of `b` is turned, so let it be the smaller. */
  link(a: number, b: number): number {
    const link = this.freed.pop() ?? this.links++;
    const there = this.place(KINDS * link + 4);
    const back = this.place(KINDS * link + 5);
    this.split(KINDS * b + 3);
    const turned = this.merge(this.after, this.before);
    this.split(KINDS * a + 3);
    const { after } = this;
    const front = this.merge(this.before, there);
    this.merge(this.merge(front, turned), this.merge(back, after));
    return link;
  }

  /** Takes a link out; its two ends are then in different trees. A tour is a circle: turned, it begins anywhere. */
  cut(link: number): void {
    const there = KINDS * link + 4;
    const back = KINDS * link + 5;
    this.split(there);
    this.merge(this.after, this.withoutLast(there));
    this.split(back);
    this.withoutLast(back);
    this.freed.push(link);
  }

  /** Begins or goes on laying out a tour, with a vertex that stands in none. */
  lay(vertex: number): void {
    const node = this.place(KINDS * vertex + 3);
    this.cells.fill(0, node * FIELDS, (node + 1) * FIELDS);
    this.resize(node, 1, 0);
    this.laid.push(node);
  }

  /** The way to what is laid out next, as a link. */
  layThere(): number {
    const link = this.freed.pop() ?? this.links++;
    this.laid.push(this.place(KINDS * link + 4));
    return link;
  }

  layBack(link: number): void {
    this.laid.push(this.place(KINDS * link + 5));
  }

  /** One more to spare for a vertex that has been laid out. */
  laySpare(vertex: number): void {
    const place = (KINDS * vertex + 3) * FIELDS + SPARE;
    this.cells[place] = (this.cells[place] ?? 0) + 1;
  }

  /** Makes the tour that has been laid out a treap: each node goes under the last one that stands above it. O(length). */
  plant(): void {
    const { cells } = this;
    const spine: number[] = [];
    const ranks: number[] = [];
    for (const node of this.laid) {
      const own = rank(node);
      let below = NOBODY;
      while ((ranks.at(-1) ?? Number.POSITIVE_INFINITY) <= own) {
        ranks.pop();
        below = this.summed(spine.pop() ?? NOBODY);
      }
      const above = spine.at(-1) ?? NOBODY;
      cells[node * FIELDS + PARENT] = above;
      cells[node * FIELDS + LEFT] = below;
      cells[below * FIELDS + PARENT] = node;
      if (above !== NOBODY) cells[above * FIELDS + RIGHT] = node;
      spine.push(node);
      ranks.push(own);
    }
    while (spine.length > 0) this.summed(spine.pop() ?? NOBODY);
    this.laid = [];
  }

  /** Adds what stands under a node, which is whole, to what is its own. */
  private summed(node: number): number {
    const left = this.at(node, LEFT);
    const right = this.at(node, RIGHT);
    this.resize(
      node,
      this.at(left, SIZE) + this.at(right, SIZE),
      this.at(left, SPARE) + this.at(right, SPARE),
    );
    return node;
  }

  private at(node: number, field: number): number {
    return this.cells[node * FIELDS + field] ?? 0;
  }

  private top(node: number): number {
    let top = node;
    for (let up = this.at(top, PARENT); up !== NOBODY; up = this.at(top, PARENT)) top = up;
    return top;
  }

  /** Parts a tour behind a node. */
  private split(node: number): void {
    const { cells } = this;
    let before = node;
    let after = this.at(node, RIGHT);
    let oldSize = this.at(node, SIZE);
    let oldSpare = this.at(node, SPARE);
    let child = node;
    let up = this.at(node, PARENT);
    cells[node * FIELDS + RIGHT] = NOBODY;
    this.resize(node, -this.at(after, SIZE), -this.at(after, SPARE));
    while (up !== NOBODY) {
      const next = this.at(up, PARENT);
      const size = this.at(up, SIZE);
      const spare = this.at(up, SPARE);
      const isLeft = this.at(up, LEFT) === child;
      const part = isLeft ? after : before;
      cells[up * FIELDS + (isLeft ? LEFT : RIGHT)] = part;
      cells[part * FIELDS + PARENT] = up;
      this.resize(up, this.at(part, SIZE) - oldSize, this.at(part, SPARE) - oldSpare);
      if (isLeft) after = up;
      else before = up;
      oldSize = size;
      oldSpare = spare;
      child = up;
      up = next;
    }
    cells[before * FIELDS + PARENT] = NOBODY;
    cells[after * FIELDS + PARENT] = NOBODY;
    this.before = before;
    this.after = after;
  }

  /** One tour after another; gives back the root of both. */
  private merge(first: number, second: number): number {
    if (first === NOBODY) return second;
    if (second === NOBODY) return first;
    let left = first;
    let right = second;
    let top = NOBODY;
    let hook = NOBODY * FIELDS + PARENT;
    let under = NOBODY;
    while (left !== NOBODY && right !== NOBODY) {
      const upper = rank(left) > rank(right) ? left : right;
      this.hang(upper, under, hook);
      if (top === NOBODY) top = upper;
      under = upper;
      if (upper === left) {
        this.resize(left, this.at(right, SIZE), this.at(right, SPARE));
        hook = left * FIELDS + RIGHT;
        left = this.at(left, RIGHT);
      } else {
        this.resize(right, this.at(left, SIZE), this.at(left, SPARE));
        hook = right * FIELDS + LEFT;
        right = this.at(right, LEFT);
      }
    }
    this.hang(left === NOBODY ? right : left, under, hook);
    return top;
  }

  private hang(node: number, under: number, hook: number): void {
    this.cells[node * FIELDS + PARENT] = under;
    this.cells[hook] = node;
  }

  /** Takes the end of a link out of the tour that `split` put before; it is the last there. */
  private withoutLast(end: number): number {
    const rest = this.at(end, LEFT);
    const up = this.at(end, PARENT);
    this.cells[end * FIELDS + LEFT] = NOBODY;
    this.cells[end * FIELDS + PARENT] = NOBODY;
    this.cells[rest * FIELDS + PARENT] = up;
    if (up === NOBODY) return rest;
    this.cells[up * FIELDS + RIGHT] = rest;
    return this.before;
  }

  private resize(node: number, size: number, spare: number): void {
    const place = node * FIELDS;
    this.cells[place + SIZE] = this.at(node, SIZE) + size;
    this.cells[place + SPARE] = this.at(node, SPARE) + spare;
    this.depthSum += size;
  }

  /** Makes room for a node and gives it back. */
  private place(node: number): number {
    const end = (node + 1) * FIELDS;
    if (end > this.cells.length) {
      const old = this.cells;
      this.cells = new Int32Array(Math.max(end, old.length + (old.length >> 1)));
      this.cells.set(old);
    }
    return node;
  }
}

/** Who stands above whom: vertices above the ends of links, else by a scattered number, the same on every machine. */
function rank(node: number): number {
  let mixed = Math.imul(node, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77);
  mixed = (mixed ^ (mixed >>> 13)) >>> 1;
  return node % KINDS === 0 ? mixed + 0x80000000 : mixed;
}
