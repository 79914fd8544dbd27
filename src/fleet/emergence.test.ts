import { expect, test } from "vitest";
import {
  crossed,
  crossingTo,
  EMERGENCE_INITIAL,
  flaggedComponents,
  isEmergent,
  marginOf,
  riskOf,
} from "./emergence.ts";
import { FleetGraph, type GraphCounts } from "./graph.ts";

const connected = (vertices: number, edges: number): GraphCounts => ({ vertices, edges, components: 1 });

test.for([
  { name: "empty", counts: { vertices: 0, edges: 0, components: 0 }, margin: 0, emergent: false },
  { name: "one agent", counts: connected(1, 0), margin: 0, emergent: false },
  { name: "a triangle", counts: connected(3, 3), margin: 0, emergent: false },
  { name: "a 4-cycle", counts: connected(4, 4), margin: -1, emergent: false },
  { name: "K₄", counts: connected(4, 6), margin: 1, emergent: true },
  { name: "K₃,₃", counts: connected(6, 9), margin: 0, emergent: false },
  { name: "K₃,₄", counts: connected(7, 12), margin: 1, emergent: true },
  { name: "two disjoint K₄", counts: { vertices: 8, edges: 12, components: 2 }, margin: 0, emergent: false },
  { name: "K₄ with a tail of 20", counts: connected(24, 26), margin: -19, emergent: false },
])("$name: margin $margin, emergence $emergent", ({ counts, margin, emergent }) => {
  expect(marginOf(counts, -2)).toBe(margin);
  expect(isEmergent(counts, -2)).toBe(emergent);
});

test("the risk rises with the margin in the steps of the wire", () => {
  expect([8, 9, 10, 11, 12, 20].map((edges) => riskOf(connected(5, edges - 2), -2))).toEqual([
    0, 0, 0.3, 0.6, 0.9, 0.9,
  ]);
});

test("an upward crossing is reported once and re-armed by the downward one", () => {
  const states = [connected(4, 5), connected(4, 6), connected(4, 6), connected(4, 5), connected(4, 6)];
  let state = EMERGENCE_INITIAL;
  const reported = states.map((counts) => {
    const crossing = crossingTo(state, counts, -2);
    if (crossing !== null) state = crossed(state, crossing);
    return crossing === null ? null : `${crossing.direction} ${crossing.crossing}`;
  });
  expect(reported).toEqual([null, "up 1", null, "down 1", "up 2"]);
});

test("two disjoint K₄ raise no global flag, but each of them is flagged", () => {
  const graph = new FleetGraph();
  for (const id of ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3", "idle"]) graph.addVertex(id, "agent");
  for (const side of ["a", "b"]) {
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < a; b++) graph.addEdge({ a: `${side}${a}`, b: `${side}${b}`, kind: "delegation" });
    }
  }
  expect(isEmergent(graph.counts(), -2)).toBe(false);
  expect(flaggedComponents(graph, -2).map(({ member, margin }) => [member[0], margin])).toEqual([
    ["a", 1],
    ["b", 1],
  ]);
});
