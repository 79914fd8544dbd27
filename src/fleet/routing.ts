// Which agents a task goes to: those capable → no crossing into emergence → preferred → the policy (least Δβ₁, or
// the smallest component) → least load → id. Agents are met in order of load, and the walk stops at the first whom
// nobody further on can beat, so a fresh task looks at a handful among a million.
import type { Criterion, RoutingPolicy } from "./fleet-facts.ts";
import type { FleetState } from "./fleet-state.ts";
import { isEmergent } from "./emergence.ts";
import type { GraphCounts } from "./graph.ts";

/** How many agents a choice looks at before it takes the best so far; the decision then says `capped`. */
export const CANDIDATES_MAX = 64;

/** How many agents are looked at even when the first is best, so that a decision can say why not the next. */
const CANDIDATES_SHOWN = 3;

export interface RouteRequest {
  /** The task's vertex, which need not exist yet. */
  readonly key: string;
  readonly required: readonly string[];
  readonly preferred: readonly string[];
  readonly needed: number;
  readonly policy: RoutingPolicy;
}

export interface Candidate {
  readonly id: string;
  readonly load: number;
  /** How many of the required capabilities it has. */
  readonly matches: number;
  readonly preferred: boolean;
  readonly h1Delta: number;
  /** Vertices of the component the task would then be in. */
  readonly radius: number;
  /** Whether choosing it brings emergence where there was none. */
  readonly crosses: boolean;
  readonly component: number;
  readonly after: GraphCounts;
}

export interface Choice {
  readonly picks: readonly Candidate[];
  /** Those looked at for the last pick and not taken, the best first. */
  readonly others: readonly Candidate[];
  /** Whether every candidate of each pick had the same Δβ₁, so that H¹ had no say. */
  readonly h1Silent: boolean;
  readonly fallback: boolean;
  readonly capped: boolean;
  readonly considered: number;
  /** The graph with the task as a vertex, before and after the picks. */
  readonly before: GraphCounts;
  readonly after: GraphCounts;
}

/** Where the task stands while agents are added to it. */
interface Site {
  readonly request: RouteRequest;
  readonly exists: boolean;
  readonly fallback: boolean;
  /** How many different capabilities are required. */
  readonly wanted: number;
  readonly offset: number;
  readonly components: Set<number>;
  readonly taken: Set<string>;
  readonly picks: Candidate[];
  radius: number;
  counts: GraphCounts;
}

interface Look {
  readonly candidates: readonly Candidate[];
  readonly capped: boolean;
}

/** Chooses; `picks` are fewer than asked for when nobody else has room. Leaves the state as it is. */
export function chooseAgents(state: FleetState, request: RouteRequest, offset: number): Choice {
  const site = siteOf(state, request, offset);
  const before = site.counts;
  const seen = new Set<string>();
  let others: readonly Candidate[] = [];
  let h1Silent = true;
  let capped = false;
  while (site.picks.length < request.needed) {
    const look = lookAround(state, site);
    const [best, ...rest] = [...look.candidates].sort((a, b) => order(request.policy, a, b));
    if (best === undefined) break;
    for (const { id } of look.candidates) seen.add(id);
    others = rest;
    h1Silent &&= rest.every(({ h1Delta }) => h1Delta === best.h1Delta);
    capped ||= look.capped;
    take(site, best);
  }
  return {
    picks: site.picks,
    others,
    h1Silent,
    fallback: site.fallback,
    capped,
    considered: seen.size,
    before,
    after: site.counts,
  };
}

/** What first tells two candidates apart, and by how much; the better one has the smaller. */
export function difference(
  policy: RoutingPolicy,
  a: Candidate,
  b: Candidate,
): readonly [by: Criterion, difference: number] {
  if (a.matches !== b.matches) return ["match", b.matches - a.matches];
  if (a.crosses !== b.crosses) return ["crossing", a.crosses ? 1 : -1];
  if (a.preferred !== b.preferred) return ["preference", a.preferred ? -1 : 1];
  if (policy === "h1" && a.h1Delta !== b.h1Delta) return ["h1", a.h1Delta - b.h1Delta];
  if (policy === "blast-radius" && a.radius !== b.radius) return ["blast-radius", a.radius - b.radius];
  if (a.load !== b.load) return ["load", a.load - b.load];
  return ["id", a.id < b.id ? -1 : 1];
}

function order(policy: RoutingPolicy, a: Candidate, b: Candidate): number {
  return difference(policy, a, b)[1];
}

function siteOf(state: FleetState, request: RouteRequest, offset: number): Site {
  const { graph, selection } = state;
  const exists = graph.has(request.key);
  const counts = graph.counts();
  const components = new Set<number>();
  if (exists) components.add(graph.componentOf(request.key));
  const [component] = components;
  return {
    request,
    exists,
    fallback: !selection.isKnown(request.required),
    wanted: new Set(request.required).size,
    offset,
    components,
    taken: new Set(),
    picks: [],
    radius: component === undefined ? 1 : graph.componentCounts(component).vertices,
    counts: exists ? counts : { ...counts, vertices: counts.vertices + 1, components: counts.components + 1 },
  };
}

function take(site: Site, pick: Candidate): void {
  site.picks.push(pick);
  site.taken.add(pick.id);
  site.components.add(pick.component);
  site.radius = pick.radius;
  site.counts = pick.after;
}

/** Candidates for one place: those preferred, those the task already knows, then everyone by load until it is settled. */
function lookAround(state: FleetState, site: Site): Look {
  const { required, policy } = site.request;
  const found = new Map<string, Candidate>();
  let best: Candidate | undefined;
  const consider = (id: string): Candidate | undefined => {
    const known = found.get(id);
    if (known !== undefined || !isFree(state, site, id)) return known;
    const candidate = weigh(state, site, id);
    found.set(id, candidate);
    if (best === undefined || order(policy, candidate, best) < 0) best = candidate;
    return candidate;
  };
  for (const id of atHand(state, site)) consider(id);
  const walk = site.fallback ? state.selection.nearest(required) : state.selection.inOrder(required);
  let walked = 0;
  for (const id of walk) {
    if (walked >= CANDIDATES_MAX) return { candidates: [...found.values()], capped: true };
    const here = consider(id);
    if (here === undefined || best === undefined) continue;
    walked++;
    if (found.size >= CANDIDATES_SHOWN && isSettled(site, best, here)) break;
  }
  return { candidates: [...found.values()], capped: false };
}

/** Agents worth a look wherever they stand in the order: the preferred, and those tied to the task already. */
function* atHand(state: FleetState, site: Site): Generator<string> {
  const { selection, graph } = state;
  const { key, preferred, required } = site.request;
  const isFit = (id: string): boolean =>
    selection.has(id) &&
    selection.hasRoom(id) &&
    (site.fallback || selection.matches(id, required) === site.wanted);
  for (const id of preferred) if (isFit(id)) yield id;
  if (!site.exists) return;
  let looked = 0;
  for (const id of graph.neighbours(key)) {
    if (looked++ >= CANDIDATES_MAX) return;
    if (isFit(id)) yield id;
  }
}

function isFree(state: FleetState, site: Site, id: string): boolean {
  if (site.taken.has(id)) return false;
  return !site.exists || state.graph.multiplicity({ a: id, b: site.request.key, kind: "assignment" }) === 0;
}

function weigh(state: FleetState, site: Site, id: string): Candidate {
  const { graph, selection, emergence } = state;
  const component = graph.componentOf(id);
  const isInside = site.components.has(component);
  const isTied = site.exists && graph.adjacent(id, site.request.key);
  const after = {
    vertices: site.counts.vertices,
    edges: site.counts.edges + (isTied ? 0 : 1),
    components: site.counts.components - (isInside ? 0 : 1),
  };
  return {
    id,
    load: selection.load(id),
    // Unless it is the fallback, nobody is looked at who has not all of them.
    matches: site.fallback ? selection.matches(id, site.request.required) : site.wanted,
    preferred: site.request.preferred.includes(id),
    h1Delta: isInside && !isTied ? 1 : 0,
    radius: isInside ? site.radius : site.radius + graph.componentCounts(component).vertices,
    crosses: !emergence.above && isEmergent(after, site.offset),
    component,
    after,
  };
}

/** Whether nobody after `here` in the order of the walk (matches, load, id) can beat the best so far. */
function isSettled(site: Site, best: Candidate, here: Candidate): boolean {
  if (best.crosses) return false;
  if (here.matches < best.matches) return true;
  if (best.preferred) return true;
  if (site.request.policy === "h1" && best.h1Delta > 0) return false;
  const radiusLeast = site.components.size === 0 ? site.radius + 1 : site.radius;
  if (site.request.policy === "blast-radius" && best.radius > radiusLeast) return false;
  return best.load < here.load || (best.load === here.load && best.id <= here.id);
}
