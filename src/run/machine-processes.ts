// The processes of this machine, as a manager asks for them.
import type { ProcessIdentity } from "../session/events.ts";
import type { Processes } from "../session/host.ts";
import { bootId, hostName, isAlive } from "./host.ts";
import { processAt } from "./processes.ts";

export const machineProcesses: Processes = {
  self: () => thisProcess,
  isAlive: ({ boot_id, pid, start_time }) => isAlive({ bootId: boot_id, pid, startTime: Number(start_time) }),
};

const thisProcess: ProcessIdentity = {
  host: hostName(),
  boot_id: bootId(),
  pid: process.pid,
  start_time: String(processAt(process.pid)?.startTime ?? 0),
};
