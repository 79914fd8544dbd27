// Finds and ends what is left of an attempt: its guard, the guard's process group and session, processes that
// carry the attempt's key in their environment wherever they went, and the children of all these.
import { bootId, type ProcessMark } from "./host.ts";
import { endProcesses } from "./ending.ts";
import type { ProcessInfo } from "./process-info.ts";
import { livingProcesses, startedWith } from "./processes.ts";

/** Names an attempt in its processes' environment: `<session>:<task>:<attempt>`. */
export const ATTEMPT_KEY_VARIABLE = "HOLODECK_ATTEMPT_KEY";

export interface SurvivorsParams extends ProcessMark {
  readonly attemptKey: string;
  /** How long they have between TERM and KILL, in milliseconds. Default 5,000. */
  readonly graceMs?: number;
}

/**
 * Ends every process of an earlier attempt and resolves, with their number, when none is left. `pid`, `startTime` and
 * `bootId` are the guard's as recorded. After another boot there are none, and nothing is looked at.
 */
export async function endSurvivors({ graceMs, ...attempt }: SurvivorsParams): Promise<number> {
  if (attempt.bootId !== bootId()) return 0;
  return endProcesses({
    find: (known) => attemptProcesses(attempt, known),
    ...(graceMs === undefined ? {} : { graceMs }),
  });
}

/** The living processes of an attempt, its guard among them. `known` are further ids that are its own. */
export function attemptProcesses(
  attempt: Omit<SurvivorsParams, "bootId" | "graceMs">,
  known: ReadonlySet<number> = new Set(),
): readonly ProcessInfo[] {
  const all = livingProcesses();
  const keyed = startedWith(`${ATTEMPT_KEY_VARIABLE}=${attempt.attemptKey}`, all);
  const leader = all.find(({ pid }) => pid === attempt.pid);
  // A group outlives its leader, and its number is not given away meanwhile: another leader is another group.
  const isGroupOurs = leader === undefined || leader.startTime === attempt.startTime;
  const isOurs = (info: ProcessInfo): boolean =>
    known.has(info.pid) ||
    keyed.has(info.pid) ||
    (isGroupOurs &&
      info.startTime >= attempt.startTime &&
      (info.group === attempt.pid || info.session === attempt.pid));
  return withDescendants(all, all.filter(isOurs));
}

function withDescendants(all: readonly ProcessInfo[], roots: readonly ProcessInfo[]): readonly ProcessInfo[] {
  const family = new Map(roots.map((info) => [info.pid, info]));
  for (let before = -1; before !== family.size;) {
    before = family.size;
    for (const info of all) if (family.has(info.parent)) family.set(info.pid, info);
  }
  return [...family.values()];
}
