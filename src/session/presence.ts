// A session as this process attends to it, whether or not anyone holds its handle: who listens, and what work is
// under way. Light, for there may be as many as there are open sessions.
import type { Happened } from "../event/decider.ts";
import type { SessionEvent } from "./events.ts";
import { LocalAgents } from "./local-agents.ts";
import type { Observer } from "./observers.ts";
import type { Work } from "./work.ts";

export class Presence {
  #listeners: Set<Observer<Happened<SessionEvent>>> | null = null;
  #work: Map<string, Work> | null = null;
  #agents: LocalAgents | null = null;

  /** The attempts whose work is under way in this process, by task. */
  get work(): Map<string, Work> {
    this.#work ??= new Map();
    return this.#work;
  }

  /** The agents this process attached; null while there are none. */
  get agents(): LocalAgents | null {
    return this.#agents;
  }

  /** For who attaches the first. */
  agentsWith(options: ConstructorParameters<typeof LocalAgents>[0]): LocalAgents {
    return (this.#agents ??= new LocalAgents(options));
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
      this.#agents?.take(event);
      for (const observer of this.#listeners ?? []) observer.notify(event);
    }
  }

  /** Resolves when no listener is being called and no agent is being torn down. */
  async idle(): Promise<void> {
    await this.#agents?.idle();
    for (const observer of this.#listeners ?? []) await observer.idle();
  }
}
