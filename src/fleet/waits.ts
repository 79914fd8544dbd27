// Who waits for whom in a circle, and who keeps handing work back and forth: the directed layer of the fleet.
// Strongly connected components after Tarjan (1972), iterative; O(V + arcs).
import type { Arc, DirectedKind } from "./graph.ts";

/** A deadlock: all of `members` wait for each other, `cycle` is one way round, each waiting for the next. */
export interface WaitCycle {
  readonly members: readonly string[];
  readonly cycle: readonly string[];
}

/** Two that hand over to each other; `there` counts from `a` to `b`, `back` from `b` to `a`. */
export interface PingPong {
  readonly a: string;
  readonly b: string;
  readonly there: number;
  readonly back: number;
}

/** Every group that waits in a circle (directed dependencies), by its first member. */
export function waitCycles(arcs: Iterable<Arc>): WaitCycle[] {
  const waits = successors(arcs, "dependency");
  return stronglyConnected(waits)
    .filter((members) => members.length > 1)
    .map((members) => members.sort())
    .sort((one, other) => ((one[0] ?? "") < (other[0] ?? "") ? -1 : 1))
    .map((members) => ({ members, cycle: shortestRound(waits, members) }));
}

/** Every pair that hands over both ways (directed delegations), those who do it most first. */
export function pingPongs(arcs: Iterable<Arc>): PingPong[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { from, to, kind, count } of arcs) {
    if (kind !== "delegation") continue;
    const row = counts.get(from) ?? new Map<string, number>();
    counts.set(from, row.set(to, count));
  }
  const pairs: PingPong[] = [];
  for (const [a, row] of counts) {
    for (const [b, there] of row) {
      const back = counts.get(b)?.get(a) ?? 0;
      if (a < b && back > 0) pairs.push({ a, b, there, back });
    }
  }
  return pairs.sort(
    (one, other) => rounds(other) - rounds(one) || (one.a + one.b < other.a + other.b ? -1 : 1),
  );
}

/** Handing there and back is one round. */
function rounds({ there, back }: PingPong): number {
  return Math.min(there, back);
}

type Successors = ReadonlyMap<string, readonly string[]>;

function successors(arcs: Iterable<Arc>, wanted: DirectedKind): Successors {
  const lists = new Map<string, string[]>();
  for (const { from, to, kind } of arcs) {
    if (kind !== wanted) continue;
    const list = lists.get(from);
    if (list === undefined) lists.set(from, [to]);
    else list.push(to);
  }
  return lists;
}

/** The state of a vertex while components are sought. */
interface Visit {
  readonly id: string;
  readonly next: Iterator<string>;
  readonly found: number;
  lowest: number;
  isOpen: boolean;
}

function stronglyConnected(graph: Successors): string[][] {
  const visits = new Map<string, Visit>();
  const open: Visit[] = [];
  const components: string[][] = [];
  const begin = (id: string): Visit => {
    const found = visits.size;
    const next = (graph.get(id) ?? []).values();
    const visit = { id, next, found, lowest: found, isOpen: true };
    visits.set(id, visit);
    open.push(visit);
    return visit;
  };
  for (const root of graph.keys()) {
    if (visits.has(root)) continue;
    const path = [begin(root)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const step = visit.next.next();
      if (step.done !== true) {
        const other = visits.get(step.value);
        if (other === undefined) path.push(begin(step.value));
        else if (other.isOpen) visit.lowest = Math.min(visit.lowest, other.found);
        continue;
      }
      path.pop();
      const before = path.at(-1);
      if (before !== undefined) before.lowest = Math.min(before.lowest, visit.lowest);
      if (visit.lowest === visit.found) components.push(close(open, visit));
    }
  }
  return components;
}

/** Takes from the open vertices those down to the head of a component. */
function close(open: Visit[], head: Visit): string[] {
  const members: string[] = [];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    visit.isOpen = false;
    members.push(visit.id);
    if (visit === head) break;
  }
  return members;
}

/** The shortest way from the first member back to itself, inside the component. */
function shortestRound(graph: Successors, members: readonly string[]): string[] {
  const [first = ""] = members;
  const inside = new Set(members);
  const cameFrom = new Map<string, string>();
  const queue = [first];
  for (const id of queue) {
    for (const other of graph.get(id) ?? []) {
      if (other === first) return wayTo(cameFrom, first, id);
      if (!inside.has(other) || cameFrom.has(other)) continue;
      cameFrom.set(other, id);
      queue.push(other);
    }
  }
  return [];
}

function wayTo(cameFrom: ReadonlyMap<string, string>, first: string, last: string): string[] {
  const way: string[] = [];
  for (let id = last; id !== first; id = cameFrom.get(id) ?? first) way.push(id);
  return [first, ...way.toReversed()];
}
