import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PlainGraph } from "./plain-graph.ts";
import { type RigidityDescription, rigidityOf } from "./rigidity.ts";

type Pair = readonly [number, number];

function graphOf(vertices: number, pairs: readonly Pair[]): PlainGraph {
  const ids = Array.from({ length: vertices }, (_, number) => `v${String(number).padStart(7, "0")}`);
  const ordered = pairs.map(([a, b]): Pair => (a < b ? [a, b] : [b, a]));
  const unique = new Map(ordered.map((pair) => [pair.join(), pair]));
  return new PlainGraph(
    ids,
    [...unique.values()].sort((one, other) => one[0] - other[0] || one[1] - other[1]),
  );
}

function complete(first: number, size: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < size; a++) for (let b = a + 1; b < size; b++) pairs.push([first + a, first + b]);
  return pairs;
}

function bipartite(left: number, right: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < left; a++) for (let b = 0; b < right; b++) pairs.push([a, left + b]);
  return pairs;
}

function path(first: number, length: number): Pair[] {
  return Array.from({ length }, (_, step): Pair => [first + step, first + step + 1]);
}

/** The largest prime below 2²⁶: products of two residues stay exact in a double. */
const PRIME = 67_108_859;

function power(base: number, exponent: number): number {
  let result = 1;
  for (let factor = base, left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = (result * factor) % PRIME;
    factor = (factor * factor) % PRIME;
  }
  return result;
}

/** The rank of the rigidity matrix at the given coordinates, modulo the prime. */
function matrixRank(graph: PlainGraph, coordinates: readonly number[]): number {
  const rows: number[][] = [];
  for (let edge = 0; edge < graph.edges; edge++) {
    const row = Array.from({ length: 2 * graph.vertices }, () => 0);
    for (const axis of [0, 1]) {
      const from = 2 * graph.from(edge) + axis;
      const to = 2 * graph.to(edge) + axis;
      row[from] = (coordinates[from]! - coordinates[to]! + PRIME) % PRIME;
      row[to] = (PRIME - row[from]) % PRIME;
    }
    rows.push(row);
  }
  let rank = 0;
  for (let column = 0; column < 2 * graph.vertices; column++) {
    const found = rows.findIndex((row, index) => index >= rank && row[column] !== 0);
    if (found < 0) continue;
    const pivot = rows[found]!;
    rows[found] = rows[rank]!;
    rows[rank] = pivot;
    const inverse = power(pivot[column]!, PRIME - 2);
    for (const row of rows.slice(rank + 1)) {
      const factor = (row[column]! * inverse) % PRIME;
      if (factor === 0) continue;
      for (let at = column; at < row.length; at++) {
        row[at] = (row[at]! + (((PRIME - factor) * pivot[at]!) % PRIME)) % PRIME;
      }
    }
    rank++;
  }
  return rank;
}

test.for<[string, number, Pair[], RigidityDescription, number, number]>([
  ["nothing", 0, [], "empty", 0, 0],
  ["one vertex", 1, [], "empty", 0, 0],
  ["a pair", 2, [[0, 1]], "rigid", 0, 0],
  ["a triangle", 3, complete(0, 3), "rigid", 0, 0],
  ["a 4-cycle", 4, bipartite(2, 2), "under-constrained", 0, 1],
  ["K₄", 4, complete(0, 4), "over-constrained", 1, 0],
  ["K₃,₃", 6, bipartite(3, 3), "rigid", 0, 0],
  ["K₃,₄", 7, bipartite(3, 4), "over-constrained", 1, 0],
  ["two disjoint K₄", 8, [...complete(0, 4), ...complete(4, 4)], "mixed", 2, 3],
  ["K₄ with a tail of 20", 24, [...complete(0, 4), ...path(3, 20)], "mixed", 1, 20],
])("%s", ([, vertices, pairs, description, redundant, freedoms]) => {
  const { whole } = rigidityOf(graphOf(vertices, pairs));
  expect(whole).toMatchObject({ description, redundant, freedoms, exact: true });
});

test("each component is told apart, and its redundant edges are named", () => {
  const { components, redundantEdges } = rigidityOf(graphOf(9, [...complete(0, 4), ...complete(4, 4)]));
  expect(components.map(({ member, redundant, description }) => [member, redundant, description])).toEqual([
    ["v0000000", 1, "over-constrained"],
    ["v0000004", 1, "over-constrained"],
  ]);
  expect(redundantEdges).toHaveLength(2);
});

const anyGraph = fc.integer({ min: 1, max: 9 }).chain((vertices) =>
  fc.record({
    graph: fc
      .array(fc.tuple(fc.nat(vertices - 1), fc.nat(vertices - 1)), { maxLength: 36, size: "max" })
      .map((pairs) =>
        graphOf(
          vertices,
          pairs.filter(([a, b]) => a !== b),
        ),
      ),
    coordinates: fc.array(fc.nat(PRIME - 1), { minLength: 18, maxLength: 18, size: "max" }),
    seed: fc.nat(),
  }),
);

/** Coordinates spread over the field: fast-check likes small and equal numbers, which are not generic. */
function spread(coordinates: readonly number[], seed: number): number[] {
  let state = seed;
  return coordinates.map((coordinate) => {
    state = (state * 48_271 + 11) % PRIME;
    return (coordinate + power(state + 2, 65_537)) % PRIME;
  });
}

test("the rank is the rank of the rigidity matrix at random coordinates modulo a large prime", () => {
  fc.assert(
    fc.property(anyGraph, ({ graph, coordinates, seed }) => {
      const { whole, components } = rigidityOf(graph);
      expect(whole.rank).toBe(matrixRank(graph, spread(coordinates, seed)));
      expect(whole.rank).toBe(components.reduce((total, { rank }) => total + rank, 0));
      expect(whole.rank + whole.redundant).toBe(graph.edges);
    }),
    { numRuns: 1000 },
  );
});

test("for every component, margin = redundant edges − freedoms", () => {
  fc.assert(
    fc.property(anyGraph, ({ graph }) => {
      for (const { vertices, edges, redundant, freedoms } of rigidityOf(graph).components) {
        expect(edges - (2 * vertices - 3)).toBe(redundant - freedoms);
      }
    }),
  );
});

test("a spent budget is admitted: what is told are bounds, and the sign of the margin still holds", () => {
  const { whole } = rigidityOf(graphOf(12, complete(0, 12)), { budget: 5 });
  expect(whole.exact).toBe(false);
  expect(whole.description).toBe("over-constrained");
  expect(whole.rank).toBeLessThan(21);
});

test("a chain of 1,000,000 is under-constrained, without overflowing a stack", () => {
  const { whole } = rigidityOf(graphOf(1_000_000, path(0, 999_999)));
  expect(whole).toMatchObject({ redundant: 0, freedoms: 999_998, description: "under-constrained" });
});
