// Several tasks at once: each pending slot chooses one edge, and together they are to close the fewest loops. The
// least total Δβ₁ is r minus the largest set of edges that is a forest on the components (graphic matroid) with at
// most one edge a slot (partition matroid). Weighted matroid intersection (Frank 1981) finds it, at the least cost.

/** One way to fill a slot: an edge between two components, at a cost (the agent's load). */
export interface SlotOption {
  readonly a: number;
  readonly b: number;
  readonly cost: number;
}

export interface Lookahead {
  /** For each slot the place of its option; null for a slot without options. */
  readonly choices: readonly (number | null)[];
  /** The least total Δβ₁ there is; of those that reach it, the choices cost the least. */
  readonly loops: number;
}

interface Element {
  readonly slot: number;
  readonly option: number;
  readonly a: number;
  readonly b: number;
  /** What it costs more than its slot's cheapest option. */
  readonly regret: number;
}

/** Exact and polynomial: O(r²·n) and better, for r slots with n options in all. Costs are whole numbers. */
export function lookahead(slots: readonly (readonly SlotOption[])[]): Lookahead {
  const cheapest = slots.map(cheapestOf);
  const elements = slots.flatMap((options, slot) => elementsOf(options, slot, cheapest[slot] ?? null));
  const chosen = new Set<number>();
  for (
    let path = augmentingPath(elements, chosen);
    path.length > 0;
    path = augmentingPath(elements, chosen)
  ) {
    for (const place of path) if (!chosen.delete(place)) chosen.add(place);
  }
  const choices = [...cheapest];
  for (const place of chosen) {
    const element = elements[place];
    if (element !== undefined) choices[element.slot] = element.option;
  }
  const filled = choices.filter((choice) => choice !== null).length;
  return { choices, loops: filled - chosen.size };
}

function cheapestOf(options: readonly SlotOption[]): number | null {
  let best: number | null = null;
  for (const [place, option] of options.entries()) {
    if (best === null || option.cost < (options[best]?.cost ?? 0)) best = place;
  }
  return best;
}

/** Options between the same components are alike but for their cost: the cheapest stands for them. */
function elementsOf(options: readonly SlotOption[], slot: number, cheapest: number | null): Element[] {
  const least = options[cheapest ?? 0]?.cost ?? 0;
  const byPair = new Map<string, Element>();
  for (const [option, { a, b, cost }] of options.entries()) {
    if (a === b) continue;
    const pair = a < b ? `${a} ${b}` : `${b} ${a}`;
    const regret = cost - least;
    const known = byPair.get(pair);
    if (known === undefined || regret < known.regret) byPair.set(pair, { slot, option, a, b, regret });
  }
  return [...byPair.values()];
}

/** What an exchange path has cost to an element, and the one before it. */
interface Reach {
  cost: number;
  steps: number;
  before: number;
}

/**
 * The cheapest, then shortest, path of exchanges that makes the chosen set one larger; empty when it is the largest.
 * Bellman–Ford: an element put in costs its regret, one taken out gives its own back.
 */
function augmentingPath(elements: readonly Element[], chosen: ReadonlySet<number>): number[] {
  const forest = new Forest(elements, chosen);
  const bySlot = new Map([...chosen].map((place) => [elements[place]?.slot ?? -1, place]));
  const reached = new Map<number, Reach>();
  for (const [place, element] of elements.entries()) {
    if (chosen.has(place) || forest.path(element) !== null) continue;
    reached.set(place, { cost: element.regret, steps: 0, before: -1 });
  }
  const arcs = exchanges(elements, chosen, forest, bySlot);
  for (let changed = true; changed;) {
    changed = false;
    for (const [from, to] of arcs) changed = relax(elements, chosen, reached, from, to) || changed;
  }
  let end = -1;
  for (const [place, reach] of reached) {
    const slot = elements[place]?.slot ?? -1;
    if (chosen.has(place) || bySlot.has(slot)) continue;
    if (end === -1 || isBetter(reach, reached.get(end))) end = place;
  }
  const path: number[] = [];
  for (let place = end; place !== -1; place = reached.get(place)?.before ?? -1) path.push(place);
  return path;
}

function relax(
  elements: readonly Element[],
  chosen: ReadonlySet<number>,
  reached: Map<number, Reach>,
  from: number,
  to: number,
): boolean {
  const start = reached.get(from);
  if (start === undefined) return false;
  const regret = elements[to]?.regret ?? 0;
  const reach = {
    cost: start.cost + (chosen.has(to) ? -regret : regret),
    steps: start.steps + 1,
    before: from,
  };
  if (!isBetter(reach, reached.get(to))) return false;
  reached.set(to, reach);
  return true;
}

function isBetter(reach: Reach, than: Reach | undefined): boolean {
  if (than === undefined) return true;
  return reach.cost < than.cost || (reach.cost === than.cost && reach.steps < than.steps);
}

/** Arcs of the exchange graph: out of a slot's place (partition), or into the forest for one of its edges (graphic). */
function exchanges(
  elements: readonly Element[],
  chosen: ReadonlySet<number>,
  forest: Forest,
  bySlot: ReadonlyMap<number, number>,
): (readonly [from: number, to: number])[] {
  const arcs: (readonly [number, number])[] = [];
  for (const [place, element] of elements.entries()) {
    if (chosen.has(place)) continue;
    const held = bySlot.get(element.slot);
    for (const out of held === undefined ? chosen : [held]) arcs.push([place, out]);
    for (const out of forest.path(element) ?? chosen) arcs.push([out, place]);
  }
  return arcs;
}

/** The chosen edges as a forest over components. */
class Forest {
  private readonly ties = new Map<number, { readonly to: number; readonly place: number }[]>();

  constructor(elements: readonly Element[], chosen: ReadonlySet<number>) {
    for (const place of chosen) {
      const element = elements[place];
      if (element === undefined) continue;
      this.tie(element.a, element.b, place);
      this.tie(element.b, element.a, place);
    }
  }

  /** The chosen edges between the ends of an element; null when nothing joins them. */
  path({ a, b }: Element): readonly number[] | null {
    const cameBy = new Map<number, { readonly from: number; readonly place: number }>();
    const queue = [a];
    for (const at of queue) {
      if (at === b) return edgesBack(cameBy, a, b);
      for (const { to, place } of this.ties.get(at) ?? []) {
        if (to === a || cameBy.has(to)) continue;
        cameBy.set(to, { from: at, place });
        queue.push(to);
      }
    }
    return null;
  }

  private tie(from: number, to: number, place: number): void {
    const list = this.ties.get(from) ?? [];
    list.push({ to, place });
    this.ties.set(from, list);
  }
}

function edgesBack(
  cameBy: ReadonlyMap<number, { readonly from: number; readonly place: number }>,
  start: number,
  end: number,
): number[] {
  const places: number[] = [];
  for (let at = end; at !== start;) {
    const step = cameBy.get(at);
    if (step === undefined) break;
    places.push(step.place);
    at = step.from;
  }
  return places;
}
