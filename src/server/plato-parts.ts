// What the groups of PLATO's endpoints share.
import type { Hono } from "hono";
import type { Store } from "../store/port.ts";
import type { CensusDesk } from "./census-desk.ts";
import type { GateCounts } from "./gate-counts.ts";
import type { ServerEnv } from "./principal.ts";
import type { RoomCounts } from "./room-counts.ts";
import type { TileDesk } from "./tile-desk.ts";

export interface Plato {
  readonly app: Hono<ServerEnv>;
  readonly store: Store;
  readonly desk: TileDesk;
  readonly counts: RoomCounts;
  readonly census: CensusDesk;
  readonly gate: GateCounts;
  readonly version: string;
  readonly instance: string;
  /** Whole seconds since this server started. */
  readonly uptime: () => number;
}
