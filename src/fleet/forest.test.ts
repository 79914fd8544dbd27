import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Adjacency } from "./adjacency.ts";
import { Forest } from "./forest.ts";

function forestOf(size: number): { adjacency: Adjacency; forest: Forest } {
  const adjacency = new Adjacency();
  const forest = new Forest(adjacency);
  for (let vertex = 0; vertex < size; vertex++) forest.addVertex(vertex);
  return { adjacency, forest };
}

test("a chain of 1,000,000 is built and cut in the middle without overflowing a stack", () => {
  const size = 1_000_000;
  const { adjacency, forest } = forestOf(size);
  for (let vertex = 1; vertex < size; vertex++) adjacency.add(vertex - 1, vertex);
  forest.rebuild(Array.from({ length: size }, (_, vertex) => vertex));
  expect(forest.trees).toBe(1);
  expect(forest.edgesAt(forest.root(0))).toBe(size - 1);
  const edge = adjacency.find(399_999, 400_000);
  adjacency.remove(edge);
  forest.remove(edge, 399_999, 400_000);
  expect(forest.trees).toBe(2);
  expect(forest.sizeAt(forest.root(0))).toBe(400_000);
  expect(forest.edgesAt(forest.root(size - 1))).toBe(599_999);
});

test("the mean depth is what a walk from each vertex finds, and scans count the searches", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 80, size: "max" }), (pairs) => {
      const { adjacency, forest } = forestOf(20);
      for (const [a, b] of pairs) {
        if (a === b) continue;
        const edge = adjacency.find(a, b);
        if (edge >= 0) {
          adjacency.remove(edge);
          forest.remove(edge, a, b);
        } else {
          forest.insert(adjacency.add(a, b), a, b);
        }
      }
      const kept = forest.metrics();
      const rebuilt = forestOf(20);
      for (let a = 0; a < 20; a++) {
        for (let b = 0; b < a; b++) if (adjacency.find(a, b) >= 0) rebuilt.adjacency.add(a, b);
      }
      rebuilt.forest.rebuild(Array.from({ length: 20 }, (_, vertex) => vertex));
      expect(forest.trees).toBe(rebuilt.forest.trees);
      for (let vertex = 0; vertex < 20; vertex++) {
        expect(forest.sizeAt(forest.root(vertex))).toBe(rebuilt.forest.sizeAt(rebuilt.forest.root(vertex)));
      }
      expect(kept.averageDepth).toBeLessThan(20);
      expect(kept.averageDepth).toBeCloseTo(meanDepth(forest), 9);
      expect(rebuilt.forest.metrics().averageDepth).toBeCloseTo(meanDepth(rebuilt.forest), 9);
      expect(kept.scansPerDelete).toBe(kept.treeDeletes === 0 ? 0 : kept.scans / kept.treeDeletes);
    }),
  );
});

function meanDepth(forest: Forest): number {
  let depths = 0;
  for (let vertex = 0; vertex < 20; vertex++) depths += forest.depth(vertex);
  return depths / 20;
}
