// After a crash: what the dead process left behind is taken in or ended, so that no attempt runs beside another of
// its task.
import { rmSync } from "node:fs";
import type { Session } from "../session/session.ts";
import type { Task } from "../session/task.ts";
import type { Store } from "../store/port.ts";
import { attemptKey } from "./environment.ts";
import { verdictOf } from "./outcome.ts";
import { recordExit } from "./record.ts";
import { attemptFolder, findSpool, type FoundSpool } from "./spool-folders.ts";
import { endSurvivors } from "./survivors.ts";

/** What was found of a task whose attempt ran when the process died. */
export interface Recovered {
  readonly taskId: string;
  /** Its command had finished, and its result is taken in; otherwise it runs again. */
  readonly adopted: boolean;
  /** How many of its processes were still there. */
  readonly ended: number;
}

/** Settles a task's running attempt: adopts what it spooled, else ends what is left of it and loses it. */
export async function recoverTask(params: {
  readonly session: Session;
  readonly store: Store;
  readonly task: Task;
  readonly spool: string;
  readonly graceMs?: number;
}): Promise<Recovered> {
  const { session, store, task, spool, graceMs } = params;
  const { taskId, attempts: attempt, process } = task;
  const name = { spool, taskId, attempt };
  let found = findSpool(name);
  let ended = 0;
  if (found === null && process !== null) {
    ended = await endSurvivors({
      attemptKey: attemptKey(session.sessionId, taskId, attempt),
      pid: process.pid,
      startTime: Number(process.start_time),
      bootId: process.boot_id,
      ...(graceMs !== undefined && { graceMs }),
    });
    found = findSpool(name); // A living guard spools while it is being ended.
  }
  if (found !== null) await recordExit({ session, store, ...name, ...found });
  else {
    // What its command wrote for us was never redacted.
    rmSync(attemptFolder(name), { recursive: true, force: true });
    await session.loseAttempt(taskId, "The process that ran the plan died.");
  }
  return { taskId, adopted: isAdopted(found), ended };
}

/**
 * Takes in what finished attempts of a session have spooled and nobody told: for who is about to end a session whose
 * process may have died. What that process tells at the same time is told once.
 */
export async function adoptSpooled(params: {
  readonly session: Session;
  readonly store: Store;
  readonly spool: string;
}): Promise<void> {
  for (const { status, taskId, attempts: attempt } of params.session.tasks) {
    const found = status === "running" ? findSpool({ spool: params.spool, taskId, attempt }) : null;
    if (found !== null) await recordExit({ ...params, taskId, attempt, ...found });
  }
}

function isAdopted(found: FoundSpool | null): boolean {
  return found !== null && verdictOf(found.exit).kind === "ended";
}
