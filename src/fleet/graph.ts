// The fleet's graph: agents, tasks and resources, and what ties them. Simple and undirected for the numbers:
// kinds in parallel are counted, and the one edge leaves with the last of them. A second layer counts directions.
// V, E, C and β₁ = E − V + C are exact after every change, in all and per component (spec/fleet-math.md).
import { Adjacency } from "./adjacency.ts";
import { NONE } from "./edge-index.ts";
import { Forest, type ForestMetrics } from "./forest.ts";
import { directedAssignment, noEdge, noVertex, selfLoop, taken } from "./graph-errors.ts";
import { IdMap } from "./id-map.ts";
import { IntVector } from "./int-vector.ts";
import { ShardedMap } from "./sharded-map.ts";

export type VertexKind = "agent" | "task" | "resource";
export type EdgeKind = "assignment" | "delegation" | "dependency";

/** A directed edge is also an undirected one: `a` waits for `b` (dependency), or hands over to it (delegation). */
export interface EdgeSpec {
  readonly a: string;
  readonly b: string;
  readonly kind: EdgeKind;
  readonly directed?: boolean;
}

/** The size of a graph or of one component of it (where `components` is 1). */
export interface GraphCounts {
  readonly vertices: number;
  readonly edges: number;
  readonly components: number;
}

/** One simple edge with what lies in parallel on it. */
export interface EdgeView {
  readonly a: string;
  readonly b: string;
  readonly assignment: number;
  readonly delegation: number;
  readonly dependency: number;
}

/** One simple edge, by its vertices' numbers, with all its counts: what a snapshot keeps of it. */
export interface TalliedEdge<Vertex = number> {
  readonly a: Vertex;
  readonly b: Vertex;
  readonly tallies: readonly number[];
}

/** The same by the vertices' ids; without any counts when nothing ties the two. */
export type Tie = TalliedEdge<string>;

/** `count` directed edges of one kind from one vertex to another. */
export interface Arc {
  readonly from: string;
  readonly to: string;
  readonly kind: DirectedKind;
  readonly count: number;
}

export type DirectedKind = "delegation" | "dependency";

const VERTEX_KINDS: readonly VertexKind[] = ["agent", "task", "resource"];
const TASK = VERTEX_KINDS.indexOf("task");
/** Per edge: three counts by kind, then dependencies forward and back, then delegations forward and back. */
const TALLIES = 7;
const KIND_TALLY = { assignment: 0, delegation: 1, dependency: 2 } as const;
const ARC_TALLY = { dependency: 3, delegation: 5 } as const;

/** β₁ of what was counted: the number of independent loops. */
export function loops(counts: GraphCounts): number {
  return counts.edges - counts.vertices + counts.components;
}

export class FleetGraph {
  /** Another one after each change of vertices and edges. */
  version = 0;
  private readonly ids = new IdMap(new ShardedMap());
  private readonly kinds = new IntVector(NONE);
  private tallies = new IntVector(0);
  private readonly kindTotals: Record<VertexKind, number> = { agent: 0, task: 0, resource: 0 };
  private adjacency = new Adjacency();
  private forest = new Forest(this.adjacency);

  counts(): GraphCounts {
    return { vertices: this.ids.size, edges: this.adjacency.edges, components: this.forest.trees };
  }

  metrics(): ForestMetrics {
    return this.forest.metrics();
  }

  has(id: string): boolean {
    return this.ids.find(id) !== undefined;
  }

  kindOf(id: string): VertexKind | null {
    const vertex = this.ids.find(id);
    return vertex === undefined ? null : (VERTEX_KINDS[this.kinds.at(vertex)] ?? null);
  }

  /** How many vertices are of a kind. */
  count(kind: VertexKind): number {
    return this.kindTotals[kind];
  }

  /** Adds a vertex and gives back its number: its own while it is here. Throws `conflict` when the id is taken. */
  addVertex(id: string, kind: VertexKind): number {
    if (this.has(id)) throw taken(id);
    const vertex = this.restoreVertex(id, kind);
    this.forest.addVertex(vertex);
    return vertex;
  }

  /** Removes a vertex with its edges. Throws `not_found`. */
  removeVertex(id: string): void {
    const vertex = this.vertex(id);
    for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.first(vertex)) {
      this.dropEdge(half >> 1, vertex, this.adjacency.neighbour(half));
    }
    const kind = VERTEX_KINDS[this.kinds.at(vertex)];
    if (kind !== undefined) this.kindTotals[kind]--;
    this.forest.removeVertex(vertex);
    this.version++;
    this.ids.remove(id);
  }

  /** Counts an edge in; true when the two were not tied before. Throws `invalid_argument` on a loop, `not_found`. */
  addEdge(spec: EdgeSpec): boolean {
    const [a, b] = this.ends(spec);
    const found = this.adjacency.find(a, b);
    const edge = found === NONE ? this.adjacency.add(a, b) : found;
    this.version++;
    if (found === NONE) this.forest.insert(edge, a, b);
    this.tallies.add(edge * TALLIES + KIND_TALLY[spec.kind], 1);
    if (spec.directed === true) this.tallies.add(this.arcTally(edge, a, spec.kind), 1);
    return found === NONE;
  }

  /** Counts an edge out; true when it was the last between the two. Throws `not_found` when there is none such. */
  removeEdge(spec: EdgeSpec): boolean {
    const [a, b] = this.ends(spec);
    const edge = this.adjacency.find(a, b);
    if (edge === NONE || this.multiplicity(spec) === 0) throw noEdge(spec);
    this.tallies.add(edge * TALLIES + KIND_TALLY[spec.kind], -1);
    if (spec.directed === true) this.tallies.add(this.arcTally(edge, a, spec.kind), -1);
    const left =
      this.tally(edge, "assignment") + this.tally(edge, "delegation") + this.tally(edge, "dependency");
    if (left > 0) return false;
    this.dropEdge(edge, a, b);
    return true;
  }

  /** Removes all edges and keeps the vertices. */
  clearEdges(): void {
    this.version++;
    this.adjacency = new Adjacency();
    this.forest = new Forest(this.adjacency);
    this.tallies = new IntVector(0);
    for (const vertex of this.ids.inUse()) this.forest.addVertex(vertex);
  }

  /** How many edges like this there are: directed ones from `a` to `b`, or undirected ones; 0 when an end is unknown. */
  multiplicity(spec: EdgeSpec): number {
    const a = this.ids.find(spec.a);
    const b = this.ids.find(spec.b);
    if (a === undefined || b === undefined) return 0;
    const edge = this.adjacency.find(a, b);
    if (edge === NONE) return 0;
    if (spec.directed === true) {
      return spec.kind === "assignment" ? 0 : this.tallies.at(this.arcTally(edge, a, spec.kind));
    }
    if (spec.kind === "assignment") return this.tally(edge, "assignment");
    const first = edge * TALLIES + ARC_TALLY[spec.kind];
    return this.tally(edge, spec.kind) - this.tallies.at(first) - this.tallies.at(first + 1);
  }

  adjacent(a: string, b: string): boolean {
    const from = this.ids.find(a);
    const to = this.ids.find(b);
    return from !== undefined && to !== undefined && this.adjacency.find(from, to) !== NONE;
  }

  /** How many others a vertex is tied to; 0 when unknown. */
  degree(id: string): number {
    const vertex = this.ids.find(id);
    return vertex === undefined ? 0 : this.adjacency.degree(vertex);
  }

  /** Who is tied to a vertex, in no promised order; with a kind, only through edges of it. */
  *neighbours(id: string, kind?: EdgeKind): Generator<string> {
    const vertex = this.vertex(id);
    for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.next(half)) {
      if (kind !== undefined && this.tally(half >> 1, kind) === 0) continue;
      yield this.ids.name(this.adjacency.neighbour(half));
    }
  }

  /** A number two vertices share exactly when they are connected; good until the next change. Throws `not_found`. */
  componentOf(id: string): number {
    return this.forest.root(this.vertex(id));
  }

  /** The size of the component with this number. */
  componentCounts(component: number): GraphCounts {
    return {
      vertices: this.forest.sizeAt(component),
      edges: this.forest.edgesAt(component),
      components: 1,
    };
  }

  /** One member of every component, with its size. */
  *components(): Generator<{ readonly member: string; readonly counts: GraphCounts }> {
    for (const vertex of this.ids.inUse()) {
      if (this.forest.root(vertex) !== vertex) continue;
      yield { member: this.ids.name(vertex), counts: this.componentCounts(vertex) };
    }
  }

  vertices(): Iterator<string> & Iterable<string> {
    return this.ids.ids();
  }

  *edges(): Generator<EdgeView> {
    for (const vertex of this.ids.inUse()) {
      for (let half = this.adjacency.first(vertex); half !== NONE; half = this.adjacency.next(half)) {
        if ((half & 1) === 0) yield this.view(half >> 1, vertex, this.adjacency.neighbour(half));
      }
    }
  }

  /** The directed layer. */
  *arcs(): Generator<Arc> {
    for (const from of this.ids.inUse()) {
      for (let half = this.adjacency.first(from); half !== NONE; half = this.adjacency.next(half)) {
        const to = this.ids.name(this.adjacency.neighbour(half));
        for (const kind of ["delegation", "dependency"] as const) {
          const count = this.tallies.at(this.arcTally(half >> 1, from, kind));
          if (count > 0) yield { from: this.ids.name(from), to, kind, count };
        }
      }
    }
  }

  /** The number of a vertex. Throws `not_found`. */
  number(id: string): number {
    return this.vertex(id);
  }

  /** The edges whose row in a snapshot is a vertex's: of a task's and another's the task's, else those added from it. */
  *tallied(id: string): Generator<TalliedEdge> {
    const from = this.vertex(id);
    const isTask = this.kinds.at(from) === TASK;
    for (let half = this.adjacency.first(from); half !== NONE; half = this.adjacency.next(half)) {
      const to = this.adjacency.neighbour(half);
      const isOtherTask = this.kinds.at(to) === TASK;
      if (isTask === isOtherTask ? (half & 1) === 1 : isOtherTask) continue;
      const first = (half >> 1) * TALLIES;
      const tallies = Array.from({ length: TALLIES }, (_, tally) => this.tallies.at(first + tally));
      yield (half & 1) === 0 ? { a: from, b: to, tallies } : { a: to, b: from, tallies };
    }
  }

  /** Adds a vertex that is not here, as `addVertex` does, and leaves its component to `restoreComponents`. */
  restoreVertex(id: string, kind: VertexKind): number {
    this.version++;
    const vertex = this.ids.add(id);
    this.kinds.set(vertex, VERTEX_KINDS.indexOf(kind));
    this.kindTotals[kind]++;
    return vertex;
  }

  /** Makes room for so many edges: what grows by and by has the collector look through all there is each time. */
  reserve(edges: number): void {
    this.adjacency.reserve(edges);
    this.tallies.reserve(edges * TALLIES);
    this.forest.reserve(this.ids.size, edges);
  }

  /** Adds an edge with its counts between two vertices that have none, and leaves their component to what comes last. */
  restoreEdge({ a, b, tallies }: TalliedEdge): void {
    const first = this.adjacency.add(a, b) * TALLIES;
    for (let tally = 0; tally < tallies.length; tally++) this.tallies.set(first + tally, tallies[tally] ?? 0);
  }

  /** Finds the components of a graph that was restored whole: a bounded piece at each step. */
  *restoreComponents(): Generator<void> {
    yield* this.forest.rebuild(this.ids.inUse());
  }

  /** What ties two vertices, so that `setTie` can bring it back; nothing does when one of them is unknown. */
  tie(a: string, b: string): Tie {
    const [from, to] = [this.ids.find(a), this.ids.find(b)];
    const edge = from === undefined || to === undefined ? NONE : this.adjacency.find(from, to);
    if (edge === NONE) return { a, b, tallies: [] };
    const tallies = Array.from({ length: TALLIES }, (_, tally) => this.tallies.at(edge * TALLIES + tally));
    return this.adjacency.source(edge) === from ? { a, b, tallies } : { a: b, b: a, tallies };
  }

  /** Lets a tie be all that is between two vertices. Throws `not_found`. */
  setTie({ a, b, tallies }: Tie): void {
    const [from, to] = [this.vertex(a), this.vertex(b)];
    const found = this.adjacency.find(from, to);
    // One that goes the other way counts its directions the other way.
    if (found !== NONE && (tallies.length === 0 || this.adjacency.source(found) !== from)) {
      this.dropEdge(found, from, to);
    }
    if (tallies.length === 0) return;
    this.version++;
    const known = this.adjacency.find(from, to);
    const edge = known === NONE ? this.adjacency.add(from, to) : known;
    if (known === NONE) this.forest.insert(edge, from, to);
    for (const [tally, count] of tallies.entries()) this.tallies.set(edge * TALLIES + tally, count);
  }

  private view(edge: number, a: number, b: number): EdgeView {
    return {
      a: this.ids.name(a),
      b: this.ids.name(b),
      assignment: this.tally(edge, "assignment"),
      delegation: this.tally(edge, "delegation"),
      dependency: this.tally(edge, "dependency"),
    };
  }

  private tally(edge: number, kind: EdgeKind): number {
    return this.tallies.at(edge * TALLIES + KIND_TALLY[kind]);
  }

  private arcTally(edge: number, from: number, kind: EdgeKind): number {
    if (kind === "assignment") throw directedAssignment();
    return edge * TALLIES + ARC_TALLY[kind] + (this.adjacency.source(edge) === from ? 0 : 1);
  }

  private dropEdge(edge: number, a: number, b: number): void {
    this.adjacency.remove(edge);
    this.version++;
    this.forest.remove(edge, a, b);
    for (let tally = 0; tally < TALLIES; tally++) this.tallies.set(edge * TALLIES + tally, 0);
  }

  private ends(spec: EdgeSpec): readonly [number, number] {
    if (spec.a === spec.b) throw selfLoop(spec.a);
    if (spec.directed === true && spec.kind === "assignment") throw directedAssignment();
    return [this.vertex(spec.a), this.vertex(spec.b)];
  }

  private vertex(id: string): number {
    const vertex = this.ids.find(id);
    if (vertex !== undefined) return vertex;
    throw noVertex(id);
  }
}
