// A task of a session: what is known of it, and what can be done with it.
import type { Json, JsonObject } from "../event/json.ts";
import type { Routing } from "../tile/session-tiles.ts";
import type { ArtifactReference, ProcessIdentity, TaskRecord } from "./events.ts";
import { checkBoolean, checkKeys } from "./input.ts";
import { TaskOutcome, type TaskPriority } from "./outcome.ts";
import { taskDocument } from "./session-document.ts";
import type { TaskState } from "./state.ts";

/** What is told of a completion beside its outcome. */
export interface CompleteOptions {
  /** Milliseconds, from 0; default the time since the attempt started. */
  readonly durationMs?: number;
  /** Plain JSON of any size; what is too large for an event is kept as a blob. */
  readonly result?: Json;
  /** What went wrong. */
  readonly error?: string;
  /** What else is kept of the work, its blobs stored already. */
  readonly record?: TaskRecord;
  /** The attempt that speaks; it is refused unless it is the running one. */
  readonly attempt?: number;
  /** Makes the call happen once, however often it is repeated. */
  readonly idempotencyKey?: string;
}

/** Every key of `CompleteOptions`. */
export const COMPLETE_OPTIONS = [
  "durationMs",
  "result",
  "error",
  "record",
  "attempt",
  "idempotencyKey",
] as const satisfies readonly (keyof CompleteOptions)[];

/** What `task.complete` takes. */
export interface TaskCompletion extends CompleteOptions {
  /** Default true; false completes it as failed. */
  readonly success?: boolean;
}

/** What a heartbeat says. */
export interface HeartbeatOptions {
  /** The attempt that speaks; it is refused unless it is the running one. */
  readonly attempt?: number;
  /** How far it is, in a sentence; cut to 4,096 characters. */
  readonly note?: string;
  /** Makes the call happen once, however often it is repeated. */
  readonly idempotencyKey?: string;
}

/** The session a task belongs to, as far as its tasks need it. */
export interface TaskOwner {
  readonly sessionId: string;
  readonly agentId: string;
  readonly status: "open" | "ended";
  startTask(taskId: string): Promise<Task>;
  heartbeat(taskId: string, options?: HeartbeatOptions): Promise<Task>;
  completeTask(taskId: string, outcome: TaskOutcome, options?: CompleteOptions): Promise<Task>;
  readResult(taskId: string): Promise<Json | undefined>;
  readArtifacts(taskId: string): Promise<readonly ArtifactReference[]>;
}

/** A task of a session. What is read is what this process knows; it never falls behind what was awaited. */
export class Task {
  readonly #session: TaskOwner;
  readonly #state: () => TaskState;

  /** Tasks are made by `session.addTask` and found by `session.getTask`. */
  constructor(session: TaskOwner, state: () => TaskState) {
    this.#session = session;
    this.#state = state;
  }

  get taskId(): string {
    return this.#state().taskId;
  }

  /** `pending` until it starts and between attempts; `ended` is final. */
  get status(): "pending" | "running" | "ended" {
    return this.#state().status;
  }

  /** Null until it has ended. */
  get outcome(): TaskOutcome | null {
    return this.#state().outcome;
  }

  /** What it was added with. */
  get data(): Json {
    return this.#state().data;
  }

  get priority(): TaskPriority {
    return this.#state().priority;
  }

  get requiredCapabilities(): readonly string[] {
    return this.#state().requiredCapabilities;
  }

  /** Who does it: whom it was given or routed to, else the session's agent. */
  get agentId(): string {
    const { agentId, routing } = this.#state();
    return agentId ?? routing?.agent_id ?? this.#session.agentId;
  }

  /** How it was routed; null when it was not. */
  get routing(): Routing | null {
    return this.#state().routing;
  }

  /** How many attempts were started. */
  get attempts(): number {
    return this.#state().attempt;
  }

  /** Milliseconds its last attempt took; null until it has ended. */
  get durationMs(): number | null {
    return this.#state().durationMs;
  }

  /** What it came to; undefined when there is none, or when it is too large for an event (see `readResult`). */
  get result(): Json | undefined {
    return this.#state().result;
  }

  /** Why it, or its last attempt, did not succeed; null when there is nothing to tell. */
  get error(): string | null {
    return this.#state().error;
  }

  /** When a running attempt times out, milliseconds since the epoch; null otherwise. */
  get dueAt(): number | null {
    return this.#state().dueAt;
  }

  /** When the next attempt may start, milliseconds since the epoch; null when none is waiting. */
  get retryAt(): number | null {
    return this.#state().retryAt;
  }

  /** The process that does the running attempt's work; null when none is running. */
  get process(): ProcessIdentity | null {
    return this.#state().process;
  }

  /** When the running attempt last said that it goes on, milliseconds since the epoch; null otherwise. */
  get heartbeatAt(): number | null {
    return this.#state().heartbeatAt;
  }

  /** What was kept of its last attempt that is over: output, artifacts, exit code. */
  get record(): TaskRecord {
    return this.#state().record;
  }

  /** As JSON with names in snake_case; the form in which it is sent. */
  toJSON(): JsonObject {
    return taskDocument(this.#state(), this.#session.agentId);
  }

  /** Its result, also one that was too large for an event. */
  async readResult(): Promise<Json | undefined> {
    return await this.#session.readResult(this.taskId);
  }

  /** The files that were kept of its work, also when they are too many for an event. */
  async readArtifacts(): Promise<readonly ArtifactReference[]> {
    return await this.#session.readArtifacts(this.taskId);
  }

  /** Starts an attempt: its timeout begins. Refused (`conflict`) while one is running. */
  async start(): Promise<this> {
    await this.#session.startTask(this.taskId);
    return this;
  }

  /** Says that the running attempt goes on. Refused when it does not: then the work should stop. */
  async heartbeat(options: HeartbeatOptions = {}): Promise<this> {
    await this.#session.heartbeat(this.taskId, options);
    return this;
  }

  /** Completes it as success, or with `success: false` as failed. Refused (`task_ended`) when it has ended. */
  async complete(completion: TaskCompletion = {}): Promise<this> {
    const known = ["success", ...COMPLETE_OPTIONS] as const;
    const { success = true, ...options } = checkKeys(completion, "options", known);
    await this.#session.completeTask(
      this.taskId,
      checkBoolean(success, "success") ? TaskOutcome.SUCCESS : TaskOutcome.FAILED,
      options,
    );
    return this;
  }

  /** Completes it as failed. With retries left it gets another attempt. */
  async fail(error?: string, options: CompleteOptions = {}): Promise<this> {
    const told = error === undefined ? options : { ...options, error };
    await this.#session.completeTask(this.taskId, TaskOutcome.FAILED, told);
    return this;
  }

  /** Ends it as cancelled; the work's signal is aborted. */
  async cancel(reason?: string): Promise<this> {
    const options = reason === undefined ? {} : { error: reason };
    await this.#session.completeTask(this.taskId, TaskOutcome.CANCELLED, options);
    return this;
  }
}
