// Tasks of one to three agents that come and go in a fleet: one that is open is completed, and a new one routed.
// Deterministic, so that two runs do the same work.

const SKILLS = ["plan", "code", "review", "search", "write", "test"];

export interface Route {
  readonly type: "route";
  readonly task_id: string;
  readonly required_capabilities: readonly string[];
  readonly agents_needed: number;
}

/** Where traffic goes. */
export interface Door {
  route(route: Route): Promise<void>;
  complete(taskId: string): Promise<void>;
}

export class Traffic {
  /** Milliseconds of each decision since it was last asked for. */
  private times: number[] = [];
  private readonly open: string[] = [];
  private count = 0;
  private seed = 3;

  /** What the agent of this number can do. */
  capabilities(agent: number): string[] {
    return SKILLS.filter((_, bit) => ((agent * 2654435761) >>> (bit + 7)) & 1);
  }

  next(): Route {
    const task_id = `task-${this.count++}`;
    const required_capabilities = [SKILLS[this.below(SKILLS.length)] ?? ""];
    return { type: "route", task_id, required_capabilities, agents_needed: 1 + this.below(3) };
  }

  /** A task that was routed is open. */
  routed({ task_id }: Route): void {
    this.open.push(task_id);
  }

  /** One of the open tasks, which then is not. */
  done(): string {
    const place = this.below(this.open.length);
    const task = this.open[place] ?? "";
    this.open[place] = this.open.at(-1) ?? "";
    this.open.pop();
    return task;
  }

  /** So many tasks go and come, by so many callers at once. */
  async run(door: Door, tasks: number, callers: number): Promise<void> {
    let left = tasks;
    const call = async (): Promise<void> => {
      while (left-- > 0) {
        await door.complete(this.done());
        const route = this.next();
        const began = performance.now();
        await door.route(route);
        this.times.push(performance.now() - began);
        this.routed(route);
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
  }

  /** The 99th percentile of the decisions since the last time, in milliseconds. */
  p99(): number {
    const times = this.times.sort((a, b) => a - b);
    this.times = [];
    return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
  }

  private below(limit: number): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.seed / 2 ** 32) * limit);
  }
}
