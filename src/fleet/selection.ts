// Who is to have the next task, without looking at everyone. Agents with the same capabilities form a group, a heap
// by (load, id); each distinct requirement keeps a heap over the tops of the groups that meet it. An agent at its
// capacity is out of its heap until it has room again. Changes and choices are O(log n).
import { HolodeckError } from "../event/error.ts";
import { NONE } from "./edge-index.ts";
import { IdMap } from "./id-map.ts";
import { IndexedHeap, SparsePlaces } from "./indexed-heap.ts";
import { IntVector } from "./int-vector.ts";

/** How many distinct requirements keep a heap; the one unused longest is dropped, and built again when asked for. */
export const REQUIREMENTS_KEPT = 1024;

/** How many agents `fill` looks at in a step. */
const AGENTS_PER_STEP = 65_536;

/** Agents of the same capabilities, for those who restore them. */
export type CapabilitySet = Group;

interface Group {
  readonly number: number;
  readonly key: string;
  readonly capabilities: readonly string[];
  readonly set: ReadonlySet<string>;
  readonly heap: IndexedHeap;
  readonly requirements: Set<Requirement>;
  members: number;
}

interface Requirement {
  readonly required: readonly string[];
  /** Every group that meets it, with room or without. */
  readonly groups: Set<Group>;
  /** The numbers of those with room, by their tops. */
  readonly heap: IndexedHeap;
}

/** A place on the edge of what a walk in order has seen. `rank` is the group's place among the requirement's groups. */
interface Frontier {
  readonly agent: number;
  readonly group: Group;
  readonly place: number;
  readonly rank: number;
}

export class Selection {
  private readonly agents = new IdMap();
  private readonly loads = new IntVector(0);
  private readonly capacities = new IntVector(NONE);
  private readonly places = new IntVector(NONE);
  private readonly groupOf: Group[] = [];
  private readonly groupsByKey = new Map<string, Group>();
  private readonly groups = new IdMap();
  private readonly groupAt: Group[] = [];
  private readonly requirements = new Map<string, Requirement>();
  private readonly first = (a: number, b: number): boolean => {
    const difference = this.loads.at(a) - this.loads.at(b);
    return difference === 0 ? this.agents.name(a) < this.agents.name(b) : difference < 0;
  };

  get size(): number {
    return this.agents.size;
  }

  ids(): Iterable<string> {
    return this.agents.ids();
  }

  has(id: string): boolean {
    return this.agents.find(id) !== undefined;
  }

  /** Adds an agent, or gives a known one other capabilities and capacity (null: no limit); its load stays. */
  register(id: string, capabilities: readonly string[], capacity: number | null): void {
    const known = this.agents.find(id);
    if (known !== undefined) this.leave(known);
    const agent = known ?? this.agents.add(id);
    if (known === undefined) this.loads.set(agent, 0);
    this.capacities.set(agent, capacity ?? NONE);
    const group = this.groupFor(normal(capabilities));
    this.groupOf[agent] = group;
    group.members++;
    this.place(agent, group);
  }

  /** Adds an agent that is not here, as `register` does; nobody finds it before `fill`. Gives back its number. */
  restore(id: string, set: CapabilitySet, capacity: number | null): number {
    const agent = this.agents.add(id);
    this.capacities.set(agent, capacity ?? NONE);
    this.groupOf[agent] = set;
    set.members++;
    return agent;
  }

  /** The set of some capabilities, for `restore`. */
  setOf(capabilities: readonly string[]): CapabilitySet {
    return this.groupFor(normal(capabilities));
  }

  /** Gives those restored, who are all there are, their loads and makes them be found: a bounded piece at each step. */
  *fill(loadOf: (agent: number) => number): Generator<void> {
    const open = new Map<Group, number[]>();
    for (const [agent, group] of this.groupOf.entries()) {
      this.loads.set(agent, loadOf(agent));
      if (this.isOpen(agent)) {
        const members = open.get(group);
        if (members === undefined) open.set(group, [agent]);
        else members.push(agent);
      }
      if (agent % AGENTS_PER_STEP === AGENTS_PER_STEP - 1) yield;
    }
    for (const [group, members] of open) {
      group.heap.fill(members);
      this.refresh(group, NONE, group.heap.at(0));
      yield;
    }
  }

  remove(id: string): void {
    const agent = this.agent(id);
    this.leave(agent);
    this.agents.remove(id);
  }

  load(id: string): number {
    return this.loads.at(this.agent(id));
  }

  /** The most tasks an agent takes; null when it has no limit. */
  capacity(id: string): number | null {
    const capacity = this.capacities.at(this.agent(id));
    return capacity === NONE ? null : capacity;
  }

  capabilities(id: string): readonly string[] {
    return this.group(this.agent(id)).capabilities;
  }

  hasRoom(id: string): boolean {
    return this.isOpen(this.agent(id));
  }

  setLoad(id: string, load: number): void {
    const agent = this.agent(id);
    this.loads.set(agent, load);
    this.place(agent, this.group(agent));
  }

  /** How many of the required capabilities an agent has. */
  matches(id: string, required: readonly string[]): number {
    return matchesOf(this.group(this.agent(id)), normal(required));
  }

  /** Whether anyone has all of these, with room or without. */
  isKnown(required: readonly string[]): boolean {
    return this.requirement(required).groups.size > 0;
  }

  /** The least (load, id) of those who have all of these and room; null when there is none. */
  best(required: readonly string[]): string | null {
    const number = this.requirement(required).heap.at(0);
    return number === NONE ? null : this.agents.name(this.top(number));
  }

  /** Those who have all of these and room, by (load, id), each found as it is asked for. Good until the next change. */
  *inOrder(required: readonly string[]): Generator<string> {
    const { heap } = this.requirement(required);
    const frontier: Frontier[] = [];
    this.pushRank(frontier, heap, 0);
    for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
      yield this.agents.name(next.agent);
      this.pushBelow(frontier, next);
      if (next.place > 0) continue;
      this.pushRank(frontier, heap, 2 * next.rank + 1);
      this.pushRank(frontier, heap, 2 * next.rank + 2);
    }
  }

  /** All with room, those who have most of these first, then by (load, id). O(groups) to begin. */
  *nearest(required: readonly string[]): Generator<string> {
    const wanted = normal(required);
    const classes: Group[][] = Array.from({ length: wanted.length + 1 }, () => []);
    for (const group of this.groupsByKey.values()) {
      if (group.heap.size > 0) classes[wanted.length - matchesOf(group, wanted)]?.push(group);
    }
    for (const groups of classes) {
      const frontier = groups.map((group) => ({ agent: group.heap.at(0), group, place: 0, rank: 0 }));
      frontier.sort((a, b) => (this.first(a.agent, b.agent) ? 1 : -1));
      for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
        yield this.agents.name(next.agent);
        this.pushBelow(frontier, next);
      }
    }
  }

  private pushBelow(frontier: Frontier[], { group, place, rank }: Frontier): void {
    for (const below of [2 * place + 1, 2 * place + 2]) {
      const agent = group.heap.at(below);
      if (agent !== NONE) this.push(frontier, { agent, group, place: below, rank });
    }
  }

  private pushRank(frontier: Frontier[], heap: IndexedHeap, rank: number): void {
    const group = this.groupAt[heap.at(rank)];
    if (group !== undefined) this.push(frontier, { agent: group.heap.at(0), group, place: 0, rank });
  }

  /** Keeps the frontier sorted, its least last. */
  private push(frontier: Frontier[], entry: Frontier): void {
    let low = 0;
    let high = frontier.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = frontier[middle];
      if (other !== undefined && this.first(entry.agent, other.agent)) low = middle + 1;
      else high = middle;
    }
    frontier.splice(low, 0, entry);
  }

  private isOpen(agent: number): boolean {
    const capacity = this.capacities.at(agent);
    return capacity === NONE || this.loads.at(agent) < capacity;
  }

  /** Puts an agent whose load or capacity is new where it belongs, and its group with it. */
  private place(agent: number, group: Group): void {
    const oldTop = group.heap.at(0);
    const isHere = group.heap.has(agent);
    if (this.isOpen(agent)) {
      if (isHere) group.heap.moved(agent);
      else group.heap.add(agent);
    } else if (isHere) group.heap.remove(agent);
    this.refresh(group, oldTop, agent);
  }

  private leave(agent: number): void {
    const group = this.group(agent);
    const oldTop = group.heap.at(0);
    if (group.heap.has(agent)) group.heap.remove(agent);
    this.refresh(group, oldTop, agent);
    group.members--;
    if (group.members > 0) return;
    for (const requirement of group.requirements) requirement.groups.delete(group);
    this.groupsByKey.delete(group.key);
    this.groups.remove(group.key);
  }

  /** Tells the requirements a group meets that its top may be another, or the same with another load. */
  private refresh(group: Group, oldTop: number, agent: number): void {
    const top = group.heap.at(0);
    if (top === oldTop && top !== agent) return;
    for (const { heap } of group.requirements) {
      if (heap.has(group.number)) {
        if (top === NONE) heap.remove(group.number);
        else heap.moved(group.number);
      } else if (top !== NONE) heap.add(group.number);
    }
  }

  private groupFor(capabilities: readonly string[]): Group {
    const key = JSON.stringify(capabilities);
    const known = this.groupsByKey.get(key);
    if (known !== undefined) return known;
    const number = this.groups.add(key);
    const heap = new IndexedHeap(this.places, this.first);
    const set = new Set(capabilities);
    const group: Group = { number, key, capabilities, set, heap, requirements: new Set(), members: 0 };
    this.groupsByKey.set(key, group);
    this.groupAt[number] = group;
    for (const requirement of this.requirements.values()) tie(group, requirement);
    return group;
  }

  private requirement(required: readonly string[]): Requirement {
    const wanted = normal(required);
    const key = JSON.stringify(wanted);
    const known = this.requirements.get(key);
    if (known !== undefined) {
      this.requirements.delete(key);
      this.requirements.set(key, known);
      return known;
    }
    const heap = new IndexedHeap(new SparsePlaces(), (a, b) => this.first(this.top(a), this.top(b)));
    const requirement: Requirement = { required: wanted, groups: new Set(), heap };
    for (const group of this.groupsByKey.values()) {
      if (tie(group, requirement) && group.heap.size > 0) heap.add(group.number);
    }
    this.requirements.set(key, requirement);
    this.dropOldest();
    return requirement;
  }

  private dropOldest(): void {
    if (this.requirements.size <= REQUIREMENTS_KEPT) return;
    for (const [key, oldest] of this.requirements) {
      for (const group of oldest.groups) group.requirements.delete(oldest);
      this.requirements.delete(key);
      return;
    }
  }

  private top(groupNumber: number): number {
    return this.groupAt[groupNumber]?.heap.at(0) ?? NONE;
  }

  private group(agent: number): Group {
    const group = this.groupOf[agent];
    if (group !== undefined) return group;
    throw new HolodeckError("internal", {
      what: "An agent has no group.",
      todo: "Report this with what led to it.",
    });
  }

  private agent(id: string): number {
    const agent = this.agents.find(id);
    if (agent !== undefined) return agent;
    throw new HolodeckError("not_found", {
      what: `The fleet has no agent ${JSON.stringify(id)}.`,
      todo: "Register the agent first.",
    });
  }
}

/** Capabilities sorted and without doubles: equal sets become equal lists. */
function normal(capabilities: readonly string[]): readonly string[] {
  return capabilities.length < 2 ? capabilities : [...new Set(capabilities)].sort();
}

function matchesOf(group: Group, wanted: readonly string[]): number {
  let matches = 0;
  for (const capability of wanted) if (group.set.has(capability)) matches++;
  return matches;
}

function tie(group: Group, requirement: Requirement): boolean {
  if (matchesOf(group, requirement.required) < requirement.required.length) return false;
  group.requirements.add(requirement);
  requirement.groups.add(group);
  return true;
}
