// The processes of this machine as the kernel tells them: /proc on Linux, `ps` elsewhere (see processes-ps.ts).
// A process is known by its id and its start time together, because ids are used again.
import { readdirSync, readFileSync } from "node:fs";
import type { ProcessInfo } from "./process-info.ts";
import { processesByPs, environmentsByPs } from "./processes-ps.ts";

const hasProc = process.platform === "linux";

/** Every living process. Those that have ended and were not collected by their parent (zombies) are not among them. */
export function livingProcesses(): readonly ProcessInfo[] {
  if (!hasProc) return processesByPs();
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processByProc(Number(name)))
    .filter((info) => info !== null);
}

/** The living process of an id, or null. */
export function processAt(pid: number): ProcessInfo | null {
  if (hasProc) return processByProc(pid);
  return processesByPs(pid).find((info) => info.pid === pid) ?? null;
}

/** The ids of those processes that were started with `NAME=value` in their environment, as far as we may look. */
export function startedWith(entry: string, among: readonly ProcessInfo[]): ReadonlySet<number> {
  if (!hasProc) return environmentsByPs(entry);
  return new Set(among.filter(({ pid }) => environmentByProc(pid).includes(entry)).map(({ pid }) => pid));
}

/** Reads proc(5): fields 3 (state), 4, 5, 6 and 22, counted after the name, which may hold spaces and brackets. */
function processByProc(pid: number): ProcessInfo | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  if (fields.length < 20 || state === "Z" || state === "X") return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: Number(fields[19]),
  };
}

function environmentByProc(pid: number): readonly string[] {
  return readIfThere(`/proc/${pid}/environ`).split("\0");
}

/** Empty when the process is gone or another user's. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
