// Who is in each loop: the fundamental cycles of a breadth-first forest, one for every edge outside it. They are
// β₁ in number and independent, and breadth-first trees keep them short. O(V + E), and the length of each cycle.
import { NONE } from "./edge-index.ts";
import { IntVector } from "./int-vector.ts";
import type { PlainGraph } from "./plain-graph.ts";

/** The cycles one by one, each as its members in order; the last is tied to the first. */
export function* fundamentalCycles(graph: PlainGraph): Generator<readonly string[]> {
  const { parents, depths, treeEdges } = breadthFirst(graph);
  for (let edge = 0; edge < graph.edges; edge++) {
    if (treeEdges.at(edge) === 1) continue;
    yield cycleOf(graph, parents, depths, edge);
  }
}

interface Tree {
  readonly parents: IntVector;
  readonly depths: IntVector;
  /** 1 for edges of the forest. */
  readonly treeEdges: IntVector;
}

function breadthFirst(graph: PlainGraph): Tree {
  const tree = { parents: new IntVector(NONE), depths: new IntVector(NONE), treeEdges: new IntVector(0) };
  const queue = new IntVector(0);
  let length = 0;
  for (let root = 0; root < graph.vertices; root++) {
    if (tree.depths.at(root) !== NONE) continue;
    tree.depths.set(root, 0);
    queue.set(length++, root);
    for (let place = length - 1; place < length; place++) length = visit(graph, tree, queue, place, length);
  }
  return tree;
}

/** Puts what a vertex leads to at the end of the queue; gives back its new length. */
function visit(graph: PlainGraph, tree: Tree, queue: IntVector, place: number, length: number): number {
  const vertex = queue.at(place);
  let end = length;
  for (let at = graph.start(vertex); at < graph.start(vertex + 1); at++) {
    const other = graph.neighbourAt(at);
    if (tree.depths.at(other) !== NONE) continue;
    tree.depths.set(other, tree.depths.at(vertex) + 1);
    tree.parents.set(other, vertex);
    tree.treeEdges.set(graph.edgeAt(at), 1);
    queue.set(end++, other);
  }
  return end;
}

/** Up from both ends of an edge to where the ways meet. */
function cycleOf(graph: PlainGraph, parents: IntVector, depths: IntVector, edge: number): readonly string[] {
  const up: number[] = [];
  const down: number[] = [];
  let a = graph.from(edge);
  let b = graph.to(edge);
  while (a !== b) {
    if (depths.at(a) >= depths.at(b)) {
      up.push(a);
      a = parents.at(a);
    } else {
      down.push(b);
      b = parents.at(b);
    }
  }
  return [...up, a, ...down.toReversed()].map((vertex) => graph.id(vertex));
}
