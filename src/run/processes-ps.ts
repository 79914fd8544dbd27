// The processes of a machine without /proc (macOS, BSD), read from `ps`.
// Start times are whole seconds there, so two processes of one id within a second cannot be told apart.
import { execFileSync } from "node:child_process";
import type { ProcessInfo } from "./process-info.ts";

/** The living processes, or the one of an id. */
export function processesByPs(pid?: number): readonly ProcessInfo[] {
  const which = pid === undefined ? ["-A"] : ["-p", String(pid)];
  return psOutput([...which, "-o", "pid=,ppid=,pgid=,stat=,lstart="])
    .split("\n")
    .map((line) => parsePsLine(line))
    .filter((info) => info !== null);
}

/** The ids of processes whose environment, as `ps -E` shows it after the command, holds `entry`. */
export function environmentsByPs(entry: string): ReadonlySet<number> {
  const lines = psOutput(["-A", "-E", "-ww", "-o", "pid=,command="]).split("\n");
  return new Set(
    lines.filter((line) => ` ${line} `.includes(` ${entry} `)).map((line) => parseInt(line, 10)),
  );
}

/** `  412   1   412 Ss   Fri Nov 20 10:11:12 2026`; null for a zombie or another line. */
export function parsePsLine(line: string): ProcessInfo | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
  if (match === null || match[4]?.startsWith("Z")) return null;
  const [, pid, parent, group, , started] = match;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: Number(group),
    startTime: Date.parse(started ?? ""),
  };
}

/** `ps` fails when the process asked for is not there. */
function psOutput(args: readonly string[]): string {
  try {
    return execFileSync("ps", args, {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch {
    return "";
  }
}
