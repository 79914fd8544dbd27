// Waits for the processes of attempts that were ended by somebody else: whoever runs them sees it and asks them to
// leave, which takes a while. Who ended them should not say that it is over before it is.
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../session/session.ts";
import { GRACE_MS } from "./ending.ts";
import { attemptKey } from "./environment.ts";
import { bootId, hostName } from "./host.ts";
import { attemptProcesses, type SurvivorsParams } from "./survivors.ts";

/** The attempts of a session that run on this machine. Ask before it ends: afterwards no task says who ran it. */
export function attemptsHere(session: Session): readonly SurvivorsParams[] {
  return session.tasks.flatMap(({ taskId, attempts, process }) =>
    process === null || process.host !== hostName() || process.boot_id !== bootId()
      ? []
      : {
          attemptKey: attemptKey(session.sessionId, taskId, attempts),
          pid: process.pid,
          startTime: Number(process.start_time),
          bootId: process.boot_id,
        },
  );
}

/** Longer than the grace they have between TERM and KILL, and what a guard does after it. */
const PATIENCE_MS = GRACE_MS + 30_000;

const POLL_MS = 50;

/** Resolves with how many processes are left, which is 0 unless patience is over. */
export async function untilLeft(
  attempts: readonly SurvivorsParams[],
  patienceMs: number = PATIENCE_MS,
): Promise<number> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const left = attempts.reduce((sum, attempt) => sum + attemptProcesses(attempt).length, 0);
    if (left === 0 || performance.now() >= until) return left;
    await sleep(POLL_MS);
  }
}
