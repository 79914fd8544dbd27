// Runs a plan inside a session: what can start is started, under a guard each; what ended is recorded; when nothing
// is left the session ends. Everything it decides by is in the session, so that another process can go on after it.
import { resolve } from "node:path";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { Session } from "../session/session.ts";
import type { Task } from "../session/task.ts";
import type { Store } from "../store/port.ts";
import { prepareAttempt, type Attempt } from "./attempt.ts";
import { commandFor } from "./command.ts";
import { attemptKey, secretValues, taskEnvironment } from "./environment.ts";
import type { OutputReport } from "./guard-protocol.ts";
import { hostName } from "./host.ts";
import { runOutcome } from "./outcome.ts";
import { capableAgents, ready, type TaskEnd } from "./plan-order.ts";
import { planRouting, type PlanRouter, type PlanRouting } from "./plan-routing.ts";
import type { Plan, PlanAgent, PlanTask } from "./plan-schema.ts";
import { recordExit, unlessOver } from "./record.ts";
import { newSpoolDir } from "./spool-folders.ts";
import { writeResults } from "./results.ts";

export interface RunParams {
  readonly session: Session;
  readonly store: Store;
  readonly clock: Clock;
  readonly plan: Plan;
  /** What `cwd` of a task is relative to: an absolute path. */
  readonly folder: string;
  /** Where attempts spool: an absolute path, the session's own. */
  readonly spool: string;
  /** The environment of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Who routes, for a plan with `routing: h1`: the session's manager. */
  readonly router?: PlanRouter;
  /** Each piece of redacted output as it comes. */
  readonly onOutput?: (taskId: string, output: OutputReport) => void;
  /** When it aborts, what runs is stopped and the session is left open, to be resumed. */
  readonly signal?: AbortSignal;
}

/** An attempt that runs in this process. */
interface Running {
  agent: PlanAgent | null;
  /** The number of the attempt. */
  readonly number: number;
  attempt: Attempt | null;
}

/** A guard that is killed so often under one task is being killed by it. */
const LOST_MAX = 10;

/** Runs until the session has ended or the signal aborts. Throws when the store fails. */
export async function runPlan(params: RunParams): Promise<void> {
  const run = new Run(params);
  // Timers of the clock keep no process alive; this does while there is work.
  const awake = setInterval(() => undefined, 2 ** 30);
  try {
    await run.toTheEnd();
  } finally {
    clearInterval(awake);
  }
}

class Run {
  readonly #params: RunParams;
  readonly #routing: PlanRouting | null;
  readonly #tasks: ReadonlyMap<string, PlanTask>;
  readonly #running = new Map<string, Running>();
  readonly #lost = new Map<string, number>();
  /** Ends do not change: each is read once. */
  readonly #ended = new Map<string, TaskEnd>();
  #failure: { readonly error: unknown } | null = null;
  #wake = new AbortController();

  constructor(params: RunParams) {
    this.#params = params;
    this.#routing = planRouting(params);
    this.#tasks = new Map(params.plan.tasks.map((task) => [task.id, task]));
  }

  /** Those that are there already were added before a crash. */
  async #addTasks(): Promise<void> {
    const { session, plan } = this.#params;
    const missing = plan.tasks.filter(({ id }) => session.getTask(id) === undefined);
    await Promise.all(missing.map(async (task) => await this.#addTask(task)));
  }

  async toTheEnd(): Promise<void> {
    const { session, signal } = this.#params;
    const wake = (): void => this.#wake.abort();
    const stopListening = session.on("change", () => this.#onChange());
    signal?.addEventListener("abort", wake, { once: true });
    try {
      await this.#addTasks().catch(unlessOver);
      await this.#routing?.begin();
      while (session.status === "open" && !this.#isStopped()) await this.#step().catch(unlessOver);
      await this.#stopAll();
    } finally {
      signal?.removeEventListener("abort", wake);
      stopListening();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  #isStopped(): boolean {
    return this.#params.signal?.aborted === true || this.#failure !== null;
  }

  /** Starts what can start, then waits until something has happened. */
  async #step(): Promise<void> {
    this.#wake = new AbortController();
    const { session, plan, clock } = this.#params;
    const ends = await this.#ends();
    if (ends.size === plan.tasks.length) {
      await session.endSession(runOutcome(plan, ends));
      return;
    }
    const { start, skip } = ready(plan, ends);
    for (const { id, why } of skip) await session.getTask(id)?.cancel(`Skipped: ${why}.`);
    if (skip.length > 0) return;
    const nextRetryAt = this.#startWhatCan(start);
    const wait = nextRetryAt === null ? 60_000 : nextRetryAt - clock.now();
    if (!this.#wake.signal.aborted) await clock.sleep(wait, this.#wake.signal);
  }

  /** Answers when the next task that waits for its backoff may start; null when none does. */
  #startWhatCan(ids: readonly string[]): number | null {
    const { session, plan, clock } = this.#params;
    let nextRetryAt: number | null = this.#routing?.fullUntil() ?? null;
    for (const id of ids) {
      const task = this.#tasks.get(id);
      const retryAt = session.getTask(id)?.retryAt ?? 0;
      if (task === undefined || this.#running.has(id)) continue;
      if (retryAt > clock.now()) nextRetryAt = Math.min(nextRetryAt ?? retryAt, retryAt);
      else if (this.#running.size < plan.limits.concurrency) this.#launch(task);
    }
    return nextRetryAt;
  }

  #launch(task: PlanTask): void {
    const agent = this.#chooseAgent(task);
    if (agent === undefined) return; // All who can do it are busy.
    const toRoute = this.#isToRoute(task);
    if (toRoute && this.#routing?.fullUntil() !== null) return;
    const number = (this.#params.session.getTask(task.id)?.attempts ?? 0) + 1;
    const running: Running = { agent: toRoute ? null : agent, number, attempt: null };
    this.#running.set(task.id, running);
    const launched = toRoute ? this.#routeFirst(task, running) : this.#attempt(task, running);
    launched
      .catch((error: unknown) => (this.#failure ??= { error }))
      .finally(() => {
        this.#running.delete(task.id);
        this.#wake.abort();
      });
  }

  /** Who it was routed to, else the least busy; null when it asks for nobody, undefined when none has room. */
  #chooseAgent(task: PlanTask): PlanAgent | null | undefined {
    const capable = capableAgents(this.#params.plan, task);
    if (capable.length === 0) return null;
    const routed = this.#routing?.concerns(task) === true ? this.#routing.chosen(task) : null;
    return this.#withRoom(routed === null ? capable : [routed])[0];
  }

  /** Those that have room, the least busy first. */
  #withRoom(agents: readonly PlanAgent[]): readonly PlanAgent[] {
    const busy = (id: string): number =>
      [...this.#running.values()].filter(({ agent }) => agent?.id === id).length;
    return agents
      .filter(({ id, concurrency }) => busy(id) < concurrency)
      .toSorted((a, b) => busy(a.id) - busy(b.id));
  }

  #isToRoute(task: PlanTask): boolean {
    return this.#routing?.concerns(task) === true && !this.#routing.isRouted(task);
  }

  /** Whom the router chose may be busy: then the task waits for that agent's room. */
  async #routeFirst(task: PlanTask, running: Running): Promise<void> {
    const withRoom = this.#withRoom(capableAgents(this.#params.plan, task));
    await this.#routing?.route(task, withRoom).catch(unlessOver);
    const agent = this.#isToRoute(task) ? undefined : this.#chooseAgent(task);
    if (agent === undefined || this.#isStopped()) return;
    running.agent = agent;
    await this.#attempt(task, running);
  }

  async #attempt(task: PlanTask, running: Running): Promise<void> {
    const { session, store, spool } = this.#params;
    const { number } = running;
    const name = { spool, taskId: task.id, attempt: number };
    const spoolDir = newSpoolDir(name);
    const attempt = await this.#prepare(task.id, number, spoolDir);
    if (attempt === null) return;
    running.attempt = attempt;
    try {
      await this.#start(task, { running, attempt, number, spoolDir });
    } catch (error) {
      attempt.stop("stop");
      await attempt.exit;
      unlessOver(error);
      return;
    }
    const exit = await attempt.exit;
    await recordExit({ session, store, ...name, spoolDir, exit });
    if (exit.stopped_by === "guard") await this.#countLost(task.id, number);
  }

  /** Null when the guard was killed before it was ready: the next step prepares another. */
  async #prepare(taskId: string, number: number, spoolDir: string): Promise<Attempt | null> {
    const { session, onOutput } = this.#params;
    try {
      return await prepareAttempt({
        attemptKey: attemptKey(session.sessionId, taskId, number),
        spoolDir,
        onOutput: (output) => onOutput?.(taskId, output),
      });
    } catch (error) {
      const lost = (this.#lost.get(taskId) ?? 0) + 1;
      this.#lost.set(taskId, lost);
      if (lost >= LOST_MAX) throw error;
      return null;
    }
  }

  /** The go comes after the start is durable: whoever finds the event finds the guard. */
  async #start(task: PlanTask, { running, attempt, number, spoolDir }: Starting): Promise<void> {
    const { session, plan, folder, spool, environment } = this.#params;
    const { agent } = running;
    const process = {
      host: hostName(),
      boot_id: attempt.bootId,
      pid: attempt.pid,
      start_time: String(attempt.startTime),
    };
    const options = agent === null ? { process } : { process, agentId: agent.id };
    const started = await session.startTask(task.id, options);
    // The decision may have come back after a timeout or a cancel: then nothing is to be started.
    if (this.#isStopped() || started.status !== "running" || started.attempts !== number) {
      attempt.stop("stop");
      return;
    }
    const results = await this.#results();
    const resultsFolder = resolve(spool, "results");
    try {
      writeResults({ folder: resultsFolder, results });
      const command = commandFor({ task, agent, results, spoolDir });
      const sessionId = session.sessionId;
      const seen = { plan, task, agent, outer: environment, sessionId, attempt: number, resultsFolder };
      attempt.go({
        ...command,
        cwd: resolve(folder, task.cwd ?? "."),
        env: taskEnvironment(seen),
        secrets: secretValues(plan, environment),
        artifacts: task.artifacts,
        ...(task.idle_timeout_seconds !== undefined && { idleTimeoutMs: task.idle_timeout_seconds * 1_000 }),
      });
    } catch (error) {
      await this.#failUnstarted(task.id, number, error);
      attempt.stop("stop");
    }
  }

  /** A command that cannot be made, for want of a result it asks for, is the task's failure. */
  async #failUnstarted(taskId: string, attempt: number, error: unknown): Promise<void> {
    if (!(error instanceof HolodeckError) || error.code !== "invalid_argument") throw error;
    await this.#params.session.completeTask(taskId, "failed", {
      attempt,
      durationMs: 0,
      error: error.message,
    });
  }

  async #countLost(taskId: string, attempt: number): Promise<void> {
    const lost = (this.#lost.get(taskId) ?? 0) + 1;
    this.#lost.set(taskId, lost);
    if (lost < LOST_MAX) return;
    const error = `Its guard was killed ${lost} times, the last time in attempt ${attempt}.`;
    await this.#params.session.completeTask(taskId, "failed", { error }).catch(unlessOver);
  }

  /** The session decides who is late or cancelled; the process follows. */
  #onChange(): void {
    for (const [taskId, { attempt, number }] of this.#running) {
      const task = this.#params.session.getTask(taskId);
      if (attempt === null || task === undefined || !isOver(task, number)) continue;
      attempt.stop(task.outcome === "cancelled" ? "stop" : "timeout");
    }
    this.#wake.abort();
  }

  async #stopAll(): Promise<void> {
    for (const { attempt } of this.#running.values()) attempt?.stop("stop");
    while (this.#running.size > 0) {
      const wake = new AbortController();
      this.#wake = wake;
      await this.#params.clock.sleep(60_000, wake.signal);
    }
  }

  async #addTask(task: PlanTask): Promise<void> {
    const { session } = this.#params;
    const { id, agent, capabilities, priority, timeout_seconds, retries } = task;
    await session.addTask(id, task.data as Parameters<Session["addTask"]>[1], {
      priority,
      requiredCapabilities: capabilities,
      ...(agent !== undefined && { agentId: agent }),
      ...(timeout_seconds !== undefined && { timeoutSeconds: timeout_seconds }),
      ...(retries.max > 0 && {
        retries: { max: retries.max, on: retries.on, backoffSeconds: retries.backoff_seconds },
      }),
    });
  }

  async #ends(): Promise<ReadonlyMap<string, TaskEnd>> {
    const { session, plan } = this.#params;
    for (const { id } of plan.tasks) {
      const task = session.getTask(id);
      const outcome = task?.outcome ?? null;
      if (task === undefined || outcome === null || this.#ended.has(id)) continue;
      this.#ended.set(id, { outcome, result: (await task.readResult()) ?? null });
    }
    return this.#ended;
  }

  async #results(): Promise<ReadonlyMap<string, NonNullable<TaskEnd["result"]>>> {
    const results = new Map<string, NonNullable<TaskEnd["result"]>>();
    for (const [id, { result }] of await this.#ends()) {
      if (result !== null && result !== undefined) results.set(id, result);
    }
    return results;
  }
}

interface Starting {
  readonly running: Running;
  readonly attempt: Attempt;
  readonly number: number;
  readonly spoolDir: string;
}

/** The task has ended, or waits for another attempt than this one. */
function isOver({ status, attempts }: Task, number: number): boolean {
  return status === "ended" || attempts > number || (attempts === number && status !== "running");
}
