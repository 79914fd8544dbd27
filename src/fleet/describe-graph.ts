// The one word for how redundant a fleet is. Counts alone mostly tell it; where they do not, the pebble game does, once
// for each version of the graph and only up to a size, so that asking a million agents for their status costs nothing.
import { type FleetGraph, loops } from "./graph.ts";
import { plainGraph } from "./plain-graph.ts";
import { type RigidityDescription, rigidityOf } from "./rigidity.ts";

/** Vertices and edges of the largest graph that is looked through for a word. About a quarter of a second. */
export const DESCRIBED_MAX = 100_000;

/** The smallest framework with a redundant edge is K₄, which has three loops. */
const LOOPS_OF_REDUNDANCY = 3;

/** The last word on each graph. */
const told = new WeakMap<FleetGraph, { readonly version: number; readonly word: RigidityDescription }>();

/**
 * The rigidity of the whole as one framework. Above `DESCRIBED_MAX` what only a search could tell is left out: the
 * word is then what the sign of the margin says.
 */
export function describeGraph(graph: FleetGraph): RigidityDescription {
  const counts = graph.counts();
  if (counts.vertices < 2) return "empty";
  const margin = counts.edges - (2 * counts.vertices - 3);
  // Loose components move against each other, whatever holds inside them.
  const isLoose = counts.components > 1 || margin < 0;
  if (margin > 0 && isLoose) return "mixed";
  if (loops(counts) < LOOPS_OF_REDUNDANCY) return isLoose ? "under-constrained" : "rigid";
  if (counts.vertices + counts.edges <= DESCRIBED_MAX) return searched(graph);
  if (isLoose) return "under-constrained";
  return margin > 0 ? "over-constrained" : "unknown";
}

function searched(graph: FleetGraph): RigidityDescription {
  const { version } = graph;
  const last = told.get(graph);
  if (last?.version === version) return last.word;
  const word = rigidityOf(plainGraph(graph)).whole.description;
  told.set(graph, { version, word });
  return word;
}
