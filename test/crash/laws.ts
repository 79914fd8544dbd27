// Laws 2 and 3 as they can be read off a session's events: one end for each attempt, task and session, whoever
// raced; nothing after it; time that never falls; totals that are the sum of their parts.
import type { Event } from "../../src/event/event.ts";

export interface Breaches {
  /** Something happened twice, or after its end. */
  readonly doubled: readonly string[];
  /** Something does not fit together. */
  readonly torn: readonly string[];
}

export function breachesOf(events: readonly Event[]): Breaches {
  const reader = new Reader();
  for (const event of events) reader.take(event);
  return reader;
}

interface SeenTask {
  attempts: number;
  running: number | null;
  ended: string | null;
}

class Reader implements Breaches {
  readonly doubled: string[] = [];
  readonly torn: string[] = [];
  readonly #tasks = new Map<string, SeenTask>();
  #at = Number.NEGATIVE_INFINITY;
  #status: "none" | "open" | "ended" = "none";

  take(event: Event): void {
    const where = `${event.stream} ${event.seq} (${event.type})`;
    if (event.at < this.#at) this.torn.push(`${where}: time falls`);
    this.#at = event.at;
    if (this.#status === "ended") this.doubled.push(`${where}: after the session's end`);
    if ((event.type === "session_started") !== (this.#status === "none")) {
      this.doubled.push(`${where}: not where a session begins`);
    }
    if (this.#status === "none") this.#status = "open";
    if (event.type === "session_ended") this.#end(event, where);
    const taskId = event.data["task_id"];
    if (typeof taskId === "string") this.#takeTask(event, taskId, where);
  }

  #takeTask({ type, data }: Event, taskId: string, where: string): void {
    if (type === "task_added") {
      if (this.#tasks.has(taskId)) this.doubled.push(`${where}: ${taskId} was added before`);
      this.#tasks.set(taskId, { attempts: 0, running: null, ended: null });
      return;
    }
    const task = this.#tasks.get(taskId);
    if (task === undefined) {
      this.torn.push(`${where}: ${taskId} was never added`);
      return;
    }
    if (task.ended !== null) this.doubled.push(`${where}: ${taskId} had ended as ${task.ended}`);
    if (type === "task_started") this.#start(task, Number(data["attempt"]), where);
    if (type === "attempt_ended" || type === "task_ended") {
      const attempt = Number(data["attempt"]);
      if (task.running !== null && task.running !== attempt) {
        this.torn.push(`${where}: attempt ${attempt} ended while ${task.running} ran`);
      }
      // Cancelling needs no attempt; whatever else ends, ends one that runs.
      if (task.running === null && data["outcome"] !== "cancelled") {
        this.doubled.push(`${where}: attempt ${attempt} had ended`);
      }
      task.running = null;
    }
    if (type === "task_ended") task.ended = JSON.stringify(data["outcome"]);
  }

  #start(task: SeenTask, attempt: number, where: string): void {
    if (task.running !== null) this.doubled.push(`${where}: attempt ${task.running} runs`);
    if (attempt !== task.attempts + 1) this.torn.push(`${where}: attempt ${attempt} after ${task.attempts}`);
    task.attempts = attempt;
    task.running = attempt;
  }

  #end({ data }: Event, where: string): void {
    this.#status = "ended";
    const count = { total: 0, succeeded: 0, failed: 0, cancelled: 0, timed_out: 0 };
    for (const [taskId, { ended }] of this.#tasks) {
      const part = ended === null ? undefined : PARTS.get(ended);
      if (part === undefined) this.torn.push(`${where}: ${taskId} is open`);
      else count[part]++;
      count.total++;
    }
    const told = JSON.stringify(data["tasks"]);
    if (told !== JSON.stringify(count))
      this.torn.push(`${where}: told ${told}, counted ${JSON.stringify(count)}`);
  }
}

const PARTS = new Map([
  ['"success"', "succeeded"],
  ['"failed"', "failed"],
  ['"cancelled"', "cancelled"],
  ['"timeout"', "timed_out"],
] as const) as ReadonlyMap<string, "succeeded" | "failed" | "cancelled" | "timed_out">;
