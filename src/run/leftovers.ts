// What a session that has ended may have left behind when its process and its guards were killed: a spool, in which
// not all is redacted, and processes of its attempts. Found by the folders beside the store; told, or taken away.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { streamId } from "../event/event.ts";
import type { ProcessIdentity, SessionEvent } from "../session/events.ts";
import type { Store } from "../store/port.ts";
import { attemptKey } from "./environment.ts";
import { hostName, isAlive } from "./host.ts";
import { attemptProcesses, endSurvivors, type SurvivorsParams } from "./survivors.ts";

export interface Leftover {
  readonly sessionId: string;
  readonly spool: string;
  /** The attempts that still have a folder in the spool. */
  readonly attempts: readonly SurvivorsParams[];
}

/** What ended sessions left in a folder of spools; those whose own process still lives clean up themselves. */
export async function leftovers(store: Store, spools: string): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const sessionId of namesIn(spools)) {
    const leftover = await leftoverOf(store, sessionId, join(spools, sessionId));
    if (leftover !== null) found.push(leftover);
  }
  return found;
}

/** How many processes of it still run. */
export function survivorsOf({ attempts }: Leftover): number {
  return attempts.reduce((sum, attempt) => sum + attemptProcesses(attempt).length, 0);
}

/** Ends the processes, then removes the spool. */
export async function takeAway({ spool, attempts }: Leftover): Promise<void> {
  await Promise.all(attempts.map(async (attempt) => await endSurvivors(attempt)));
  rmSync(spool, { recursive: true, force: true });
}

async function leftoverOf(store: Store, sessionId: string, spool: string): Promise<Leftover | null> {
  // A name that no session has is not ours to remove.
  if (!/^[\w-]{1,256}$/.test(sessionId)) return null;
  const head = await store.head({ stream: streamId("session", sessionId) });
  if (head === null || head.status === "open") return null;
  const { owner, guards } = await processesOf(store, sessionId);
  if (owner === null || owner.host !== hostName() || isAlive(markOf(owner))) return null;
  const folders = new Set(namesIn(spool));
  const left = [...guards.values()].filter(({ folder }) => folders.has(folder));
  return { sessionId, spool, attempts: left.map(({ survivors }) => survivors) };
}

interface Guard {
  readonly folder: string;
  readonly survivors: SurvivorsParams;
}

/** Who ran the session last, and the guards that were recorded for its attempts. */
async function processesOf(
  store: Store,
  sessionId: string,
): Promise<{ readonly owner: ProcessIdentity | null; readonly guards: ReadonlyMap<string, Guard> }> {
  const stream = streamId("session", sessionId);
  const guards = new Map<string, Guard>();
  let owner: ProcessIdentity | null = null;
  let page = await store.read({ stream, afterSeq: 0 });
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    for (const { event } of page) {
      // A session's stream holds events of sessions alone.
      const { type, data } = event as unknown as SessionEvent;
      if (type === "session_started" || type === "session_resumed") owner = data.process ?? null;
      if (type !== "task_started" || data.process === undefined) continue;
      const { task_id: taskId, attempt, process } = data;
      const key = attemptKey(sessionId, taskId, attempt);
      guards.set(key, { folder: `${taskId}.${attempt}`, survivors: { attemptKey: key, ...markOf(process) } });
    }
    page = await store.read({ stream, afterSeq: last.event.seq });
  }
  return { owner, guards };
}

function markOf({
  pid,
  start_time,
  boot_id,
}: ProcessIdentity): Pick<SurvivorsParams, "pid" | "startTime" | "bootId"> {
  return { pid, startTime: Number(start_time), bootId: boot_id };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // There is none.
  }
}
