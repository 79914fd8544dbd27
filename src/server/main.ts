// The server put together: PLATO and /v1 on one port, the H1 router's port beside it, over a store.
import type { Hono } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { machineProcesses } from "../run/machine-processes.ts";
import { SessionManager } from "../session/manager.ts";
import { systemRandom } from "../session/system-id.ts";
import type { Store } from "../store/port.ts";
import { SessionMetrics } from "../telemetry/metrics.ts";
import { PlatoSink } from "../tile/plato-sink.ts";
import { platoApp } from "./plato.ts";
import type { ServerEnv } from "./principal.ts";
import { routerApp } from "./router-port.ts";
import type { DoorRefusal } from "./door.ts";
import { serve, type Limits, type Problem, type Served } from "./serve.ts";
import { isPathOfV1, v1App } from "./v1/app.ts";
import { doorProblem } from "./v1/problems.ts";

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
  /** Whether tiles may be sent to addresses of private and link-local networks; loopback always. Default false. */
  readonly allowPrivateTargets?: boolean;
}

export interface RunningServer {
  readonly port: number;
  readonly routerPort: number;
  /** Stops taking requests, lets those under way end within 7 s, closes the ports, and lets go of sessions. */
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
  const open = async (app: Pick<Hono, "fetch">, port: number): Promise<Served> =>
    await serve({ fetch: app.fetch, host, port, limits, problemFor });
  const manager = managerOf(options);
  let isReady = true;
  const v1 = v1App({
    manager,
    store,
    clock,
    processes: machineProcesses,
    version,
    report,
    isReady: () => isReady,
  });
  const plato = platoApp({ store, moment, version, report });
  const ports: Served[] = [];
  const close = async (): Promise<void> => {
    isReady = false;
    await Promise.all(ports.map(async (port) => await port.close()));
    await manager.close();
  };
  try {
    const [one, other] = [options.port ?? PLATO_PORT, options.routerPort ?? ROUTER_PORT];
    ports.push(await open(byPath(v1, plato), one));
    ports.push(await open(routerApp(), other));
    // Timeouts fall due and tiles are sent whether or not anyone asks.
    await manager.store();
  } catch (error) {
    await close();
    throw error;
  }
  const [main, router] = ports;
  return { port: main?.port ?? 0, routerPort: router?.port ?? 0, close };
}

/** Runs the sessions of /v1, and lets happen what is due in all others. */
function managerOf({ store, clock, report, allowPrivateTargets = false }: ServerOptions): SessionManager {
  // Each session of /v1 brings its own configuration; this one is for none.
  const config = { sessionName: "server", agentId: "holodeck" };
  return new SessionManager(config, {
    openStore: async () => await Promise.resolve(store),
    leavesStoreOpen: true,
    clock,
    tiles: {
      sinkFor: (url) => new PlatoSink({ url, clock, allowPrivate: allowPrivateTargets }),
      random: Math.random,
      deliver: true,
    },
    random: systemRandom,
    processes: machineProcesses,
    metrics: new SessionMetrics(),
    report,
  });
}

/** Who asks /v1 is told of refusals as problems, wherever they come from. */
function problemFor(target: string, refusal: DoorRefusal): Problem | null {
  return isPathOfV1(target.split(/[?#]/, 1)[0] ?? "") ? doorProblem(refusal) : null;
}

/** What is asked of /v1 and its neighbours, and all the rest. */
function byPath(v1: Hono<ServerEnv>, plato: Hono): Pick<Hono, "fetch"> {
  return {
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      return isPathOfV1(pathname) ? v1.fetch(request) : plato.fetch(request);
    },
  };
}

function checkHost(host: string): string {
  if (LOOPBACK.test(host)) return host;
  throw new HolodeckError("denied", {
    what: `Bound to ${host}, everyone who reaches this machine could write here, and this server has no keys to ask for yet.`,
    todo: "Bind to 127.0.0.1, and reach it from elsewhere through a tunnel (ssh -L).",
  });
}
