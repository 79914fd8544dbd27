// The server put together: PLATO on one port, the H1 router's port beside it, over a store.
import type { Hono } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import type { Store } from "../store/port.ts";
import type { Log } from "../telemetry/log.ts";
import { authenticate } from "./authenticate.ts";
import type { TokenReader } from "./jwt.ts";
import { KeyRing } from "./key-ring.ts";
import { platoApp } from "./plato.ts";
import type { Fleets } from "./fleet/fleets.ts";
import { createRouter } from "./fleet/router.ts";
import type { ServerEnv } from "./principal.ts";
import { logRequests } from "./request-log.ts";
import { serve, type Limits, type Served } from "./serve.ts";

export interface ServerOptions {
  /** Stays the caller's: it is not closed with the server. */
  readonly store: Store;
  readonly clock: Clock;
  /** Default 127.0.0.1. Whatever others can reach needs a key: one in the store, or one of those below. */
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
  /** Each an operator's, beside the keys in the store. */
  readonly operatorKeys?: readonly string[];
  /** Reads JWTs; null or left out where there are none. */
  readonly tokens?: TokenReader | null;
  /** Names, beside this machine's own and the one it is bound to, that requests may come for: `holodeck.example.org`. */
  readonly allowHosts?: readonly string[];
  /** Told of requests. */
  readonly log?: Log;
}

export interface RunningServer {
  readonly port: number;
  readonly routerPort: number;
  readonly fleets: Fleets;
  /** Stops taking requests, lets those under way end within 6 s, and closes the ports. */
  close(): Promise<void>;
}

export const PLATO_PORT = 8848;
export const ROUTER_PORT = 8902;

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Throws `denied` for a host others could reach while no key is asked for, `address_in_use` when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, clock, version, report, limits = {}, fleet = {}, host = "127.0.0.1" } = options;
  const { operatorKeys = [], tokens = null, allowHosts = [], log } = options;
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const keys = new KeyRing({ store, moment, operatorKeys, tokens });
  const isLocal = isLoopback(host);
  if (!isLocal && !(await keys.asksForKey())) throw openToAll(host);
  const found = authenticate({ keys, isLocal });
  const door = log === undefined ? found : logRequests(log, () => clock.monotonic(), found);
  // Bound to every address, it has none of its own.
  const hosts = EVERY_ADDRESS.has(host) ? allowHosts : [host, ...allowHosts];
  const open = async (app: Hono<ServerEnv>, port: number): Promise<Served> =>
    await serve({ fetch: app.fetch, host, port, limits, hosts });
  const h1 = createRouter({ store, clock, moment, settings: fleet, report, authenticate: door });
  const app = platoApp({ store, moment, version, report, authenticate: door });
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

/** Whether this machine alone can reach it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

function openToAll(host: string): HolodeckError {
  return new HolodeckError("denied", {
    what: `Bound to ${host}, everyone who reaches this machine could read and write here, and no key is asked for.`,
    todo: "Make a key first (`holodeck key new NAME --role operator`), or bind to 127.0.0.1.",
  });
}
