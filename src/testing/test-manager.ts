// A manager for tests: memory, a clock that stands still, ids that repeat, and everything it reported.
import type { HolodeckError } from "../event/error.ts";
import type { SessionConfig } from "../session/config.ts";
import type { ProcessIdentity } from "../session/events.ts";
import { SessionManager } from "../session/manager.ts";
import type { ManagerPorts } from "../session/ports.ts";
import type { TaskRouter } from "../session/router.ts";
import { encodeId } from "../session/system-id.ts";
import { MemoryStore } from "../store/memory.ts";
import { SessionMetrics } from "../telemetry/metrics.ts";
import { TestClock } from "./test-clock.ts";

export interface TestManager {
  readonly manager: SessionManager;
  readonly clock: TestClock;
  readonly reported: readonly HolodeckError[];
}

/** Starts a manager on memory and a `TestClock` of its own, unless it is given them. */
export function testManager(
  config: Partial<SessionConfig> = {},
  ports: Partial<Omit<ManagerPorts, "clock">> & { readonly clock?: TestClock } = {},
): TestManager {
  const clock = ports.clock ?? new TestClock();
  const reported: HolodeckError[] = [];
  const store = new MemoryStore();
  const manager = new SessionManager(
    { sessionName: "constraint-theory-research", agentId: "oracle1", ...config },
    {
      openStore: async () => await Promise.resolve(store),
      random: countingIds(),
      processes: testProcesses(),
      router: fixedRouter(),
      metrics: new SessionMetrics(),
      report: (problem) => reported.push(problem),
      ...ports,
      clock,
    },
  );
  return { manager, clock, reported };
}

/** Ids that count from 1. */
export function countingIds(): ManagerPorts["random"] {
  let count = 0;
  return { id: (now) => encodeId(now, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, ++count >> 8, count)) };
}

/** A machine on which just this process, by its pid, and those listed in `alive` live. */
export function testProcesses(pid = 1, alive: readonly number[] = []): ManagerPorts["processes"] {
  const self: ProcessIdentity = { host: "test-host", boot_id: "test-boot", pid, start_time: `start-${pid}` };
  return {
    self: () => self,
    isAlive: (process) => process.pid === pid || alive.includes(process.pid),
  };
}

/** A router that sends every task to one agent and leaves β₁ where it is. */
export function fixedRouter(agentId = "oracle1"): TaskRouter {
  return {
    name: "fixed",
    register: async () => await Promise.resolve(),
    route: async ({ taskId }) =>
      await Promise.resolve({
        agentId,
        taskId,
        h1Before: 3,
        h1After: 4,
        confidence: 1,
        emergenceRisk: 0,
        capabilityMatchScore: 1,
        reasoning: "The only agent there is.",
        fallback: false,
        unreachable: null,
        alert: null,
      }),
    status: async () =>
      await Promise.resolve({ h1: 3, threshold: 5, vertices: 7, edges: 9, components: 1, emergence: false }),
    confirm: async () => await Promise.resolve(),
    complete: async () => await Promise.resolve(),
  };
}
