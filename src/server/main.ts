// The server put together: PLATO on one port, the H1 router's port beside it, over a store.
import { Hono } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { Store } from "../store/port.ts";
import { liveApp, type LiveLimits } from "./live.ts";
import { platoApp } from "./plato.ts";
import { routerApp } from "./router-port.ts";
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
  /** Of this program. */
  readonly version: string;
  /** Told of errors that were not meant to happen. */
  readonly report: (error: unknown) => void;
  readonly limits?: Partial<Limits>;
  readonly liveLimits?: Partial<LiveLimits>;
}

export interface RunningServer {
  readonly port: number;
  readonly routerPort: number;
  /** Stops taking requests, lets those under way end within 8 s, and closes the ports. */
  close(): Promise<void>;
}

export const PLATO_PORT = 8848;
export const ROUTER_PORT = 8902;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Throws `denied` for a host others could reach, `address_in_use` when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, clock, version, report, limits = {} } = options;
  const host = checkHost(options.host ?? "127.0.0.1");
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const open = async (app: Hono, port: number): Promise<Served> =>
    await serve({ fetch: app.fetch, host, port, limits });
  const live = liveApp({ store, clock, report, limits: options.liveLimits ?? {} });
  const app = platoApp({ store, moment, version, report });
  app.route("/", live.app);
  const plato = await open(app, options.port ?? PLATO_PORT);
  try {
    const router = await open(routerApp(), options.routerPort ?? ROUTER_PORT);
    return {
      port: plato.port,
      routerPort: router.port,
      close: async () => {
        live.close();
        await Promise.all([plato.close(), router.close()]);
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
