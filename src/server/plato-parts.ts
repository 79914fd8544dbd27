// What the groups of PLATO's endpoints share.
import type { Hono } from "hono";
import type { Store } from "../store/port.ts";
import type { Census } from "./census.ts";
import type { GateCounts } from "./gate-counts.ts";
import type { RoomCounts } from "./room-counts.ts";
import type { TileDesk } from "./tile-desk.ts";

export interface Plato {
  readonly app: Hono;
  readonly store: Store;
  readonly desk: TileDesk;
  readonly counts: RoomCounts;
  readonly census: Census;
  readonly gate: GateCounts;
  readonly version: string;
  readonly instance: string;
  /** Whole seconds since this server started. */
  readonly uptime: () => number;
}
