// What taking over a session does about the work that ran when its process died.
import type { ProcessIdentity } from "./events.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** What `manager.resume` takes. */
export interface ResumeOptions {
  /** What to do about each task whose attempt runs, or ran in a process that died; default: the latter's are lost. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
  /**
   * Whether the work may be taken from the process that had it last (null: none is known) and is not found alive on
   * this host; it may live on another. Default: it may.
   */
  readonly claim?: (owner: ProcessIdentity | null) => Promise<boolean>;
}

/** The default. */
export async function loseIfDead(session: Session, task: Task): Promise<void> {
  await session.loseAttempt(task.taskId, "The process that did the work died.");
}
