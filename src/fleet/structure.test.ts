import * as fc from "fast-check";
import { expect, test } from "vitest";
import { articulation } from "./articulation.ts";
import { fundamentalCycles } from "./cycles.ts";
import { type Arc, FleetGraph, loops } from "./graph.ts";
import { PlainGraph, plainGraph } from "./plain-graph.ts";
import { pingPongs, waitCycles } from "./waits.ts";

type Pair = readonly [number, number];

const LONG = 1_000_000;

function fleetOf(vertices: number, pairs: readonly Pair[], isDirected = false): FleetGraph {
  const graph = new FleetGraph();
  for (let vertex = 0; vertex < vertices; vertex++) graph.addVertex(`v${vertex}`, "agent");
  for (const [a, b] of pairs) {
    if (a !== b) graph.addEdge({ a: `v${a}`, b: `v${b}`, kind: "dependency", directed: isDirected });
  }
  return graph;
}

const anyPairs = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 30, size: "max" });

function pairsOf(graph: PlainGraph): string[] {
  return Array.from({ length: graph.edges }, (_, edge) =>
    pairKey(graph.id(graph.from(edge)), graph.id(graph.to(edge))),
  );
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

test("listed cycles are closed, simple, independent, and β₁ in number", () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const fleet = fleetOf(10, pairs);
      const plain = plainGraph(fleet);
      const edges = pairsOf(plain);
      const cycles = [...fundamentalCycles(plain)];
      expect(cycles).toHaveLength(loops(fleet.counts()));
      const basis: bigint[] = [];
      for (const cycle of cycles) {
        expect(new Set(cycle).size).toBe(cycle.length);
        let vector = 0n;
        for (const [place, id] of cycle.entries()) {
          const edge = edges.indexOf(pairKey(id, cycle[(place + 1) % cycle.length]!));
          expect(edge).toBeGreaterThanOrEqual(0);
          vector ^= 1n << BigInt(edge);
        }
        for (const held of basis) if ((vector ^ held) < vector) vector ^= held;
        expect(vector).not.toBe(0n);
        basis.push(vector);
        basis.sort((a, b) => (a > b ? -1 : 1));
      }
    }),
    { numRuns: 500 },
  );
});

test("points and bridges are those whose loss makes more components", () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const fleet = fleetOf(10, pairs);
      const { points, bridges } = articulation(plainGraph(fleet));
      const components = fleet.counts().components;
      const lost = (change: (copy: FleetGraph) => void): number => {
        const copy = fleetOf(10, pairs);
        change(copy);
        return copy.counts().components;
      };
      const ids = [...fleet.vertices()].sort();
      expect(points).toEqual(ids.filter((id) => lost((copy) => copy.removeVertex(id)) > components));
      const parting = pairsOf(plainGraph(fleet)).filter((key) => {
        const rest = pairs.filter(([a, b]) => pairKey(`v${a}`, `v${b}`) !== key);
        return fleetOf(10, rest).counts().components > components;
      });
      expect(bridges.map(([a, b]) => pairKey(a, b))).toEqual(parting);
    }),
    { numRuns: 300 },
  );
});

test("one component is taken out whole and alone", () => {
  const plain = plainGraph(
    fleetOf(6, [
      [0, 1],
      [1, 2],
      [4, 5],
    ]),
    "v1",
  );
  expect([plain.ids, plain.edges]).toEqual([["v0", "v1", "v2"], 2]);
  expect(() => plainGraph(fleetOf(1, []), "nobody")).toThrow(/no vertex/);
});

test("those who wait in a circle are those who reach each other, and the way round is one of waits", () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const fleet = fleetOf(10, pairs, true);
      const reaches = reachability(fleet.arcs());
      const ids = [...fleet.vertices()].sort();
      const groups = ids
        .map((id) => ids.filter((other) => reaches.has(`${id} ${other}`) && reaches.has(`${other} ${id}`)))
        .filter((members, place) => members.length > 1 && members[0] === ids[place]);
      const found = waitCycles(fleet.arcs());
      expect(found.map(({ members }) => members)).toEqual(groups);
      for (const { cycle } of found) {
        expect(new Set(cycle).size).toBe(cycle.length);
        for (const [place, a] of cycle.entries()) {
          const b = cycle[(place + 1) % cycle.length]!;
          expect(fleet.multiplicity({ a, b, kind: "dependency", directed: true })).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 300 },
  );
});

function reachability(arcs: Iterable<Arc>): Set<string> {
  const reaches = new Set<string>();
  for (const { from, to } of arcs) reaches.add(`${from} ${to}`);
  for (let middle = 0; middle < 10; middle++) {
    for (let a = 0; a < 10; a++) {
      if (!reaches.has(`v${a} v${middle}`)) continue;
      for (let b = 0; b < 10; b++) if (reaches.has(`v${middle} v${b}`)) reaches.add(`v${a} v${b}`);
    }
  }
  return reaches;
}

test("those who hand over to each other are counted, the busiest first, and a one-way handoff is none", () => {
  const graph = fleetOf(4, []);
  const hand = (a: string, b: string, times: number): void => {
    for (let time = 0; time < times; time++) graph.addEdge({ a, b, kind: "delegation", directed: true });
  };
  hand("v0", "v1", 1);
  hand("v1", "v0", 2);
  hand("v3", "v2", 4);
  hand("v2", "v3", 3);
  hand("v0", "v2", 9);
  expect(pingPongs(graph.arcs())).toEqual([
    { a: "v2", b: "v3", there: 3, back: 4 },
    { a: "v0", b: "v1", there: 1, back: 2 },
  ]);
  expect(waitCycles(graph.arcs())).toEqual([]);
});

test("a ring of 1,000,000 is one cycle without points or bridges, and no stack overflows", () => {
  const plain = new PlainGraph(names(LONG), [[0, 1], [0, LONG - 1], ...chain(LONG).slice(1)]);
  expect(articulation(plain)).toEqual({ points: [], bridges: [] });
  expect([...fundamentalCycles(plain)].map((cycle) => cycle.length)).toEqual([LONG]);
});

test("in a chain of 1,000,000 every inner vertex is a point and every edge a bridge", () => {
  const { points, bridges } = articulation(new PlainGraph(names(LONG), chain(LONG)));
  expect([points.length, bridges.length]).toEqual([LONG - 2, LONG - 1]);
});

test("a circle of 1,000,000 who wait for the next is one deadlock", () => {
  const ids = names(LONG);
  const arcs = ids.map((from, place): Arc => {
    const to = ids[(place + 1) % LONG]!;
    return { from, to, kind: "dependency", count: 1 };
  });
  expect(waitCycles(arcs)[0]?.cycle).toHaveLength(LONG);
});

function names(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `v${number}`);
}

function chain(count: number): Pair[] {
  return Array.from({ length: count - 1 }, (_, number): Pair => [number, number + 1]);
}
