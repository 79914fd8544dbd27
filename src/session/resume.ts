// What taking over a session does about the work that ran when its process died.
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** What `manager.resume` takes. */
export interface ResumeOptions {
  /** What to do about each task whose attempt runs, or ran in a process that died; default: the latter's are lost. */
  readonly recover?: (session: Session, task: Task) => Promise<void>;
}

/** The default. */
export async function loseIfDead(session: Session, task: Task): Promise<void> {
  await session.loseAttempt(task.taskId, "The process that did the work died.");
}
