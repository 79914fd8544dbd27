// The PLATO tile server of spec/wire.md §1 as an application: requests in, responses out, no port.
import { Hono, type MiddlewareHandler } from "hono";
import type { Moment } from "../event/decider.ts";
import type { Store } from "../store/port.ts";
import { carryTrace } from "./carry-trace.ts";
import { CensusDesk } from "./census-desk.ts";
import { GateCounts } from "./gate-counts.ts";
import { addFacts } from "./plato-facts.ts";
import { addProvenance } from "./plato-provenance.ts";
import type { Plato } from "./plato-parts.ts";
import { addFinding, addReading } from "./plato-reading.ts";
import { addWriting } from "./plato-writing.ts";
import { LOCAL_OPERATOR, mayWrite, type ServerEnv } from "./principal.ts";
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
  /** Finds out who is asking (`authenticate.ts`). Default: this machine's operator, whoever it is. */
  readonly authenticate?: MiddlewareHandler<ServerEnv>;
}

export function platoApp(options: PlatoOptions): Hono<ServerEnv> {
  const { store, moment, version, instance = "holodeck", report, authenticate = asLocal } = options;
  const now = (): number => moment().now;
  const startedAt = now();
  const app = new Hono<ServerEnv>();
  const counts = new RoomCounts(store);
  const plato: Plato = {
    app,
    store,
    desk: new TileDesk({ store, moment, counts }),
    counts,
    census: new CensusDesk(store, now),
    gate: new GateCounts(),
    version,
    instance,
    uptime: () => Math.floor((now() - startedAt) / 1_000),
  };
  app.use(authenticate);
  app.use(carryTrace);
  app.post("*", refuseObservers);
  addFacts(plato);
  addReading(plato);
  addFinding(plato);
  addWriting(plato);
  addProvenance(plato);
  app.onError((error, c) => answerError(c, error, report));
  app.notFound((c) =>
    c.json({ error: `There is no ${c.req.method} ${c.req.path}. GET / lists what there is.` }, 404),
  );
  return app;
}

const asLocal: MiddlewareHandler<ServerEnv> = async (c, next) => {
  c.set("principal", LOCAL_OPERATOR);
  await next();
};

/** Whoever may only read is told so before anything is read of what was sent. */
const refuseObservers: MiddlewareHandler<ServerEnv> = async (c, next) => {
  if (mayWrite(c.get("principal"))) return await next();
  return c.json({ error: "This key may read and not write. Use one of the role agent or operator." }, 403);
};
