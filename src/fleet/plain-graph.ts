// A graph at rest, for questions that walk all of it: vertices by number in the order of their ids, each one's
// neighbours in a row. It is taken from a fleet in O(V + E), and the same fleet always gives the same one.
import type { FleetGraph } from "./graph.ts";
import { IntVector } from "./int-vector.ts";

export class PlainGraph {
  readonly ids: readonly string[];
  readonly edges: number;
  private readonly starts = new IntVector(0);
  private readonly targets = new IntVector(0);
  private readonly edgeOf = new IntVector(0);
  private readonly froms = new IntVector(0);
  private readonly tos = new IntVector(0);

  /** `pairs` are edges by number, each once, from the smaller to the larger, in order. */
  constructor(ids: readonly string[], pairs: readonly (readonly [number, number])[]) {
    this.ids = ids;
    this.edges = pairs.length;
    const filled = new IntVector(0);
    for (const [a, b] of pairs) {
      filled.add(a, 1);
      filled.add(b, 1);
    }
    for (let vertex = 0; vertex < ids.length; vertex++) {
      this.starts.set(vertex + 1, this.starts.at(vertex) + filled.at(vertex));
      filled.set(vertex, this.starts.at(vertex));
    }
    for (const [edge, [a, b]] of pairs.entries()) {
      this.froms.set(edge, a);
      this.tos.set(edge, b);
      this.enter(filled, a, b, edge);
      this.enter(filled, b, a, edge);
    }
  }

  get vertices(): number {
    return this.ids.length;
  }

  id(vertex: number): string {
    return this.ids[vertex] ?? "";
  }

  /** The places of a vertex's neighbours run from `start(vertex)` to before `start(vertex + 1)`. */
  start(vertex: number): number {
    return this.starts.at(vertex);
  }

  degree(vertex: number): number {
    return this.starts.at(vertex + 1) - this.starts.at(vertex);
  }

  neighbourAt(place: number): number {
    return this.targets.at(place);
  }

  /** The edge to the neighbour at a place. */
  edgeAt(place: number): number {
    return this.edgeOf.at(place);
  }

  from(edge: number): number {
    return this.froms.at(edge);
  }

  to(edge: number): number {
    return this.tos.at(edge);
  }

  private enter(filled: IntVector, vertex: number, neighbour: number, edge: number): void {
    const place = filled.at(vertex);
    this.targets.set(place, neighbour);
    this.edgeOf.set(place, edge);
    filled.set(vertex, place + 1);
  }
}

/** The whole fleet at rest, or the component of one member. Throws `not_found` for an unknown member. */
export function plainGraph(graph: FleetGraph, member?: string): PlainGraph {
  const ids = [...(member === undefined ? graph.vertices() : reach(graph, member))].sort();
  const numbers = new Map(ids.map((id, number) => [id, number]));
  const pairs: [number, number][] = [];
  for (const [number, id] of ids.entries()) {
    const above: number[] = [];
    for (const other of graph.neighbours(id)) {
      const neighbour = numbers.get(other) ?? 0;
      if (neighbour > number) above.push(neighbour);
    }
    for (const neighbour of above.sort((a, b) => a - b)) pairs.push([number, neighbour]);
  }
  return new PlainGraph(ids, pairs);
}

function reach(graph: FleetGraph, member: string): Set<string> {
  const reached = new Set([member]);
  for (const id of reached) for (const other of graph.neighbours(id)) reached.add(other);
  return reached;
}
