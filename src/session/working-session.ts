// A session as whoever works in it has it: its tasks, its end, what it tells. What is awaited is durable; what is read
// is what this process knows, which is never behind what it awaited. Where it is decided and read is the host's affair:
// a store in this process, or a server.
import { HolodeckError } from "../event/error.ts";
import type { StreamId } from "../event/event.ts";
import type { Json } from "../event/json.ts";
import { SESSION_EVENT_TYPES, type ProcessIdentity, type SessionEvent, type TaskRecord } from "./events.ts";
import type { Done, SessionHost } from "./host.ts";
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkJson,
  checkJsonObject,
  checkKeys,
  checkMessage,
  checkOneOf,
  checkText,
} from "./input.ts";
import { Observer } from "./observers.ts";
import type { SessionListener } from "./owned-session.ts";
import type { ForkOptions } from "./fork.ts";
import { SESSION_OUTCOMES, SessionOutcome, TASK_OUTCOMES, type TaskOutcome } from "./outcome.ts";
import { PastSession, type PastState } from "./past-view.ts";
import { persistedOf, type PersistedSession } from "./persist.ts";
import type { Presence } from "./presence.ts";
import type { SessionReading } from "./reading.ts";
import { placeResult, type StoredResult } from "./results.ts";
import { SessionView } from "./session-view.ts";
import type { SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import { checkTaskOptions, type TaskOptions } from "./task-options.ts";
import { COMPLETE_OPTIONS, type CompleteOptions, type HeartbeatOptions, type Task } from "./task.ts";
import type { WorkResult } from "./work-result.ts";
import { runWork, type WorkContext } from "./work.ts";

/** Who starts an attempt. */
export interface StartTaskOptions {
  /** Who does it; default whom it was added for or routed to, else the session's agent. */
  readonly agentId?: string;
  /** The process that does the work: its death ends the attempt. Default this one; null for one nobody here knows. */
  readonly process?: ProcessIdentity | null;
  /** Makes the call happen once, however often it is repeated. */
  readonly idempotencyKey?: string;
}

/** What is told of an attempt that is lost beside the reason. */
export interface LoseOptions {
  /** The attempt that is meant; default whichever runs. */
  readonly attempt?: number;
  /** What is kept of it, its blobs stored already. */
  readonly record?: TaskRecord;
}

/** What a handle needs of the manager it belongs to. */
export interface WorkHost extends Omit<SessionHost, "store" | "random"> {
  /** Where a session is read from. */
  reading(sessionId: string): SessionReading | Promise<SessionReading>;
  /** Where a result goes that is too large for an event. */
  readonly keepResult: (result: Json) => Promise<StoredResult>;
  stateAt(sessionId: string, seq: number): Promise<PastState>;
  /** The state of the new session. */
  fork(request: ForkOptions & { readonly sessionId: string; readonly seq: number }): Promise<SessionState>;
  /** The handle of another session. */
  handleOf(state: SessionState): WorkingSession;
}

/** A session: tasks are added, run and completed in it until it ends. */
export class WorkingSession extends SessionView implements AsyncDisposable {
  protected readonly throughSeq = Number.POSITIVE_INFINITY;
  protected readonly host: WorkHost;
  protected readonly presence: Presence;
  readonly #stream: StreamId;
  #state: SessionState;
  #close: (() => Promise<void>) | null = null;

  /** Sessions are made by `manager.startSession` and found by `manager.get`. */
  constructor(host: WorkHost, presence: Presence, state: SessionState) {
    super();
    this.host = host;
    this.presence = presence;
    this.#state = state;
    this.#stream = streamOf(state.sessionId);
  }

  /**
   * Adds a task. Refused: `task_exists`, `task_limit`, `session_ended`, and `conflict` for an idempotency key that
   * added another one; bad values throw `invalid_argument`.
   */
  async addTask(taskId: string, data: Json = null, options: TaskOptions = {}): Promise<Task> {
    const checked = checkTaskOptions(options);
    const { idempotencyKey = null } = options;
    const done = await this.#execute(
      { type: "add_task", taskId: checkText(taskId, "taskId"), data: checkJson(data, "data"), ...checked },
      checkIdempotencyKey(idempotencyKey),
    );
    return this.#taskAfter(taskId, done);
  }

  /** Starts an attempt of a task. Refused: `conflict` while one runs, `task_ended`, `task_not_found`, `session_ended`. */
  async startTask(taskId: string, options: StartTaskOptions = {}): Promise<Task> {
    checkText(taskId, "taskId");
    const known = ["agentId", "process", "idempotencyKey"] as const;
    const { agentId, process = this.host.processes.self(), ...told } = checkKeys(options, "options", known);
    if (process !== null) checkJsonObject(process, "process");
    const agent = agentId === undefined ? null : checkText(agentId, "agentId");
    const key = checkIdempotencyKey(told.idempotencyKey ?? null);
    const done = await this.#execute({ type: "start_task", taskId, agentId: agent, process }, key);
    return this.#taskAfter(taskId, done);
  }

  /**
   * Keeps that a running attempt goes on (`task.heartbeatAt`), at most once a second unless it says something. It moves
   * no deadline. Refused when there is nothing to go on with, so that work for nobody stops: `task_ended`,
   * `conflict` for an attempt that is over, `session_ended`, `task_not_found`.
   */
  async heartbeat(taskId: string, options: HeartbeatOptions = {}): Promise<Task> {
    checkText(taskId, "taskId");
    const known = ["attempt", "note", "idempotencyKey"] as const;
    const { attempt = null, note, idempotencyKey = null } = checkKeys(options, "options", known);
    if (attempt !== null) checkInteger(attempt, "attempt", 1, Number.MAX_SAFE_INTEGER);
    const done = await this.#execute(
      { type: "note_heartbeat", taskId, attempt, note: checkMessage(note, "note") },
      checkIdempotencyKey(idempotencyKey),
    );
    return this.#taskAfter(taskId, done);
  }

  /**
   * Completes a task; one that never started is given its start. Refused: `task_ended` names the first outcome,
   * `conflict` for an attempt that is over, `task_not_found`, `session_ended`.
   */
  async completeTask(taskId: string, outcome: TaskOutcome, options: CompleteOptions = {}): Promise<Task> {
    checkText(taskId, "taskId");
    checkOneOf(outcome, "outcome", TASK_OUTCOMES);
    const {
      attempt = null,
      idempotencyKey = null,
      ...told
    } = checkKeys(options, "options", COMPLETE_OPTIONS);
    if (attempt !== null) checkInteger(attempt, "attempt", 1, Number.MAX_SAFE_INTEGER);
    checkIdempotencyKey(idempotencyKey);
    const durationMs = checkDuration(told.durationMs, "durationMs");
    const error = checkMessage(told.error, "error");
    const beside = checkJsonObject(told.record ?? {}, "record");
    const stored = await placeResult(told.result, this.host.keepResult);
    const record = { ...beside, ...stored.record };
    const done = await this.#execute(
      { type: "complete_task", taskId, outcome, durationMs, error, attempt, ...stored, record },
      idempotencyKey,
    );
    return this.#taskAfter(taskId, done);
  }

  /**
   * Does a task's work under the session: starts it, awaits it, completes it, and tries again while retries are
   * left. Answers what the work answered, which is kept as the task's result. Throws what the work threw once the
   * task has failed; throws `task_ended` at once when the task times out or is cancelled, and aborts the signal.
   */
  async run<Result extends WorkResult<Result>>(
    taskId: string,
    work: (context: WorkContext) => Promise<Result> | Result,
  ): Promise<Result> {
    checkFunction(work, "work");
    const { clock } = this.host;
    const underway = this.presence.work;
    // A `WorkResult` is JSON by its members, which is what is kept; the compiler cannot conclude that.
    const json = work as (context: WorkContext) => Promise<Json | void> | Json | void;
    return (await runWork({ session: this, clock, underway, taskId, work: json })) as Result;
  }

  /**
   * For who takes over from a process that died: the running attempt is over, and the task may start again. With
   * `attempt` that one alone: another that runs by now is left alone. `record` is what is kept of it.
   */
  async loseAttempt(taskId: string, reason: string, options: LoseOptions = {}): Promise<void> {
    const { attempt, record: beside = {} } = checkKeys(options, "options", ["attempt", "record"]);
    const record = checkJsonObject(beside, "record");
    const task = this.#state.tasks.get(checkText(taskId, "taskId"));
    if (task?.status !== "running" || (attempt ?? task.attempt) !== task.attempt) return;
    if (task.process !== null && this.host.processes.isAlive(task.process)) return;
    const lost = { type: "lose_attempt", taskId, attempt: task.attempt, reason, record } as const;
    this.take((await this.#execute(lost)).state);
  }

  /**
   * Keeps what there is of an attempt that the session had decided was over (a time limit, a cancel, its own end) before
   * its processes had left; its blobs are stored already. Changes no outcome, is told once however often, and may come
   * after the session's end. Refused: `conflict` while the attempt runs, `pruned`, `task_not_found`.
   */
  async keepRecord(taskId: string, attempt: number, record: TaskRecord): Promise<void> {
    checkText(taskId, "taskId");
    checkInteger(attempt, "attempt", 1, Number.MAX_SAFE_INTEGER);
    const kept = checkJsonObject(record, "record");
    this.take((await this.#execute({ type: "keep_record", taskId, attempt, record: kept })).state);
  }

  /**
   * Ends the session: open tasks are cancelled, then totals and patterns are told. A second call changes nothing.
   * Answers the outcome it ended with, which is `timeout` when its time was up; the agents attached here have been
   * torn down then.
   */
  async endSession(
    outcome: SessionOutcome = SessionOutcome.SUCCESS,
    options: { readonly error?: string } = {},
  ): Promise<SessionOutcome> {
    checkOneOf(outcome, "outcome", SESSION_OUTCOMES);
    const { error } = checkKeys(options, "options", ["error"]);
    this.take(
      (await this.#execute({ type: "end_session", outcome, error: checkMessage(error, "error") })).state,
    );
    await this.presence.agents?.idle();
    return this.#state.outcome ?? outcome;
  }

  /** Calls `listener` after each event of a type, or after every one with `change`. Answers what stops it. */
  on(type: SessionEvent["type"] | "change", listener: SessionListener): () => void {
    checkOneOf(type, "type", ["change", ...SESSION_EVENT_TYPES]);
    checkFunction(listener, "listener");
    const callback: SessionListener = (event) =>
      type === "change" || event.type === type ? listener(event) : undefined;
    const { clock } = this.host;
    const report = (problem: HolodeckError): void => this.host.report(problem);
    return this.presence.listen(new Observer({ name: `on(${type})`, callback, clock, report }));
  }

  /**
   * What must be kept elsewhere to find the session again with `Session.rehydrate`: five keys, plain JSON. The session
   * itself is in its store already.
   */
  async persist(): Promise<PersistedSession> {
    return persistedOf(await this.host.refresh(this.sessionId));
  }

  /**
   * The session as it stood after its event `seq`, to be read. Throws `invalid_argument` unless `seq` is from 1 to that
   * of its newest event.
   */
  async at(seq: number): Promise<PastSession> {
    return new PastSession(await this.host.stateAt(this.sessionId, seq), await this.store());
  }

  /**
   * A new session that starts from the state after event `seq`, and says so (`forkedFrom`). Tasks and how they ended
   * are carried over; an attempt that ran then may start again; the session's time begins anew. This one stays as it is.
   */
  async fork(seq: number, options: ForkOptions = {}): Promise<WorkingSession> {
    checkKeys(options, "options", ["idempotencyKey"]);
    return this.host.handleOf(await this.host.fork({ sessionId: this.sessionId, seq, ...options }));
  }

  /**
   * Leaving the scope of `await using` ends a session that is still open, as cancelled. One that was rehydrated is
   * left as it is; what was opened with it is closed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#close !== null) await this.#close();
    else if (this.#state.status === "open") await this.endSession(SessionOutcome.CANCELLED);
  }

  /** For who opened a manager for this session alone: leaving the session's scope closes that, and ends nothing. */
  closesWith(close: () => Promise<void>): this {
    this.#close = close;
    return this;
  }

  /** For the manager: what is known now. */
  take(state: SessionState): void {
    this.#state = state;
  }

  protected override get state(): SessionState {
    return this.#state;
  }

  protected override now(): number {
    return this.host.clock.now();
  }

  protected override async store(): Promise<SessionReading> {
    return await this.host.reading(this.sessionId);
  }

  /** A call that was repeated has done nothing now: what it did then may have been another task's. */
  #taskAfter(taskId: string, { state }: Done): Task {
    this.#state = state;
    if (this.#state.tasks.has(taskId)) return this.taskOf(taskId);
    throw new HolodeckError("conflict", {
      what: `The idempotency key of task ${JSON.stringify(taskId)} was used for another task already.`,
      todo: "Give each call a key of its own; repeat only the same call with the same key.",
    });
  }

  #execute(...[command, key]: ExecuteArguments): Promise<Done> {
    return this.host.execute(this.#stream, command, key);
  }
}

function checkIdempotencyKey(key: unknown): string | null {
  return key === null ? null : checkText(key, "idempotencyKey");
}

type ExecuteArguments = [
  command: Parameters<SessionHost["execute"]>[1],
  key?: Parameters<SessionHost["execute"]>[2],
];
