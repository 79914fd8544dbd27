// This machine and its present run: its name, and an id that changes with every boot. With them a process that was
// recorded (id and start time) is known again, or known to be gone.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { processAt } from "./processes.ts";

/** A process as it is recorded: it is the same only when all three are. */
export interface ProcessMark {
  readonly pid: number;
  /** See `ProcessInfo.startTime`. */
  readonly startTime: number;
  readonly bootId: string;
}

export function hostName(): string {
  return hostname();
}

let knownBootId: string | undefined;

/** Differs after every boot. On macOS not kern.boottime: that moves when the clock is set. */
export function bootId(): string {
  knownBootId ??=
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
  return knownBootId;
}

/** Does this very process still run? One that ended and was not collected does not. */
export function isAlive(mark: ProcessMark): boolean {
  return mark.bootId === bootId() && processAt(mark.pid)?.startTime === mark.startTime;
}
