import * as fc from "fast-check";
import { expect, test } from "vitest";
import { describeGraph, DESCRIBED_MAX } from "./describe-graph.ts";
import { FleetGraph } from "./graph.ts";
import { plainGraph } from "./plain-graph.ts";
import { rigidityOf } from "./rigidity.ts";

function graphOf(size: number, pairs: Iterable<readonly [number, number]>): FleetGraph {
  const graph = new FleetGraph();
  for (let vertex = 0; vertex < size; vertex++) graph.addVertex(`v${vertex}`, "agent");
  for (const [a, b] of pairs) if (a !== b) graph.addEdge({ a: `v${a}`, b: `v${b}`, kind: "dependency" });
  return graph;
}

function walksOf(graph: FleetGraph): () => number {
  const walk = graph.vertices.bind(graph);
  let walks = 0;
  graph.vertices = () => {
    walks++;
    return walk();
  };
  return () => walks;
}

const K4 = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].slice(a + 1).map((b) => [a, b] as const));

test("the word is the one the pebble game would say, at any size it is asked for", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8 }),
      fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 30, size: "max" }),
      (size, pairs) => {
        const inside = pairs.filter(([a, b]) => a < size && b < size);
        const graph = graphOf(size, inside);
        expect(describeGraph(graph)).toBe(rigidityOf(plainGraph(graph)).whole.description);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a graph is looked through once for each version of it, and not where counts tell", () => {
  const graph = graphOf(20, K4);
  const walks = walksOf(graph);
  for (let time = 0; time < 3; time++) expect(describeGraph(graph)).toBe("mixed");
  expect(walks()).toBe(1);
  graph.removeEdge({ a: "v0", b: "v1", kind: "dependency" });
  expect(describeGraph(graph)).toBe("under-constrained");
  expect(walks()).toBe(1);
  graph.addEdge({ a: "v0", b: "v1", kind: "dependency" });
  graph.addVertex("late", "task");
  expect(describeGraph(graph)).toBe("mixed");
  expect(walks()).toBe(2);
});

test("a large graph is not looked through: the sign of its margin says the word", () => {
  const graph = graphOf(DESCRIBED_MAX, K4);
  const walks = walksOf(graph);
  expect(describeGraph(graph)).toBe("under-constrained");
  expect(walks()).toBe(0);
});
