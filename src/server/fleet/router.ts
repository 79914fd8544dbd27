// The H1 router put together over a store: its applications, and what runs behind them.
import type { Hono, MiddlewareHandler } from "hono";
import type { Clock } from "../../event/clock.ts";
import type { Moment } from "../../event/decider.ts";
import type { SettingsAsked } from "../../fleet/fleet-facts.ts";
import type { Store } from "../../store/port.ts";
import type { ServerEnv } from "../principal.ts";
import { fleetApp } from "./fleet-app.ts";
import { FleetMetrics } from "./fleet-metrics.ts";
import type { FleetParts } from "./fleet-parts.ts";
import { FleetReports } from "./fleet-reports.ts";
import { Fleets } from "./fleets.ts";
import { routerApp } from "./router-app.ts";

export interface RouterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** How fleets are run; what is left out stays as each fleet has it. */
  readonly settings?: SettingsAsked;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
  /** Finds out who asks at the router's own port; default everyone is the local operator. */
  readonly authenticate?: MiddlewareHandler<ServerEnv>;
}

export interface H1Router {
  readonly fleets: Fleets;
  readonly metrics: FleetMetrics;
  /** For a port of its own: spec/wire.md §2, `/v1/fleet` and `/metrics`. */
  readonly app: Hono<ServerEnv>;
  /** To be mounted at `/v1/fleet` of another application. */
  readonly fleetApp: Hono<ServerEnv>;
}

/** Nothing runs before `fleets.start()`. */
export function createRouter(options: RouterOptions): H1Router {
  const { store, clock, moment, settings = {}, report, authenticate } = options;
  const metrics = new FleetMetrics();
  const fleets = new Fleets({
    store,
    clock,
    moment,
    settings,
    onEvents: (news) => metrics.observe(news),
    report,
  });
  const parts: FleetParts = {
    fleets,
    metrics,
    reports: new FleetReports(),
    now: () => moment().now,
    report,
  };
  return { fleets, metrics, app: routerApp(parts, authenticate), fleetApp: fleetApp(parts) };
}
