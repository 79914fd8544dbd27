// How redundant coordination is: the rank r of the plane rigidity matroid, S = E − r redundant edges and
// F = 2V − 3 − r internal freedoms, in all and per component (spec/fleet-math.md). A vertex of degree ≤ 2 adds its
// degree to the rank and is peeled off; what is left is decided by the pebble game, within a budget.
import { IntVector } from "./int-vector.ts";
import { PebbleGame } from "./pebble-game.ts";
import type { PlainGraph } from "./plain-graph.ts";

/** `unknown` only where the budget ran out before either could be told. */
export type RigidityDescription =
  | "empty"
  | "under-constrained"
  | "rigid"
  | "over-constrained"
  | "mixed"
  | "unknown";

export interface Rigidity {
  readonly vertices: number;
  readonly edges: number;
  /** Where not `exact`, at least this. */
  readonly rank: number;
  /** Where not `exact`, at least this. */
  readonly redundant: number;
  /** Where not `exact`, at most this. */
  readonly freedoms: number;
  readonly description: RigidityDescription;
  readonly exact: boolean;
}

export interface ComponentRigidity extends Rigidity {
  /** Its first member by id. */
  readonly member: string;
}

export interface FleetRigidity {
  /** The whole as one framework: loose components are freedoms. */
  readonly whole: Rigidity;
  /** Those of two vertices and more, by member. */
  readonly components: readonly ComponentRigidity[];
  /** Edges the rest makes redundant, as the game met them; at most `listed`. */
  readonly redundantEdges: readonly (readonly [string, string])[];
}

export interface RigidityLimits {
  /** How many vertices the pebble searches may visit. Default 20,000,000. */
  readonly budget?: number;
  /** How many redundant edges are named. Default 1,000. */
  readonly listed?: number;
}

interface Tally {
  readonly member: number;
  vertices: number;
  edges: number;
  rank: number;
  redundant: number;
}

/** The rigidity of a graph and of each of its components. */
export function rigidityOf(graph: PlainGraph, limits: RigidityLimits = {}): FleetRigidity {
  const { budget = 20_000_000, listed = 1000 } = limits;
  const labels = new IntVector(0);
  const tallies = componentTallies(graph, labels);
  const tallyOf = (vertex: number): Tally | undefined => tallies[labels.at(vertex)];
  const peeled = peel(graph, (vertex, degree) => addRank(tallyOf(vertex), degree));
  const game = new PebbleGame(graph.vertices, budget);
  const redundantEdges: [string, string][] = [];
  for (let edge = 0; edge < graph.edges; edge++) {
    const from = graph.from(edge);
    const to = graph.to(edge);
    const tally = tallyOf(from);
    if (tally === undefined) continue;
    tally.edges++;
    if (peeled.at(from) === 1 || peeled.at(to) === 1) continue;
    const verdict = game.play(from, to);
    if (verdict === "independent") tally.rank++;
    if (verdict !== "redundant") continue;
    tally.redundant++;
    if (redundantEdges.length < listed) redundantEdges.push([graph.id(from), graph.id(to)]);
  }
  const components = tallies
    .filter(({ vertices }) => vertices > 1)
    .map((tally): ComponentRigidity => Object.assign({ member: graph.id(tally.member) }, assess(tally)));
  return { whole: assess(sum(tallies)), components, redundantEdges };
}

function assess({ vertices, edges, rank, redundant }: Omit<Tally, "member">): Rigidity {
  const exact = rank + redundant === edges;
  const freedoms = vertices < 2 ? 0 : 2 * vertices - 3 - rank;
  const description = describe(vertices, edges, redundant, freedoms, exact);
  return { vertices, edges, rank, redundant, freedoms, description, exact };
}

function describe(
  vertices: number,
  edges: number,
  redundant: number,
  freedoms: number,
  exact: boolean,
): RigidityDescription {
  if (vertices < 2) return "empty";
  const margin = edges - (2 * vertices - 3);
  const isOver = redundant > 0 || margin > 0;
  const isUnder = exact ? freedoms > 0 : margin < 0;
  if (isOver && isUnder) return "mixed";
  if (isOver) return "over-constrained";
  if (isUnder) return "under-constrained";
  return exact ? "rigid" : "unknown";
}

function sum(tallies: readonly Tally[]): Omit<Tally, "member"> {
  const total = { vertices: 0, edges: 0, rank: 0, redundant: 0 };
  for (const tally of tallies) {
    total.vertices += tally.vertices;
    total.edges += tally.edges;
    total.rank += tally.rank;
    total.redundant += tally.redundant;
  }
  return total;
}

function addRank(tally: Tally | undefined, rank: number): void {
  if (tally !== undefined) tally.rank += rank;
}

/** Labels every vertex with the number of its component; counts its vertices. */
function componentTallies(graph: PlainGraph, labels: IntVector): Tally[] {
  const tallies: Tally[] = [];
  const seen = new IntVector(0);
  const stack: number[] = [];
  for (let member = 0; member < graph.vertices; member++) {
    if (seen.at(member) === 1) continue;
    const tally: Tally = { member, vertices: 0, edges: 0, rank: 0, redundant: 0 };
    seen.set(member, 1);
    stack.push(member);
    for (let vertex = stack.pop(); vertex !== undefined; vertex = stack.pop()) {
      labels.set(vertex, tallies.length);
      tally.vertices++;
      for (let place = graph.start(vertex); place < graph.start(vertex + 1); place++) {
        const other = graph.neighbourAt(place);
        if (seen.at(other) === 1) continue;
        seen.set(other, 1);
        stack.push(other);
      }
    }
    tallies.push(tally);
  }
  return tallies;
}

/** Takes off vertices of degree ≤ 2 until none is left; marks them with 1. Their edges are all independent. */
function peel(graph: PlainGraph, onPeel: (vertex: number, degree: number) => void): IntVector {
  const peeled = new IntVector(0);
  const degrees = new IntVector(0);
  const stack: number[] = [];
  for (let vertex = 0; vertex < graph.vertices; vertex++) {
    degrees.set(vertex, graph.degree(vertex));
    if (graph.degree(vertex) <= 2) stack.push(vertex);
  }
  for (let vertex = stack.pop(); vertex !== undefined; vertex = stack.pop()) {
    if (peeled.at(vertex) === 1) continue;
    peeled.set(vertex, 1);
    onPeel(vertex, degrees.at(vertex));
    for (let place = graph.start(vertex); place < graph.start(vertex + 1); place++) {
      const other = graph.neighbourAt(place);
      degrees.add(other, -1);
      if (degrees.at(other) === 2) stack.push(other);
    }
  }
  return peeled;
}
