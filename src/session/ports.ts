// What a manager needs of the machine.
import type { Clock } from "../event/clock.ts";
import type { HolodeckError } from "../event/error.ts";
import type { Store } from "../store/port.ts";
import type { DeliveryMetrics } from "../tile/errand.ts";
import type { SessionEvent } from "./events.ts";
import type { Processes, Random } from "./host.ts";
import type { Retain } from "./retain.ts";
import type { TaskRouter } from "./router.ts";
import type { TilePorts, WebhookPorts } from "./sending.ts";
import type { SessionState } from "./state.ts";

/** What a manager needs of the machine. */
export interface ManagerPorts {
  /** Opened at first use. */
  readonly openStore: () => Promise<Store>;
  /** Whether the store stays open when the manager closes, for whoever else uses it. Default false. */
  readonly leavesStoreOpen?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Default: a fleet kept as a stream of the same store. */
  readonly router?: TaskRouter;
  /** Makes the routers of sessions that name one by URL; without it they are refused. */
  readonly routerFor?: (url: string) => TaskRouter;
  readonly metrics: ManagerMetrics;
  /** What sends tiles; without it none are sent. */
  readonly tiles?: TilePorts;
  /** Where what happens in this store is posted; default nowhere. */
  readonly webhooks?: WebhookPorts;
  /** A session that has not been used for this long leaves memory until it is needed. Default 60,000. */
  readonly idleMs?: number;
  /** What ended sessions let go of, and when; default: nothing goes. */
  readonly retain?: Retain;
  /** Told of trouble that must not disturb anyone, such as a callback that throws. */
  readonly report: (problem: HolodeckError) => void;
}

/** Counts what this process does (telemetry/). */
export interface ManagerMetrics {
  observe(event: SessionEvent, state: SessionState): void;
  /** Prometheus text. */
  text(): Promise<string>;
  readonly outbox?: DeliveryMetrics;
  readonly webhooks?: DeliveryMetrics;
}
