// The parts put together for one machine: its clock, its processes, a store by address.
import type { Clock } from "./event/clock.ts";
import type { HolodeckError } from "./event/error.ts";
import { bootId } from "./run/host.ts";
import { machineProcesses } from "./run/machine-processes.ts";
import { checkRoom, DEFAULT_ROOM, type SessionConfig } from "./session/config.ts";
import { HttpRouter } from "./session/http-router.ts";
import { SessionManager as Manager } from "./session/manager.ts";
import { checkBoolean, checkKeys, checkUrl, invalid } from "./session/input.ts";
import type { ManagerPorts } from "./session/ports.ts";
import type { PersistedSession } from "./session/persist.ts";
import { Session as Handle } from "./session/session.ts";
import { SystemClock } from "./session/system-clock.ts";
import { systemRandom } from "./session/system-id.ts";
import { openStore } from "./store/open.ts";
import type { Store } from "./store/port.ts";
import { SessionMetrics } from "./telemetry/metrics.ts";
import { platoKeyFor } from "./tile/plato-key.ts";
import { PlatoSink } from "./tile/plato-sink.ts";
import { TileEmitter } from "./tile/tile-emitter.ts";
import { PostCarrier } from "./webhook/post-carrier.ts";
import { makeWebhooks, type Webhook, type WebhookOptions } from "./webhook/webhook.ts";

/** Where a manager keeps its sessions, and what it uses instead of the machine's own parts. */
export interface ManagerOptions
  extends Partial<Omit<ManagerPorts, "openStore" | "leavesStoreOpen" | "tiles" | "webhooks">>, TargetChoice {
  /**
   * An address (`memory:`, a path) or a store. Default `HOLODECK_STORE`, else `holodeck.db` in `HOLODECK_HOME`,
   * else in `./.holodeck`. A store that is passed in is closed with the manager.
   */
  readonly store?: Store | string;
  /**
   * Whether this process sends the tiles that wait in its store, also those of processes that died, and marks the
   * sessions it starts to be sent. Default: when `platoUrl` is given. False leaves the sending to another process.
   */
  readonly deliverTiles?: boolean;
  /**
   * Where to post what happens in this store, at most 32; default nowhere. A webhook hears of all sessions, from when it
   * was first declared on, each event once or more often under one `webhook-id`, signed (see `verifyWebhook`). What could
   * not be posted waits in the store; `holodeck webhooks` shows it.
   */
  readonly webhooks?: readonly WebhookOptions[];
}

/** Which servers may be spoken to. */
export interface TargetChoice {
  /**
   * Whether addresses of private and link-local networks may be reached; loopback always may. Default false, or true
   * with `HOLODECK_ALLOW_PRIVATE_TARGETS=1` in the environment.
   */
  readonly allowPrivateTargets?: boolean;
}

/**
 * Runs sessions on this machine. The store is opened at first use.
 *
 * ```ts
 * await using manager = new SessionManager({ sessionName: "my-research", agentId: "oracle1" });
 * const session = await manager.startSession();
 * await session.addTask("analyze", { query: "what is emergence?" });
 * await session.run("analyze", async ({ signal }) => ({ found: 5 }));
 * await session.endSession("success");
 * ```
 */
export class SessionManager extends Manager {
  /** Throws `invalid_argument` for a configuration out of its limits. */
  constructor(config: SessionConfig, options: ManagerOptions = {}) {
    const {
      store,
      deliverTiles,
      allowPrivateTargets,
      webhooks = [],
      clock = new SystemClock(bootId()),
      ...ports
    } = checkOptions(options);
    const choice = allowPrivateTargets === undefined ? {} : { allowPrivateTargets };
    super(config, {
      openStore: async () => (typeof store === "object" ? store : await openStore(store)),
      clock,
      tiles: {
        sinkFor: sinkFor(clock, choice),
        random: Math.random,
        ...(deliverTiles !== undefined && { deliver: deliverTiles }),
      },
      webhooks: {
        webhooks: makeWebhooks(webhooks, process.env),
        carrierFor: carrierFor(clock, choice),
        random: Math.random,
      },
      routerFor: (url) =>
        new HttpRouter({
          url,
          clock,
          random: Math.random,
          allowPrivate: mayReachPrivate(allowPrivateTargets),
        }),
      random: systemRandom,
      processes: machineProcesses,
      metrics: new SessionMetrics(),
      report: warn,
      ...ports,
    });
  }
}

/** The handle of a session. Handles are made by a `SessionManager`, and by `Session.rehydrate`. */
export class Session extends Handle {
  /**
   * The session that `session.persist()` described, in whatever process: with all its tasks, and with a manager of its
   * own, which is closed when the handle leaves the scope of `await using`; the session itself stays as it is.
   * Throws `persist_mismatch` when `data` differs from what the store holds (the store counts), `not_found`, and
   * `invalid_argument` for data that `persist` cannot have given.
   *
   * ```ts
   * const data = await session.persist();
   * // Later, elsewhere:
   * await using again = await Session.rehydrate(data, { store: "postgres://db/holodeck" });
   * ```
   */
  static async rehydrate(data: PersistedSession, options: ManagerOptions = {}): Promise<Session> {
    const manager = new SessionManager({ sessionName: "rehydrated", agentId: "holodeck" }, options);
    try {
      const session = await manager.rehydrate(data);
      return session.closesWith(async () => await manager.close());
    } catch (error) {
      await manager.close();
      throw error;
    }
  }

  /** Whoever made a handle, it is a session. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Handle;
  }
}

/**
 * Posts tiles of sessions to a PLATO server directly, for who wants to say when. A session whose tiles are sent to the
 * same server and room already (`platoUrl` is given) is left to that: nothing is posted twice.
 *
 * ```ts
 * const emitter = new PlatoTileEmitter("http://localhost:8848", "scout-reports/holodeck-session");
 * await emitter.emitSessionStart(session);
 * ```
 */
export class PlatoTileEmitter extends TileEmitter {
  /** Throws `invalid_argument` for a URL or room out of its limits. */
  constructor(platoUrl: string, scoutRoom: string, choice: TargetChoice = {}) {
    const clock = new SystemClock(bootId());
    const url = checkUrl(platoUrl, "platoUrl");
    const room = checkRoom(scoutRoom) || DEFAULT_ROOM;
    checkKeys(choice, "choice", ["allowPrivateTargets"]);
    super({ platoUrl: url, scoutRoom: room, sink: sinkFor(clock, choice)(url), clock, random: Math.random });
  }
}

function checkOptions(options: ManagerOptions): ManagerOptions {
  const { store, deliverTiles, allowPrivateTargets } = checkKeys(options, "options", MANAGER_OPTIONS);
  const isStore = typeof store === "object" && store !== null && "append" in store;
  if (store !== undefined && typeof store !== "string" && !isStore) {
    throw invalid("store", store, "Pass an address, such as a path or `memory:`, or an open store.");
  }
  if (deliverTiles !== undefined) checkBoolean(deliverTiles, "deliverTiles");
  if (allowPrivateTargets !== undefined) checkBoolean(allowPrivateTargets, "allowPrivateTargets");
  return options;
}

const MANAGER_OPTIONS = [
  "store",
  "deliverTiles",
  "allowPrivateTargets",
  "webhooks",
  "clock",
  "random",
  "processes",
  "router",
  "routerFor",
  "metrics",
  "idleMs",
  "retain",
  "report",
] as const satisfies readonly (keyof ManagerOptions)[];

/** Makes the senders to webhooks. */
export function carrierFor(clock: Clock, choice: TargetChoice = {}): (webhook: Webhook) => PostCarrier {
  const allowPrivate = mayReachPrivate(choice.allowPrivateTargets);
  return (webhook) => new PostCarrier({ webhook, clock, allowPrivate });
}

/** Makes the senders to PLATO servers. */
export function sinkFor(clock: Clock, choice: TargetChoice = {}): (url: string) => PlatoSink {
  const allowPrivate = mayReachPrivate(choice.allowPrivateTargets);
  return (url) => new PlatoSink({ url, clock, allowPrivate, apiKey: platoKeyFor(url, process.env) });
}

function mayReachPrivate(allowed: boolean | undefined): boolean {
  return allowed ?? process.env["HOLODECK_ALLOW_PRIVATE_TARGETS"] === "1";
}

function warn(problem: HolodeckError): void {
  process.emitWarning(problem.message, { type: "HolodeckWarning", code: problem.code });
}
