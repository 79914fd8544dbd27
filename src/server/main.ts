// The server put together: PLATO on one port, the H1 router's port beside it, over a store.
import { Hono } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import type { Store } from "../store/port.ts";
import { platoApp } from "./plato.ts";
import type { Fleets } from "./fleet/fleets.ts";
import { createRouter } from "./fleet/router.ts";
import { serve, type Limits, type Served } from "./serve.ts";

export interface ServerOptions {
  /** Stays the caller's: it is not closed with the server. */
  readonly store: Store;
  readonly clock: Clock;
  /** Default 127.0.0.1. Only this machine: wider binds need keys. */
  readonly host?: string;
  /** Default 8848; 0 for any that is free. */
  readonly port?: number;
  /** Default 8902; 0 for any that is free. */
  readonly routerPort?: number;
  /** How fleets are run; what is left out stays as each fleet has it. */
  readonly fleet?: SettingsAsked;
  /** Of this program. */
  readonly version: string;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
  readonly limits?: Partial<Limits>;
}

export interface RunningServer {
  readonly port: number;
  readonly routerPort: number;
  readonly fleets: Fleets;
  /** Stops taking requests, lets those under way end within 8 s, and closes the ports. */
  close(): Promise<void>;
}

export const PLATO_PORT = 8848;
export const ROUTER_PORT = 8902;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Throws `denied` for a host others could reach, `address_in_use` when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, clock, version, report, limits = {}, fleet = {} } = options;
  const host = checkHost(options.host ?? "127.0.0.1");
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const open = async (app: Hono, port: number): Promise<Served> =>
    await serve({ fetch: app.fetch, host, port, limits });
  const h1 = createRouter({ store, clock, moment, settings: fleet, report });
  const app = platoApp({ store, moment, version, report });
  app.route("/v1/fleet", h1.fleetApp);
  const plato = await open(app, options.port ?? PLATO_PORT);
  try {
    const router = await open(h1.app, options.routerPort ?? ROUTER_PORT);
    // Nothing that can fail comes after it.
    await h1.fleets.start();
    return {
      port: plato.port,
      routerPort: router.port,
      fleets: h1.fleets,
      close: async () => {
        await Promise.all([plato.close(), router.close()]);
        await h1.fleets.stop();
      },
    };
  } catch (error) {
    await plato.close();
    throw error;
  }
}

function checkHost(host: string): string {
  if (LOOPBACK.test(host)) return host;
  throw new HolodeckError("denied", {
    what: `Bound to ${host}, everyone who reaches this machine could write here, and this server has no keys to ask for yet.`,
    todo: "Bind to 127.0.0.1, and reach it from elsewhere through a tunnel (ssh -L).",
  });
}
