// Ends processes that are not our children: TERM, some time to leave, then KILL, until none is left.
// New ones found on the way (forked in between) are ended as well.
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessInfo } from "./process-info.ts";
import { processAt } from "./processes.ts";

export interface EndingParams {
  /** The living processes to end; called again until it finds none. `known` are those it found before. */
  readonly find: (known: ReadonlySet<number>) => readonly ProcessInfo[];
  /** How long they have after TERM, in milliseconds. Default 5,000. */
  readonly graceMs?: number;
}

export const GRACE_MS = 5000;

const POLL_MS_MIN = 5;
const POLL_MS_MAX = 100;

/** Resolves with how many were ended, when none is left. */
export async function endProcesses({ find, graceMs = GRACE_MS }: EndingParams): Promise<number> {
  const known = new Map<number, ProcessInfo>();
  const killFrom = performance.now() + graceMs;
  for (let pause = POLL_MS_MIN; ; pause = Math.min(pause * 2, POLL_MS_MAX)) {
    const found = livingOf(known, find);
    if (found.length === 0) return known.size;
    const isPatienceOver = performance.now() >= killFrom;
    for (const info of found) {
      if (isPatienceOver) send(info.pid, "SIGKILL");
      else if (!isSame(known.get(info.pid), info)) askToLeave(info.pid);
      known.set(info.pid, info);
    }
    const untilKill = Math.max(1, killFrom - performance.now());
    await sleep(isPatienceOver ? pause : Math.min(pause, untilKill));
  }
}

/** Those found now, and those found before that still live: a process may have cut every tie since. */
function livingOf(
  known: ReadonlyMap<number, ProcessInfo>,
  find: EndingParams["find"],
): readonly ProcessInfo[] {
  const before = [...known.values()].filter((info) => isSame(info, processAt(info.pid)));
  const found = new Map(before.map((info) => [info.pid, info]));
  for (const info of find(new Set(found.keys()))) found.set(info.pid, info);
  return [...found.values()];
}

function isSame(one: ProcessInfo | undefined, other: ProcessInfo | null): boolean {
  return one !== undefined && other !== null && one.startTime === other.startTime;
}

/** A stopped process gets its TERM only once it continues. */
function askToLeave(pid: number): void {
  send(pid, "SIGTERM");
  send(pid, "SIGCONT");
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already, or another user's: the next look tells.
  }
}
