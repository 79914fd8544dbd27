// The world of the routing simulation. Nothing in it favours a policy: whether a task succeeds depends on its agent's
// skill and day alone, and never on the graph.
import { fundamentalCycles, loops, MemoryFleet, plainGraph, type FleetCommand } from "../src/index.ts";

export const POLICIES = ["h1", "load", "random"] as const;
export type Policy = (typeof POLICIES)[number];

export interface World {
  readonly ticks: number;
  readonly agents: number;
}

export interface Play extends World {
  readonly policy: Policy;
  readonly seed: number;
}

/** What came of one play. */
export interface Played {
  readonly finished: number;
  readonly retries: number;
  /** How many of these went to an agent that had just failed at the task. */
  readonly sameAgain: number;
  /** Members of the longest fundamental loop that was seen. */
  readonly longestLoop: number;
  /** β₁ on average. */
  readonly loops: number;
}

interface Agent {
  readonly id: string;
  readonly capabilities: readonly string[];
  /** Of an attempt on a good day, 0 to 1. */
  readonly skill: number;
  isFailing: boolean;
}

interface Task {
  readonly id: string;
  readonly needs: string;
  /** How many agents work on it together. */
  readonly hands: number;
  /** Ticks an attempt takes. */
  readonly work: number;
  /** Tasks that must be done before. */
  readonly after: readonly string[];
  agents: readonly string[];
  left: number;
}

const CAPABILITIES = ["read", "write", "code", "test", "review"] as const;
/** A job comes in with this chance each tick, for each agent. */
const JOB_RATE = 0.02;
const BURST_BEGINS = 0.01;
const BURST_ENDS = 0.08;
/** What is left of a skill on a bad day. */
const BAD_DAY = 0.2;
const SAMPLE_TICKS = 10;

type Chance = () => number;

/** The same seed gives the same agents, bad days and jobs, whatever the policy. */
export function play({ policy, seed, ticks, agents: count }: Play): Played {
  const [people, weather, demand, luck, lots] = [1, 2, 3, 4, 5].map((part) => chance(seed * 10 + part)) as [
    Chance,
    Chance,
    Chance,
    Chance,
    Chance,
  ];
  const run = new Run(policy, makeAgents(count, people), lots);
  for (let tick = 0; tick < ticks; tick++) {
    for (const agent of run.agents.values())
      agent.isFailing = weather() < (agent.isFailing ? 1 - BURST_ENDS : BURST_BEGINS);
    // Nobody else draws from these, so the policies meet the same days and the same jobs.
    if (demand() < JOB_RATE * count) run.take(makeJob(tick, demand));
    run.work(luck);
    if (tick % SAMPLE_TICKS === 0) run.look();
  }
  return run.played();
}

class Run {
  readonly agents: ReadonlyMap<string, Agent>;
  readonly #policy: Policy;
  readonly #lots: Chance;
  readonly #fleet = new MemoryFleet();
  readonly #tasks = new Map<string, Task>();
  #finished = 0;
  #retries = 0;
  #sameAgain = 0;
  #longestLoop = 0;
  readonly #samples: number[] = [];

  constructor(policy: Policy, agents: readonly Agent[], lots: Chance) {
    this.#policy = policy;
    this.#lots = lots;
    this.agents = new Map(agents.map((agent) => [agent.id, agent]));
    for (const { id, capabilities } of agents)
      this.#give({ type: "register_agent", agent_id: id, capabilities });
  }

  /** The tasks of a job are tied by what waits for what, then each is given to agents. */
  take(job: readonly Task[]): void {
    for (const task of job) {
      this.#tasks.set(task.id, task);
      this.#give({ type: "register_task", task_id: task.id, required_capabilities: [task.needs] });
      for (const other of task.after)
        this.#give({ type: "add_edge", a: task.id, b: other, kind: "dependency" });
    }
    for (const task of job) this.#route(task);
  }

  /** Each agent goes on with the oldest of its tasks that can be worked on; a task goes on when all its agents do. */
  work(luck: Chance): void {
    const busy = new Set<string>();
    for (const task of this.#tasks.values()) {
      const isReady = task.after.every((other) => !this.#tasks.has(other));
      if (!isReady || task.agents.some((agent) => busy.has(agent))) continue;
      for (const agent of task.agents) busy.add(agent);
      task.left -= 1;
      if (task.left <= 0) this.#end(task, luck);
    }
  }

  look(): void {
    const { graph } = this.#fleet.state;
    this.#samples.push(loops(graph.counts()));
    for (const cycle of fundamentalCycles(plainGraph(graph)))
      this.#longestLoop = Math.max(this.#longestLoop, cycle.length);
  }

  played(): Played {
    const sum = this.#samples.reduce((all, one) => all + one, 0);
    return {
      finished: this.#finished,
      retries: this.#retries,
      sameAgain: this.#sameAgain,
      longestLoop: this.#longestLoop,
      loops: sum / Math.max(1, this.#samples.length),
    };
  }

  /** It takes all its agents to succeed; otherwise others try. */
  #end(task: Task, luck: Chance): void {
    const isDone = task.agents
      .map((id) => this.agents.get(id))
      .every((agent) => agent !== undefined && luck() < agent.skill * (agent.isFailing ? BAD_DAY : 1));
    if (isDone) {
      this.#finished++;
      this.#tasks.delete(task.id);
      this.#give({ type: "complete", task_id: task.id });
      return;
    }
    this.#retries++;
    for (const agent of task.agents)
      this.#give({ type: "remove_edge", a: agent, b: task.id, kind: "assignment" });
    const before = task.agents;
    this.#route(task);
    if (task.agents.some((agent) => before.includes(agent))) this.#sameAgain++;
  }

  #route(task: Task): void {
    task.left = task.work;
    task.agents = this.#policy === "random" ? this.#draw(task) : this.#choose(task, this.#policy);
  }

  #choose({ id, needs, hands }: Task, policy: "h1" | "load"): readonly string[] {
    const asked = { task_id: id, required_capabilities: [needs], agents_needed: hands, policy };
    for (const fact of this.#give({ type: "route", ...asked }))
      if (fact.type === "task_routed") return fact.data.agent_ids;
    throw new Error("Nobody was chosen.");
  }

  #draw({ id, needs, hands }: Task): readonly string[] {
    const capable = [...this.agents.values()].filter(({ capabilities }) => capabilities.includes(needs));
    const drawn: string[] = [];
    while (drawn.length < hands) {
      const [agent] = capable.splice(Math.floor(this.#lots() * capable.length), 1);
      if (agent === undefined) throw new Error("Nobody is left.");
      drawn.push(agent.id);
      this.#give({ type: "add_edge", a: agent.id, b: id, kind: "assignment" });
    }
    return drawn;
  }

  #give(command: Untimed) {
    const decided = this.#fleet.give({ ...command, now: 1 });
    if ("code" in decided) throw new Error(decided.what);
    return decided;
  }
}

type Untimed = FleetCommand extends infer One ? (One extends FleetCommand ? Omit<One, "now"> : never) : never;

/** Each can do two or three things, and everything can be done by someone. */
function makeAgents(count: number, people: Chance): readonly Agent[] {
  return Array.from({ length: count }, (_, index) => {
    const first = index % CAPABILITIES.length;
    const more = Array.from({ length: 1 + Math.floor(people() * 2) }, (__, step) => first + 1 + step);
    const capabilities = [first, ...more].map((at) => CAPABILITIES[at % CAPABILITIES.length] ?? "read");
    return { id: `agent-${index}`, capabilities, skill: 0.6 + people() * 0.38, isFailing: false };
  });
}

/** Three to six tasks: each but the first waits for one or two before it, and one in four takes two agents. */
function makeJob(tick: number, demand: Chance): readonly Task[] {
  const length = 3 + Math.floor(demand() * 4);
  const idOf = (index: number): string => `job-${tick}/${index}`;
  return Array.from({ length }, (_, index) => {
    const [one, two, kind, hands, work] = [demand(), demand(), demand(), demand(), demand()];
    const before = index === 0 ? [] : [one, two].map((part) => idOf(Math.floor((part ?? 0) * index)));
    return {
      id: idOf(index),
      needs: CAPABILITIES[Math.floor(kind * CAPABILITIES.length)] ?? "read",
      hands: hands < 0.25 ? 2 : 1,
      work: 1 + Math.floor(work * 5),
      after: [...new Set(before)],
      agents: [],
      left: 0,
    };
  });
}

/** Numbers from 0 to 1 that follow from a seed: mulberry32, in the public domain. */
function chance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
