// The parts put together for one machine: its clock, its processes, a store by address.
import { HolodeckError } from "./event/error.ts";
import { thisProcess, isProcessAlive } from "./run/host.ts";
import type { SessionConfig } from "./session/config.ts";
import { SessionManager as Manager, type ManagerPorts } from "./session/manager.ts";
import { SystemClock } from "./session/system-clock.ts";
import { systemRandom } from "./session/system-id.ts";
import { openStore } from "./store/open.ts";
import type { Store } from "./store/port.ts";
import { SessionMetrics } from "./telemetry/metrics.ts";

/** Where a manager keeps its sessions, and what it uses instead of the machine's own parts. */
export interface ManagerOptions extends Partial<Omit<ManagerPorts, "openStore">> {
  /**
   * An address (`memory:`, a path) or a store. Default `HOLODECK_STORE`, else `holodeck.db` in `HOLODECK_HOME`,
   * else in `./.holodeck`. A store that is passed in is closed with the manager.
   */
  readonly store?: Store | string;
}
