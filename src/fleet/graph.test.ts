import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type EdgeKind, type EdgeSpec, FleetGraph, type GraphCounts, loops } from "./graph.ts";

type Pair = readonly [string, string];

function graphOf(pairs: readonly Pair[]): FleetGraph {
  const graph = new FleetGraph();
  for (const id of new Set(pairs.flat())) graph.addVertex(id, "agent");
  for (const [a, b] of pairs) graph.addEdge({ a, b, kind: "dependency" });
  return graph;
}

function complete(prefix: string, size: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < size; a++) for (let b = 0; b < a; b++) pairs.push([`${prefix}${a}`, `${prefix}${b}`]);
  return pairs;
}

function bipartite(left: number, right: number): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < left; a++) for (let b = 0; b < right; b++) pairs.push([`l${a}`, `r${b}`]);
  return pairs;
}

/** Deterministic numbers for large graphs: a property passes the seed, so a failure prints it. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** E − rank ∂₁ over GF(2), each edge a column with two bits. */
function h1ByRank(edges: Iterable<readonly [number, number]>): number {
  const basis = new Map<number, bigint>();
  let dependent = 0;
  for (const [a, b] of edges) {
    let column = (1n << BigInt(a)) | (1n << BigInt(b));
    for (;;) {
      if (column === 0n) {
        dependent++;
        break;
      }
      const pivot = column.toString(2).length;
      const held = basis.get(pivot);
      if (held === undefined) {
        basis.set(pivot, column);
        break;
      }
      column ^= held;
    }
  }
  return dependent;
}

function countByBreadthFirst(vertices: readonly string[], pairs: readonly Pair[]): Map<string, GraphCounts> {
  const neighbours = new Map<string, string[]>(vertices.map((id) => [id, []]));
  for (const [a, b] of pairs) {
    neighbours.get(a)!.push(b);
    neighbours.get(b)!.push(a);
  }
  const found = new Map<string, GraphCounts>();
  for (const start of vertices) {
    if (found.has(start)) continue;
    const queue = [start];
    const seen = new Set(queue);
    let halves = 0;
    for (const id of queue) {
      for (const other of neighbours.get(id)!) {
        halves++;
        if (seen.has(other)) continue;
        seen.add(other);
        queue.push(other);
      }
    }
    const counts = { vertices: queue.length, edges: halves / 2, components: 1 };
    for (const id of queue) found.set(id, counts);
  }
  return found;
}

test.for([
  { name: "empty", pairs: [], counts: { vertices: 0, edges: 0, components: 0 }, h1: 0 },
  {
    name: "two disjoint pairs",
    pairs: [
      ["a", "s"],
      ["b", "t"],
    ] as Pair[],
    counts: { vertices: 4, edges: 2, components: 2 },
    h1: 0,
  },
  { name: "a triangle", pairs: complete("k", 3), counts: { vertices: 3, edges: 3, components: 1 }, h1: 1 },
  {
    name: "a 4-cycle",
    pairs: bipartite(2, 2),
    counts: { vertices: 4, edges: 4, components: 1 },
    h1: 1,
  },
  { name: "K₄", pairs: complete("k", 4), counts: { vertices: 4, edges: 6, components: 1 }, h1: 3 },
  { name: "K₃,₃", pairs: bipartite(3, 3), counts: { vertices: 6, edges: 9, components: 1 }, h1: 4 },
  { name: "K₃,₄", pairs: bipartite(3, 4), counts: { vertices: 7, edges: 12, components: 1 }, h1: 6 },
  {
    name: "two disjoint K₄",
    pairs: [...complete("k", 4), ...complete("m", 4)],
    counts: { vertices: 8, edges: 12, components: 2 },
    h1: 6,
  },
])("$name has $h1 loops", ({ pairs, counts, h1 }) => {
  const graph = graphOf(pairs);
  expect(graph.counts()).toEqual(counts);
  expect(loops(graph.counts())).toBe(h1);
});

test("three idle agents have no loops, not minus two", () => {
  const graph = new FleetGraph();
  for (const id of ["a", "b", "c"]) graph.addVertex(id, "agent");
  expect(loops(graph.counts())).toBe(0);
});

test("kinds in parallel are one edge, which leaves with the last of them", () => {
  const graph = graphOf([["a", "b"]]);
  expect(graph.addEdge({ a: "b", b: "a", kind: "delegation" })).toBe(false);
  expect(graph.addEdge({ a: "a", b: "b", kind: "delegation" })).toBe(false);
  expect(graph.counts().edges).toBe(1);
  expect(graph.removeEdge({ a: "a", b: "b", kind: "dependency" })).toBe(false);
  expect(graph.removeEdge({ a: "a", b: "b", kind: "delegation" })).toBe(false);
  expect(graph.removeEdge({ a: "a", b: "b", kind: "delegation" })).toBe(true);
  expect(graph.counts()).toEqual({ vertices: 2, edges: 0, components: 2 });
});

test("directions are counted each way on the one edge, and an undirected edge is not taken for a directed one", () => {
  const graph = graphOf([["a", "b"]]);
  for (let n = 0; n < 2; n++) graph.addEdge({ a: "b", b: "a", kind: "delegation", directed: true });
  graph.addEdge({ a: "a", b: "b", kind: "delegation", directed: true });
  expect([...graph.arcs()]).toEqual([
    { from: "a", to: "b", kind: "delegation", count: 1 },
    { from: "b", to: "a", kind: "delegation", count: 2 },
  ]);
  expect(() => graph.removeEdge({ a: "a", b: "b", kind: "delegation" })).toThrow(/No such delegation/);
  expect(() => graph.removeEdge({ a: "a", b: "b", kind: "dependency", directed: true })).toThrow(
    /directed dependency/,
  );
  graph.removeEdge({ a: "b", b: "a", kind: "delegation", directed: true });
  expect(graph.multiplicity({ a: "b", b: "a", kind: "delegation", directed: true })).toBe(1);
});

test("loops to oneself, unknown ends, taken ids and directed assignments are refused and change nothing", () => {
  const graph = graphOf([["a", "b"]]);
  const before = graph.counts();
  expect(() => graph.addEdge({ a: "a", b: "a", kind: "dependency" })).toThrow(/two different/);
  expect(() => graph.addEdge({ a: "a", b: "z", kind: "dependency" })).toThrow(/no vertex "z"/);
  expect(() => graph.addVertex("a", "task")).toThrow(/already/);
  expect(() => graph.addEdge({ a: "a", b: "b", kind: "assignment", directed: true })).toThrow(/no direction/);
  expect(graph.counts()).toEqual(before);
});

test("a removed vertex takes its edges with it, and its number may serve another without inheriting any", () => {
  const graph = graphOf(complete("k", 4));
  graph.removeVertex("k0");
  expect(graph.counts()).toEqual({ vertices: 3, edges: 3, components: 1 });
  graph.addVertex("new", "task");
  expect([...graph.neighbours("new")]).toEqual([]);
  expect(graph.count("task")).toBe(1);
  expect(graph.componentCounts(graph.componentOf("new"))).toEqual({ vertices: 1, edges: 0, components: 1 });
});

test("a ring of 100,000 opens, falls apart and closes again exactly", () => {
  const size = 100_000;
  const random = randomFrom(11);
  const order = Array.from({ length: size }, (_, index) => index);
  for (let index = size - 1; index > 0; index--) {
    const other = random(index + 1);
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  const edge = (index: number): EdgeSpec => ({
    a: `v${index}`,
    b: `v${(index + 1) % size}`,
    kind: "dependency",
  });
  const graph = new FleetGraph();
  for (let index = 0; index < size; index++) graph.addVertex(`v${index}`, "resource");
  for (const index of order) graph.addEdge(edge(index));
  const state = () => [loops(graph.counts()), graph.counts().components];
  const seen = [state()];
  graph.removeEdge(edge(3));
  seen.push(state());
  graph.removeEdge(edge(60_000));
  seen.push(state());
  expect(graph.componentCounts(graph.componentOf("v4"))).toEqual({
    vertices: 59_997,
    edges: 59_996,
    components: 1,
  });
  graph.addEdge(edge(3));
  graph.addEdge(edge(60_000));
  seen.push(state());
  expect(seen).toEqual([
    [1, 1],
    [0, 1],
    [0, 2],
    [1, 1],
  ]);
});

test("β₁ equals the GF(2) rank of the boundary after each of 100,000 and more random changes to small graphs", () => {
  const runs = 1200;
  const steps = 100;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 12 }), (seed, size) => {
      const random = randomFrom(seed);
      const graph = new FleetGraph();
      const here = new Set<number>();
      const edges = new Map<string, readonly [number, number]>();
      for (let step = 0; step < steps; step++) {
        const a = random(size);
        const b = random(size);
        change(graph, here, edges, a, b, random(10));
        expect(loops(graph.counts())).toBe(h1ByRank(edges.values()));
        expect(graph.counts().edges).toBe(edges.size);
        expect(graph.counts().vertices).toBe(here.size);
      }
    }),
    { numRuns: runs },
  );
});

function change(
  graph: FleetGraph,
  here: Set<number>,
  edges: Map<string, readonly [number, number]>,
  a: number,
  b: number,
  roll: number,
): void {
  for (const id of [a, b]) {
    if (!here.has(id)) graph.addVertex(`v${id}`, "agent");
    here.add(id);
  }
  const key = a < b ? `${a}-${b}` : `${b}-${a}`;
  const spec: EdgeSpec = { a: `v${a}`, b: `v${b}`, kind: "dependency" };
  if (roll === 0) {
    graph.removeVertex(`v${a}`);
    here.delete(a);
    for (const [name, ends] of edges) if (ends.includes(a)) edges.delete(name);
  } else if (a !== b && edges.has(key) && roll < 5) {
    expect(graph.removeEdge(spec)).toBe(true);
    edges.delete(key);
  } else if (a !== b && !edges.has(key)) {
    expect(graph.addEdge(spec)).toBe(true);
    edges.set(key, [a, b]);
  }
}

test("components of larger graphs equal a breadth-first recount while edges of all kinds come and go", () => {
  const kinds: readonly EdgeKind[] = ["assignment", "delegation", "dependency"];
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 30, max: 400 }), (seed, size) => {
      const random = randomFrom(seed);
      const graph = new FleetGraph();
      const ids = Array.from({ length: size }, (_, index) => `v${index}`);
      for (const id of ids) graph.addVertex(id, "agent");
      const specs: EdgeSpec[] = [];
      for (let step = 0; step < 3 * size; step++) {
        const a = ids[random(size)]!;
        const b = ids[random(size)]!;
        if (a !== b && (specs.length < size || random(2) === 0)) {
          specs.push({ a, b, kind: kinds[random(3)]! });
          graph.addEdge(specs.at(-1)!);
        } else if (specs.length > 0) {
          graph.removeEdge(specs.splice(random(specs.length), 1)[0]!);
        }
        if (step % size === 0 || step === 3 * size - 1) compareToRecount(graph, ids, specs);
      }
    }),
    { numRuns: 100 },
  );
});

/** HOLODECK_LONG=1 changes 100,000 edges at a time. */
const CHANGES = process.env["HOLODECK_LONG"] === "1" ? 100_000 : 20_000;

test("a large graph equals a breadth-first recount while edges come and go by the thousand", () => {
  const size = CHANGES / 4;
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(0.3, 0.5, 1.2), (seed, perVertex) => {
      const random = randomFrom(seed);
      const graph = new FleetGraph();
      const ids = Array.from({ length: size }, (_, index) => `v${index}`);
      for (const id of ids) graph.addVertex(id, "agent");
      const specs: EdgeSpec[] = [];
      for (let step = 0; step < CHANGES; step++) {
        const a = random(size);
        // Half the edges are near ones, so that there are long paths and rings as well as a bush.
        const b = random(2) === 0 ? random(size) : (a + 1 + random(3)) % size;
        const isFull = specs.length >= size * perVertex;
        if (a !== b && !isFull) specs.push({ a: ids[a]!, b: ids[b]!, kind: "dependency" });
        if (a !== b && !isFull) graph.addEdge(specs.at(-1)!);
        if (isFull) {
          const place = random(specs.length);
          graph.removeEdge(specs[place]!);
          specs[place] = specs.at(-1)!;
          specs.pop();
        }
        if ((step + 1) % (CHANGES / 4) === 0) compareToRecount(graph, ids, specs);
      }
    }),
    { numRuns: 3 },
  );
});

function compareToRecount(graph: FleetGraph, ids: readonly string[], specs: readonly EdgeSpec[]): void {
  const pairs = [...new Map(specs.map(({ a, b }) => [[a, b].sort().join(), [a, b] as const])).values()];
  const recount = countByBreadthFirst(ids, pairs);
  const wrong = ids.filter((id) => {
    const { vertices, edges } = graph.componentCounts(graph.componentOf(id));
    return vertices !== recount.get(id)?.vertices || edges !== recount.get(id)?.edges;
  });
  expect(wrong).toEqual([]);
  expect(graph.counts().components).toBe(new Set(recount.values()).size);
  expect([...graph.components()].length).toBe(graph.counts().components);
  expect([...graph.edges()].length).toBe(pairs.length);
}

test("inserting and then deleting the same edges restores V, E and C", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { maxLength: 40, size: "max" }),
      fc.array(fc.tuple(fc.nat(15), fc.nat(15)), { maxLength: 40, size: "max" }),
      (base, extra) => {
        const graph = new FleetGraph();
        for (let id = 0; id < 16; id++) graph.addVertex(`v${id}`, "task");
        for (const spec of delegations(base)) graph.addEdge(spec);
        const before = graph.counts();
        for (const spec of delegations(extra)) graph.addEdge(spec);
        for (const spec of delegations(extra)) graph.removeEdge(spec);
        expect(graph.counts()).toEqual(before);
      },
    ),
  );
});

function delegations(pairs: readonly (readonly [number, number])[]): EdgeSpec[] {
  return pairs
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => ({ a: `v${a}`, b: `v${b}`, kind: "delegation", directed: true }));
}
