// The server put together: PLATO and /v1 on one port, the H1 router's port beside it, over a store.
import type { Hono, MiddlewareHandler } from "hono";
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import type { SettingsAsked } from "../fleet/fleet-facts.ts";
import { machineProcesses } from "../run/machine-processes.ts";
import { SessionManager } from "../session/manager.ts";
import { systemRandom } from "../session/system-id.ts";
import type { Store } from "../store/port.ts";
import { SessionMetrics } from "../telemetry/metrics.ts";
import type { Log } from "../telemetry/log.ts";
import { authenticate } from "./authenticate.ts";
import type { TokenReader } from "./jwt.ts";
import { KeyRing } from "./key-ring.ts";
import { liveApp, type LiveLimits } from "./live.ts";
import { platoApp } from "./plato.ts";
import type { Fleets } from "./fleet/fleets.ts";
import { createRouter } from "./fleet/router.ts";
import type { ServerEnv } from "./principal.ts";
import { logRequests } from "./request-log.ts";
import type { DoorRefusal } from "./door.ts";
import { serve, type Limits, type Served } from "./serve.ts";
import type { Problem } from "./turned-away.ts";
import { isPathOfV1, v1App } from "./v1/app.ts";
import { doorProblem, keyProblem } from "./v1/problems.ts";

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
  /** What this process counts, served as /metrics; default counts of the server's own sessions alone. */
  readonly metrics?: SessionMetrics;
  readonly liveLimits?: Partial<LiveLimits>;
}

export interface RunningServer {
  readonly port: number;
  readonly routerPort: number;
  readonly fleets: Fleets;
  /** Stops taking requests, lets those under way end within 6 s, closes the ports, and lets go of sessions. */
  close(): Promise<void>;
}

export const PLATO_PORT = 8848;
export const ROUTER_PORT = 8902;

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Of /v1 and its neighbours what the router's port answers too: one server, so one answer. */
const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/v1/health"]);

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Throws `denied` for a host others could reach while no key is asked for, `address_in_use` when a port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, clock, version, report, limits = {}, fleet = {}, host = "127.0.0.1" } = options;
  const { operatorKeys = [], tokens = null, allowHosts = [], log } = options;
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const keys = new KeyRing({ store, moment, operatorKeys, tokens });
  const isLocal = isLoopback(host);
  if (!isLocal && !(await keys.asksForKey())) throw openToAll(host);
  const told = (found: MiddlewareHandler<ServerEnv>): MiddlewareHandler<ServerEnv> =>
    log === undefined ? found : logRequests(log, () => clock.monotonic(), found);
  const door = told(authenticate({ keys, isLocal }));
  // Bound to every address, it has none of its own.
  const hosts = EVERY_ADDRESS.has(host) ? allowHosts : [host, ...allowHosts];
  const open = async (app: Pick<Hono, "fetch">, port: number): Promise<Served> =>
    await serve({ fetch: app.fetch, host, port, limits, hosts, problemFor });
  const manager = managerOf(options);
  const h1 = createRouter({ store, clock, moment, settings: fleet, report, authenticate: door });
  const live = liveApp({ store, clock, report, keys, limits: options.liveLimits ?? {} });
  let isReady = true;
  const v1 = v1App({
    manager,
    store,
    clock,
    version,
    report,
    processes: machineProcesses,
    isReady: () => isReady,
    authenticate: told(authenticate({ keys, isLocal, refuse: keyProblem })),
    mount: (app) => app.route("/", live.app).route("/v1/fleet", h1.fleetApp),
  });
  const plato = platoApp({ store, moment, version, report, authenticate: door });
  const ports: Served[] = [];
  const close = async (): Promise<void> => {
    isReady = false;
    live.close();
    await Promise.all(ports.map(async (port) => await port.close()));
    await h1.fleets.stop();
    await manager.close();
  };
  try {
    ports.push(await open(byPath(isPathOfV1, v1, plato), options.port ?? PLATO_PORT));
    const isProbe = (path: string): boolean => PROBES.has(path);
    ports.push(await open(byPath(isProbe, v1, h1.app), options.routerPort ?? ROUTER_PORT));
    await h1.fleets.start();
    // Timeouts fall due whether or not anyone asks.
    await manager.store();
  } catch (error) {
    await close();
    throw error;
  }
  const [main, router] = ports;
  return { port: main?.port ?? 0, routerPort: router?.port ?? 0, fleets: h1.fleets, close };
}

/** Runs the sessions of /v1, and lets happen what is due in all others. What they have to send is sent beside it. */
function managerOf({ store, clock, report, metrics = new SessionMetrics() }: ServerOptions): SessionManager {
  // Each session of /v1 brings its own configuration; this one is for none.
  const config = { sessionName: "server", agentId: "holodeck" };
  return new SessionManager(config, {
    openStore: async () => await Promise.resolve(store),
    leavesStoreOpen: true,
    clock,
    random: systemRandom,
    processes: machineProcesses,
    metrics,
    report,
  });
}

/** Who asks /v1 is told of refusals as problems, wherever they come from. */
function problemFor(target: string, refusal: DoorRefusal): Problem | null {
  return isPathOfV1(target.split(/[?#]/, 1)[0] ?? "") ? doorProblem(refusal) : null;
}

/** What is asked of /v1 and its neighbours, and all the rest. */
function byPath(
  isForV1: (path: string) => boolean,
  v1: Hono<ServerEnv>,
  rest: Hono<ServerEnv>,
): Pick<Hono, "fetch"> {
  return {
    fetch: (request, env) => {
      const { pathname } = new URL(request.url);
      return isForV1(pathname) ? v1.fetch(request, env) : rest.fetch(request, env);
    },
  };
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
