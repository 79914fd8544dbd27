// A session: the boundary around a focused unit of work. What is awaited is durable; what is read is what this
// process knows, which is never behind what it awaited.
import { HolodeckError } from "../event/error.ts";
import type { Event, StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { TaskTotals } from "../tile/session-tiles.ts";
import { eventsPruned, prunedBy } from "../event/pruned.ts";
import { tileOf, type Tile } from "../tile/tile.ts";
import type { ProcessIdentity, PrunedPart, SessionEvent } from "./events.ts";
import type { SessionHost } from "./host.ts";
import { checkDuration, checkJson, checkMessage, checkOneOf, checkText } from "./input.ts";
import { Observer } from "./observers.ts";
import {
  PRIORITY_RANK,
  SESSION_OUTCOMES,
  SessionOutcome,
  TASK_OUTCOMES,
  type TaskOutcome,
} from "./outcome.ts";
import { loadResult, storeResult } from "./results.ts";
import { taskTotals, type SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import { checkTaskOptions, type TaskOptions } from "./task-options.ts";
import { Task, type CompleteOptions, type TaskOwner } from "./task.ts";
import { runWork, type Work, type WorkContext } from "./work.ts";

export interface StartTaskOptions {
  /** Who does it; default whom it was added for or routed to, else the session's agent. */
  readonly agentId?: string;
  /** The process that does the work: its death ends the attempt. Default this one. */
  readonly process?: ProcessIdentity;
}

/** What a listener is told: the event, as it is stored. */
export type SessionListener = (event: SessionEvent & Pick<Event, "at" | "seq">) => unknown;

export class Session implements TaskOwner, AsyncDisposable {
  readonly sessionId: string;
  readonly #host: SessionHost;
  readonly #stream: StreamId;
  readonly #listeners = new Map<SessionListener, Observer<Parameters<SessionListener>[0]>>();
  readonly #work = new Map<string, Work>();
  #state: SessionState;

  /** Sessions are made by `manager.startSession` and found by `manager.get`. */
  constructor(host: SessionHost, state: SessionState) {
    this.#host = host;
    this.#state = state;
    this.sessionId = state.sessionId;
    this.#stream = streamOf(state.sessionId);
  }

  get sessionName(): string {
    return this.#state.sessionName;
  }

  get agentId(): string {
    return this.#state.agentId;
  }

  get tags(): readonly string[] {
    return this.#state.tags;
  }

  get metadata(): JsonObject {
    return this.#state.metadata;
  }

  /** What `holodeck run` recorded of its plan; null for a session whose work lives in code, and once its events were pruned. */
  get plan(): JsonObject | null {
    return this.#state.plan;
  }

  get status(): "open" | "ended" {
    return this.#state.status === "ended" ? "ended" : "open";
  }

  /** Null while it is open. */
  get outcome(): SessionOutcome | null {
    return this.#state.outcome;
  }

  get error(): string | null {
    return this.#state.error;
  }

  /** What retention has let go of since it ended: its blobs, or its events and tasks with them; null when all is there. */
  get pruned(): PrunedPart | null {
    return this.#state.pruned;
  }

  /** What its run looked like (see docs/patterns.md); empty while it is open. */
  get patterns(): readonly string[] {
    return this.#state.patterns;
  }

  /** When its time is up, milliseconds since the epoch. */
  get dueAt(): number {
    return this.#state.dueAt;
  }

  /** Seconds since the start, or from start to end; with fractions. */
  get durationSeconds(): number {
    const { durationMs, startedAt } = this.#state;
    return (durationMs ?? Math.max(0, this.#host.clock.now() - startedAt)) / 1_000;
  }

  /** All tasks, in the order they came. */
  get tasks(): readonly Task[] {
    return [...this.#state.tasks.keys()].map((taskId) => this.#taskOf(taskId));
  }

  /** How many tasks have ended how; `total` is their sum. */
  get totals(): TaskTotals {
    return taskTotals(this.#state);
  }

  /** Undefined when the session has no such task. */
  getTask(taskId: string): Task | undefined {
    return this.#state.tasks.has(taskId) ? this.#taskOf(taskId) : undefined;
  }

  /** Tasks that have not ended, the most urgent first, else in the order they came. */
  getActiveTasks(): readonly Task[] {
    return [...this.#state.open]
      .map((taskId) => this.#taskOf(taskId))
      .sort((a, b) => PRIORITY_RANK[a.priority] - PRIORITY_RANK[b.priority]);
  }

  /** Adds a task. Refused: `task_exists`, `task_limit`, `session_ended`; bad values throw `invalid_argument`. */
  async addTask(taskId: string, data: Json = null, options: TaskOptions = {}): Promise<Task> {
    const checked = checkTaskOptions(options);
    const { idempotencyKey = null } = options;
    await this.#execute(
      { type: "add_task", taskId: checkText(taskId, "taskId"), data: checkJson(data, "data"), ...checked },
      idempotencyKey,
    );
    return this.#taskOf(taskId);
  }

  /** Starts an attempt of a task. Refused: `conflict` while one runs, `task_ended`, `task_not_found`, `session_ended`. */
  async startTask(
    taskId: string,
    { agentId, process = this.#host.processes.self() }: StartTaskOptions = {},
  ): Promise<Task> {
    checkText(taskId, "taskId");
    const agent = agentId === undefined ? null : checkText(agentId, "agentId");
    await this.#execute({ type: "start_task", taskId, agentId: agent, process });
    return this.#taskOf(taskId);
  }

  /**
   * Completes a task; one that never started is given its start. Refused: `task_ended` names the first outcome,
   * `conflict` for an attempt that is over, `task_not_found`, `session_ended`.
   */
  async completeTask(taskId: string, outcome: TaskOutcome, options: CompleteOptions = {}): Promise<Task> {
    checkText(taskId, "taskId");
    checkOneOf(outcome, "outcome", TASK_OUTCOMES);
    const durationMs = checkDuration(options.durationMs, "durationMs");
    const error = checkMessage(options.error, "error");
    const { attempt = null, idempotencyKey = null } = options;
    const store = await this.#host.store();
    const stored = await storeResult(store, options.result, this.#host.clock.now());
    const record = { ...options.record, ...stored.record };
    await this.#execute(
      { type: "complete_task", taskId, outcome, durationMs, error, attempt, ...stored, record },
      idempotencyKey,
    );
    return this.#taskOf(taskId);
  }

  /**
   * Does a task's work under the session: starts it, awaits it, completes it, and tries again while retries are
   * left. Answers what the work answered, which is kept as the task's result. Throws what the work threw once the
   * task has failed; throws `task_ended` at once when the task times out or is cancelled, and aborts the signal.
   */
  async run<Result extends Json | void>(
    taskId: string,
    work: (context: WorkContext) => Promise<Result> | Result,
  ): Promise<Result> {
    return await runWork({ session: this, clock: this.#host.clock, underway: this.#work, taskId, work });
  }

  /** For who takes over from a process that died: the running attempt is over, and the task may start again. */
  async loseAttempt(taskId: string, reason: string): Promise<void> {
    const task = this.#state.tasks.get(checkText(taskId, "taskId"));
    if (task?.status !== "running") return;
    if (task.process !== null && this.#host.processes.isAlive(task.process)) return;
    await this.#execute({ type: "lose_attempt", taskId, attempt: task.attempt, reason });
  }

  /** A task's result, also one too large for an event; undefined when there is none. */
  async readResult(taskId: string): Promise<Json | undefined> {
    const task = this.#state.tasks.get(taskId);
    if (task === undefined) return undefined;
    const isPruned = async () => (await this.#host.refresh(this.sessionId)).pruned !== null;
    return await loadResult(await this.#host.store(), task.result, task.record, isPruned);
  }

  /**
   * Ends the session: open tasks are cancelled, then totals and patterns are told. A second call changes nothing.
   * Answers the outcome it ended with, which is `timeout` when its time was up.
   */
  async endSession(
    outcome: SessionOutcome = SessionOutcome.SUCCESS,
    options: { readonly error?: string } = {},
  ): Promise<SessionOutcome> {
    checkOneOf(outcome, "outcome", SESSION_OUTCOMES);
    await this.#execute({ type: "end_session", outcome, error: checkMessage(options.error, "error") });
    return this.#state.outcome ?? outcome;
  }

  /** Calls `listener` after each event of a type, or after every one with `change`. Answers what stops it. */
  on(type: SessionEvent["type"] | "change", listener: SessionListener): () => void {
    const callback: SessionListener = (event) =>
      type === "change" || event.type === type ? listener(event) : undefined;
    const { clock } = this.#host;
    const report = (problem: HolodeckError): void => this.#host.report(problem);
    this.#listeners.set(callback, new Observer({ name: `on(${type})`, callback, clock, report }));
    return () => this.#listeners.delete(callback);
  }

  /** Its events, those after `afterSeq` (default all), as they are stored. Throws `pruned` when some of them are gone. */
  async *events({ afterSeq = 0 }: { readonly afterSeq?: number } = {}): AsyncGenerator<Event> {
    const store = await this.#host.store();
    const stream = this.#stream;
    for (let seq = afterSeq; ;) {
      const page = await store.read({ stream, afterSeq: seq });
      const [first] = page;
      const pruned = first !== undefined && first.event.seq > seq + 1 ? prunedBy(first.event) : null;
      if (pruned !== null) throw eventsPruned(stream, pruned.to);
      for (const { event } of page) yield event;
      const last = page.at(-1);
      if (last === undefined) return;
      seq = last.event.seq;
    }
  }

  /** Its tiles, in order. */
  async tiles(): Promise<readonly Tile[]> {
    const tiles: Tile[] = [];
    for await (const event of this.events()) {
      const tile = tileOf(event);
      if (tile !== null) tiles.push(tile);
    }
    return tiles;
  }

  /** Leaving the scope of `await using` ends a session that is still open, as cancelled. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.status === "open") await this.endSession(SessionOutcome.CANCELLED);
  }

  /** For the manager: takes in what happened, stops work that is over, tells listeners. */
  take(events: readonly (SessionEvent & Pick<Event, "at" | "seq">)[], state: SessionState): void {
    this.#state = state;
    for (const event of events) {
      if (event.type === "task_ended" || event.type === "attempt_ended") {
        this.#work.get(event.data.task_id)?.ended(event.data.attempt, event.data.outcome);
      }
      for (const observer of this.#listeners.values()) observer.notify(event);
    }
  }

  /** For the manager: resolves when no listener is being called. */
  async idle(): Promise<void> {
    for (const observer of this.#listeners.values()) await observer.idle();
  }

  async #execute(...[command, key]: ExecuteArguments): Promise<void> {
    const { state } = await this.#host.execute(this.#stream, command, key);
    this.#state = state;
  }

  #taskOf(taskId: string): Task {
    return new Task(this, () => {
      const task = this.#state.tasks.get(taskId);
      if (task !== undefined) return task;
      throw new HolodeckError("task_not_found", {
        what: `Session ${this.sessionId} has no task ${JSON.stringify(taskId)}.`,
        todo: "Ask for it again with getTask.",
      });
    });
  }
}

type ExecuteArguments = [
  command: Parameters<SessionHost["execute"]>[1],
  key?: Parameters<SessionHost["execute"]>[2],
];
