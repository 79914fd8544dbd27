// A session as this process attends to it, whether or not anyone holds its handle: who listens, and what work is
// under way. Light, for there may be as many as there are open sessions.
import type { Happened } from "../event/decider.ts";
import type { SessionEvent } from "./events.ts";
import type { Observer } from "./observers.ts";
import type { Work } from "./work.ts";

export class Presence {
  #listeners: Set<Observer<Happened<SessionEvent>>> | null = null;
  #work: Map<string, Work> | null = null;

  /** The attempts whose work is under way in this process, by task. */
  get work(): Map<string, Work> {
    this.#work ??= new Map();
    return this.#work;
  }

  /** Tells an observer of each event from now on. Answers what stops it. */
  listen(observer: Observer<Happened<SessionEvent>>): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(observer);
    return () => this.#listeners?.delete(observer);
  }

  /** Stops the work that is over, and tells whoever listens. */
  take(events: readonly Happened<SessionEvent>[]): void {
    for (const event of events) {
      if (event.type === "task_ended" || event.type === "attempt_ended") {
        this.#work?.get(event.data.task_id)?.ended(event.data.attempt, event.data.outcome);
      }
      for (const observer of this.#listeners ?? []) observer.notify(event);
    }
  }

  /** Resolves when no listener is being called. */
  async idle(): Promise<void> {
    for (const observer of this.#listeners ?? []) await observer.idle();
  }
}
