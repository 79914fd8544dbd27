// The three callbacks of a configuration: which event calls which.
import type { Clock } from "../event/clock.ts";
import type { HolodeckError } from "../event/error.ts";
import type { EmergenceAlert, ResolvedConfig } from "./config.ts";
import type { SessionEvent } from "./events.ts";
import { Observer } from "./observers.ts";
import type { Task } from "./task.ts";
import type { WorkingSession } from "./working-session.ts";

interface CallbacksGiven<Handle> extends Pick<ResolvedConfig, "onTaskComplete" | "onEmergenceAlert"> {
  readonly onSessionEnd: ((session: Handle) => unknown) | null;
}

interface CallbackPorts {
  readonly clock: Clock;
  readonly report: (problem: HolodeckError) => void;
}

/** `Handle` is what this process has of its sessions. */
export class Callbacks<Handle extends WorkingSession> {
  readonly #task: Observer<Task> | null;
  readonly #session: Observer<Handle> | null;
  readonly #alert: Observer<EmergenceAlert> | null;

  constructor(
    { onTaskComplete, onSessionEnd, onEmergenceAlert }: CallbacksGiven<Handle>,
    ports: CallbackPorts,
  ) {
    this.#task = observer("onTaskComplete", onTaskComplete, ports);
    this.#session = observer("onSessionEnd", onSessionEnd, ports);
    this.#alert = observer("onEmergenceAlert", onEmergenceAlert, ports);
  }

  /** An event of a session has been committed. */
  notify(session: Handle, event: SessionEvent): void {
    if (event.type === "task_ended") {
      const task = session.getTask(event.data.task_id);
      if (task !== undefined) this.#task?.notify(task);
    } else if (event.type === "session_ended") {
      this.#session?.notify(session);
    } else if (event.type === "emergence_alert") {
      const { h1, threshold, vertices, edges, recommendation } = event.data;
      const { sessionId } = session;
      this.#alert?.notify({ sessionId, h1, threshold, vertices, edges, recommendation });
    }
  }

  /** Resolves when none is being called. */
  async idle(): Promise<void> {
    await this.#task?.idle();
    await this.#session?.idle();
    await this.#alert?.idle();
  }
}

function observer<Subject>(
  name: string,
  callback: ((subject: Subject) => unknown) | null,
  { clock, report }: CallbackPorts,
): Observer<Subject> | null {
  return callback === null ? null : new Observer({ name, callback, clock, report });
}
