// The PLATO tile server of spec/wire.md §1 as an application: requests in, responses out, no port.
import { Hono } from "hono";
import type { Moment } from "../event/decider.ts";
import type { Store } from "../store/port.ts";
import { Census } from "./census.ts";
import { GateCounts } from "./gate-counts.ts";
import { addFacts } from "./plato-facts.ts";
import { addProvenance } from "./plato-provenance.ts";
import type { Plato } from "./plato-parts.ts";
import { addReading } from "./plato-reading.ts";
import { addWriting } from "./plato-writing.ts";
import { answerError } from "./problem.ts";
import { RoomCounts } from "./room-counts.ts";
import { TileDesk } from "./tile-desk.ts";

export interface PlatoOptions {
  readonly store: Store;
  readonly moment: () => Moment;
  /** Of this program. */
  readonly version: string;
  /** What this server is called in its answers. Default `holodeck`. */
  readonly instance?: string;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
}

export function platoApp({ store, moment, version, instance = "holodeck", report }: PlatoOptions): Hono {
  const now = (): number => moment().now;
  const startedAt = now();
  const app = new Hono();
  const counts = new RoomCounts(store);
  const plato: Plato = {
    app,
    store,
    desk: new TileDesk({ store, moment, counts }),
    counts,
    census: new Census(store, now),
    gate: new GateCounts(),
    version,
    instance,
    uptime: () => Math.floor((now() - startedAt) / 1_000),
  };
  addFacts(plato);
  addReading(plato);
  addWriting(plato);
  addProvenance(plato);
  app.onError((error, c) => answerError(c, error, report));
  app.notFound((c) =>
    c.json({ error: `There is no ${c.req.method} ${c.req.path}. GET / lists what there is.` }, 404),
  );
  return app;
}
