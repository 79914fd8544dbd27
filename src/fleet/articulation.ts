// Single points of failure: vertices and edges whose loss parts what they hold together (Hopcroft & Tarjan 1973).
// Iterative; O(V + E).
import { NONE } from "./edge-index.ts";
import { IntVector } from "./int-vector.ts";
import type { PlainGraph } from "./plain-graph.ts";

export interface Articulation {
  /** Vertices whose removal parts their component, by id. */
  readonly points: readonly string[];
  /** Edges whose removal parts their component, by id. */
  readonly bridges: readonly (readonly [string, string])[];
}

/** A walk in depth: when each vertex was found, and the earliest that it and those below it reach. */
interface Walk {
  readonly graph: PlainGraph;
  readonly found: IntVector;
  readonly lowest: IntVector;
  readonly next: IntVector;
  readonly parentEdges: IntVector;
  readonly parents: IntVector;
  readonly points: Set<number>;
  readonly bridges: number[];
  time: number;
}

export function articulation(graph: PlainGraph): Articulation {
  const walk: Walk = {
    graph,
    found: new IntVector(0),
    lowest: new IntVector(0),
    next: new IntVector(0),
    parentEdges: new IntVector(NONE),
    parents: new IntVector(NONE),
    points: new Set(),
    bridges: [],
    time: 0,
  };
  for (let root = 0; root < graph.vertices; root++) if (walk.found.at(root) === 0) walkFrom(walk, root);
  return {
    points: [...walk.points].sort((a, b) => a - b).map((vertex) => graph.id(vertex)),
    bridges: walk.bridges
      .sort((a, b) => a - b)
      .map((edge) => [graph.id(graph.from(edge)), graph.id(graph.to(edge))]),
  };
}

function walkFrom(walk: Walk, root: number): void {
  let branches = 0;
  enter(walk, root, NONE, NONE);
  for (let vertex = root; vertex !== NONE;) {
    const place = walk.next.at(vertex);
    if (place < walk.graph.start(vertex + 1)) {
      walk.next.set(vertex, place + 1);
      const other = walk.graph.neighbourAt(place);
      const edge = walk.graph.edgeAt(place);
      if (walk.found.at(other) === 0) {
        if (vertex === root) branches++;
        enter(walk, other, vertex, edge);
        vertex = other;
      } else if (edge !== walk.parentEdges.at(vertex)) lower(walk, vertex, walk.found.at(other));
      continue;
    }
    const parent = walk.parents.at(vertex);
    if (parent !== NONE) leave(walk, vertex, parent, root);
    vertex = parent;
  }
  if (branches > 1) walk.points.add(root);
}

function enter(walk: Walk, vertex: number, parent: number, edge: number): void {
  walk.time++;
  walk.found.set(vertex, walk.time);
  walk.lowest.set(vertex, walk.time);
  walk.next.set(vertex, walk.graph.start(vertex));
  walk.parents.set(vertex, parent);
  walk.parentEdges.set(vertex, edge);
}

function leave(walk: Walk, vertex: number, parent: number, root: number): void {
  const lowest = walk.lowest.at(vertex);
  lower(walk, parent, lowest);
  if (lowest > walk.found.at(parent)) walk.bridges.push(walk.parentEdges.at(vertex));
  if (lowest >= walk.found.at(parent) && parent !== root) walk.points.add(parent);
}

function lower(walk: Walk, vertex: number, time: number): void {
  if (time < walk.lowest.at(vertex)) walk.lowest.set(vertex, time);
}
