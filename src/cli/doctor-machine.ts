// What the doctor looks at of the machine: Node, the system, its clock, its processes.
import { bootId } from "../run/host.ts";
import { processAt } from "../run/processes.ts";
import { SystemClock } from "../session/system-clock.ts";
import type { Check } from "./check.ts";

const NODE_MAJOR_MIN = 24;

export function checkNode(): Check {
  const major = Number.parseInt(process.versions.node, 10);
  const what = `Node ${process.versions.node} with SQLite ${process.versions["sqlite"] ?? "unknown"}.`;
  if (major >= NODE_MAJOR_MIN) return { name: "node", status: "ok", what };
  return { name: "node", status: "fail", what, todo: `Install Node ${NODE_MAJOR_MIN} or newer.` };
}

export function checkPlatform(): Check {
  const what = `${process.platform} ${process.arch}.`;
  if (process.platform === "linux" || process.platform === "darwin") {
    return { name: "platform", status: "ok", what };
  }
  const todo = "Use Linux, macOS, WSL2 or a container.";
  return { name: "platform", status: "fail", what, todo };
}

/** A clock before this program was written is wrong: sessions and certificates will be dated so. */
const BUILT_AFTER = Date.UTC(2026, 0, 1);

export function checkClock(): Check {
  const { id, offsetMs } = new SystemClock(bootId()).boot();
  const what = `Boot ${id}, up since ${new Date(offsetMs).toISOString()}.`;
  if (Date.now() >= BUILT_AFTER) return { name: "clock", status: "ok", what };
  const todo = "Set the clock: it shows a time before this version was made.";
  return { name: "clock", status: "warn", what, todo };
}

/** Without it no process that died can be told from one that lives. */
export function checkProcesses(): Check {
  const source = process.platform === "linux" ? "/proc" : "ps";
  if (processAt(process.pid) !== null) {
    return { name: "processes", status: "ok", what: `Processes are read from ${source}.` };
  }
  return {
    name: "processes",
    status: "fail",
    what: `This process is not found by ${source}.`,
    todo: source === "/proc" ? "Mount /proc." : "Make sure `ps` is in PATH.",
  };
}
