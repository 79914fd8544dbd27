// What the groups of a router's endpoints share.
import type { FleetMetrics } from "./fleet-metrics.ts";
import type { FleetReports } from "./fleet-reports.ts";
import type { Fleets } from "./fleets.ts";

export interface FleetParts {
  readonly fleets: Fleets;
  readonly reports: FleetReports;
  readonly metrics: FleetMetrics;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
}
