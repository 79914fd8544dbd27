// The routers a process speaks to: the fleet in its store, H1 routers by URL, or the one it was given. Each has a
// follower from its first use on.
import { HolodeckError } from "../event/error.ts";
import type { Clock } from "../event/clock.ts";
import type { Moment } from "../event/decider.ts";
import type { EventLog } from "../event/log.ts";
import type { Reactor } from "../event/reactor.ts";
import { FleetRouter } from "./fleet-router.ts";
import { followRoutes } from "./route-follower.ts";
import type { TaskRouter } from "./router.ts";

/** The fleet of those who name none. */
export const DEFAULT_FLEET = "default";

export interface RoutersOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly moment: () => Moment;
  /** Offset of the emergence threshold from V. */
  readonly offset: number;
  /** Routes everything, when it is given. */
  readonly router?: TaskRouter;
  /** Makes routers by URL. */
  readonly routerFor?: (url: string) => TaskRouter;
  readonly onError: (error: unknown) => void;
}

interface Used {
  readonly router: TaskRouter;
  readonly follower: Reactor;
}

export class Routers {
  readonly #options: RoutersOptions;
  readonly #used = new Map<string, Promise<Used>>();

  constructor(options: RoutersOptions) {
    this.#options = options;
  }

  /**
   * The router of a session: by its URL, or for null the fleet in this store. The fleet has seen by then what ended
   * before; a server is told meanwhile.
   */
  async of(url: string | null): Promise<TaskRouter> {
    const { router, follower } = await this.#use(url ?? FLEET);
    if (url === null) await follower.catchUp();
    return router;
  }

  /** Something that this router routed has ended here: it is to be told. */
  tell(name: string): void {
    const { router } = this.#options;
    if (router !== undefined && router.name !== name) return;
    this.#use(name).catch(this.#options.onError);
  }

  /** Tells what has ended, for at most `withinMs`, and lets go. What is left is for the next process. */
  async stop(withinMs: number): Promise<void> {
    const over = new AbortController();
    const late = this.#options.clock.sleep(withinMs, over.signal);
    const ending = [...this.#used.values()].map(async (using) => {
      const { router, follower } = await using;
      await Promise.race([late, follower.catchUp()]).catch(() => undefined);
      router.close?.();
      await follower.stop();
    });
    await Promise.allSettled(ending);
    over.abort();
  }

  async #use(name: string): Promise<Used> {
    const key = this.#options.router?.name ?? name;
    const using = this.#used.get(key) ?? this.#begin(name);
    this.#used.set(key, using);
    try {
      return await using;
    } catch (error) {
      this.#used.delete(key);
      throw error;
    }
  }

  async #begin(name: string): Promise<Used> {
    const { log, clock, onError } = this.#options;
    const router = this.#make(name);
    const follower = await followRoutes({ router, log, clock, onError });
    follower.start();
    return { router, follower };
  }

  #make(name: string): TaskRouter {
    const { log, moment, offset, router, routerFor } = this.#options;
    if (router !== undefined) return router;
    const [, fleet] = /^fleet:(.+)$/.exec(name) ?? [];
    if (fleet !== undefined) return new FleetRouter({ log, moment, fleet, offset });
    if (routerFor !== undefined && /^https?:/.test(name)) return routerFor(name);
    throw new HolodeckError("unsupported", {
      what: `Tasks here were routed by ${name}, which this process cannot ask.`,
      todo: "Pass `routerFor` with the manager's ports, or use the SessionManager of the package.",
    });
  }
}

const FLEET = `fleet:${DEFAULT_FLEET}`;
