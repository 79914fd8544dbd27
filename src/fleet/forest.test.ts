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
  const adjacency = new Adjacency();
  for (let vertex = 1; vertex < size; vertex++) adjacency.add(vertex - 1, vertex);
  const forest = rebuilt(adjacency, size);
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
      const again = rebuilt(adjacency, 20);
      expectAlike(again, forest, 20);
      expect(kept.averageDepth).toBeLessThan(20);
      expect(kept.averageDepth).toBeCloseTo(meanDepth(forest), 9);
      expect(again.metrics().averageDepth).toBeCloseTo(meanDepth(again), 9);
      expect(kept.scansPerDelete).toBe(kept.treeDeletes === 0 ? 0 : kept.scans / kept.treeDeletes);
    }),
  );
});

test("a forest built at once goes on like one that came edge by edge", () => {
  fc.assert(
    fc.property(changes, changes, (first, then) => {
      const one = new Adjacency();
      change(one, null, first);
      const built = rebuilt(one, 20);
      const { adjacency: other, forest: grown } = forestOf(20);
      change(other, grown, first);
      for (const pair of then) {
        change(one, built, [pair]);
        change(other, grown, [pair]);
        expectAlike(built, grown, 20);
      }
      expect(built.metrics().averageDepth).toBeCloseTo(meanDepth(built), 9);
    }),
  );
});

const changes = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 40, size: "max" });

/** Adds the edges that are not there and removes those that are. */
function change(
  adjacency: Adjacency,
  forest: Forest | null,
  pairs: readonly (readonly [number, number])[],
): void {
  for (const [a, b] of pairs) {
    if (a === b) continue;
    const edge = adjacency.find(a, b);
    if (edge >= 0) {
      adjacency.remove(edge);
      forest?.remove(edge, a, b);
    } else {
      const added = adjacency.add(a, b);
      forest?.insert(added, a, b);
    }
  }
}

function rebuilt(adjacency: Adjacency, size: number): Forest {
  const forest = new Forest(adjacency);
  for (const _ of forest.rebuild(Array.from({ length: size }, (__, vertex) => vertex)));
  return forest;
}

function expectAlike(one: Forest, other: Forest, size: number): void {
  expect(one.trees).toBe(other.trees);
  for (let vertex = 0; vertex < size; vertex++) {
    const [root, twin] = [one.root(vertex), other.root(vertex)];
    expect([one.sizeAt(root), one.edgesAt(root)]).toEqual([other.sizeAt(twin), other.edgesAt(twin)]);
  }
}

function meanDepth(forest: Forest): number {
  let depths = 0;
  for (let vertex = 0; vertex < 20; vertex++) depths += forest.depth(vertex);
  return depths / 20;
}
