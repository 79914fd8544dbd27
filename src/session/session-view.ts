// What can be read of a session, be it the one that goes on or how it stood at an earlier event.
import { HolodeckError } from "../event/error.ts";
import type { Event, StreamId } from "../event/event.ts";
import type { Json, JsonObject } from "../event/json.ts";
import type { TaskTotals } from "../tile/session-tiles.ts";
import { tileOf, type Tile } from "../tile/tile.ts";
import { eventPage } from "./event-page.ts";
import type { ArtifactReference, PrunedPart } from "./events.ts";
import { PRIORITY_RANK, type SessionOutcome, type TaskOutcome } from "./outcome.ts";
import { loadArtifacts, loadResult } from "./results.ts";
import type { SessionReading } from "./reading.ts";
import { sessionFacts, sessionSettings } from "./session-document.ts";
import { taskTotals, type ForkedFrom, type SessionState } from "./state.ts";
import { streamOf } from "./stream.ts";
import { Task, type CompleteOptions, type HeartbeatOptions, type TaskOwner } from "./task.ts";

export abstract class SessionView implements TaskOwner {
  protected abstract readonly state: SessionState;
  /** Its events end here. */
  protected abstract readonly throughSeq: number;
  /** Until when an open session has lasted, milliseconds since the epoch. */
  protected abstract now(): number;
  protected abstract store(): Promise<SessionReading>;
  abstract startTask(taskId: string): Promise<Task>;
  abstract heartbeat(taskId: string, options?: HeartbeatOptions): Promise<Task>;
  abstract completeTask(taskId: string, outcome: TaskOutcome, options?: CompleteOptions): Promise<Task>;

  get sessionId(): string {
    return this.state.sessionId;
  }

  get sessionName(): string {
    return this.state.sessionName;
  }

  get agentId(): string {
    return this.state.agentId;
  }

  get tags(): readonly string[] {
    return this.state.tags;
  }

  get metadata(): JsonObject {
    return this.state.metadata;
  }

  /** What `holodeck run` recorded of its plan; null for one whose work lives in code, or was pruned. */
  get plan(): JsonObject | null {
    return this.state.plan;
  }

  /** The session and the event it was forked from; null when it began on its own. */
  get forkedFrom(): ForkedFrom | null {
    return this.state.forkedFrom;
  }

  /** The objects it manages, by key, in the order they came to it; `session.manage(kind)` brings one back. */
  get managed(): readonly StreamId[] {
    return [...this.state.managed];
  }

  get status(): "open" | "ended" {
    return this.state.status === "ended" ? "ended" : "open";
  }

  /** Null while it is open. */
  get outcome(): SessionOutcome | null {
    return this.state.outcome;
  }

  get error(): string | null {
    return this.state.error;
  }

  /** What retention has let go of since it ended: its blobs, or its events and tasks with them; null when all is there. */
  get pruned(): PrunedPart | null {
    return this.state.pruned;
  }

  /** What its run looked like (see docs/patterns.md); empty while it is open. */
  get patterns(): readonly string[] {
    return this.state.patterns;
  }

  /** How often its routing brought the fleet's β₁ over the threshold. */
  get emergenceAlerts(): number {
    return this.state.alerts;
  }

  /** β₁ of the fleet before its first routing and after its last; null when nothing was routed. */
  get h1(): { readonly start: number; readonly end: number } | null {
    return this.state.h1;
  }

  /** When its time is up, milliseconds since the epoch. */
  get dueAt(): number {
    return this.state.dueAt;
  }

  /** Seconds since the start, or from start to end; with fractions. */
  get durationSeconds(): number {
    const { durationMs, startedAt } = this.state;
    return (durationMs ?? Math.max(0, this.now() - startedAt)) / 1_000;
  }

  /** All tasks, in the order they came. */
  get tasks(): readonly Task[] {
    return [...this.state.tasks.keys()].map((taskId) => this.taskOf(taskId));
  }

  /** How many tasks have ended how; `total` is their sum. */
  get totals(): TaskTotals {
    return taskTotals(this.state);
  }

  /** Undefined when the session has no such task. */
  getTask(taskId: string): Task | undefined {
    return this.state.tasks.has(taskId) ? this.taskOf(taskId) : undefined;
  }

  /** Tasks that have not ended, the most urgent first, else in the order they came. */
  getActiveTasks(): readonly Task[] {
    return [...this.state.open]
      .map((taskId) => this.taskOf(taskId))
      .sort((a, b) => PRIORITY_RANK[a.priority] - PRIORITY_RANK[b.priority]);
  }

  /** A task's result, also one too large for an event; undefined when there is none. */
  async readResult(taskId: string): Promise<Json | undefined> {
    const task = this.state.tasks.get(taskId);
    if (task === undefined) return undefined;
    return await loadResult(
      await this.store(),
      task.result,
      task.record,
      async () => await this.#wasPruned(),
    );
  }

  /** The files that were kept of a task's work, also when they are too many for an event. */
  async readArtifacts(taskId: string): Promise<readonly ArtifactReference[]> {
    const record = this.state.tasks.get(taskId)?.record ?? {};
    return await loadArtifacts(await this.store(), record, async () => await this.#wasPruned());
  }

  async #wasPruned(): Promise<boolean> {
    const head = await (await this.store()).head({ stream: streamOf(this.sessionId) });
    return head?.summary["pruned"] !== undefined;
  }

  /** What is known of it but its tasks, as JSON with names in snake_case; the form in which it is sent. */
  describe(): JsonObject {
    return { ...sessionFacts(this.state, this.now()), config: sessionSettings(this.state) };
  }

  /** Its events, those after `afterSeq` (default all), as they are stored. Throws `pruned` when some are gone. */
  async *events({ afterSeq = 0 }: { readonly afterSeq?: number } = {}): AsyncGenerator<Event> {
    const store = await this.store();
    const stream = streamOf(this.sessionId);
    for (let seq = afterSeq; ;) {
      const page = await eventPage(store, { stream, afterSeq: seq, limit: 1_000 });
      for (const { event } of page) {
        if (event.seq > this.throughSeq) return;
        yield event;
      }
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

  protected taskOf(taskId: string): Task {
    return new Task(this, () => {
      const task = this.state.tasks.get(taskId);
      if (task !== undefined) return task;
      throw new HolodeckError("task_not_found", {
        what: `Session ${this.sessionId} has no task ${JSON.stringify(taskId)}.`,
        todo: "Ask for it again with getTask.",
      });
    });
  }
}
