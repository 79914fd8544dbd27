// Session → fleet, by the log alone: what a session has taken is confirmed at its router, and what has ended is freed
// there. The process that routed may die between the two; whoever comes after it goes on from the saved place, and the
// command's key makes the effect once.
import type { Clock } from "../event/clock.ts";
import { HolodeckError } from "../event/error.ts";
import { streamKey, streamKind } from "../event/event.ts";
import type { EventLog, StoredEvent } from "../event/log.ts";
import { Reactor } from "../event/reactor.ts";
import type { SessionEvent } from "./events.ts";
import type { TaskRouter } from "./router.ts";
import { withTraceOf } from "./trace-context.ts";

export interface RouteFollowerOptions {
  readonly router: TaskRouter;
  readonly log: EventLog;
  readonly clock: Clock;
  /** Told of trouble in the background; a router that is away is none. */
  readonly onError: (error: unknown) => void;
}

/** The reactor of one router. Its place is saved before the router is asked for the first time. */
export async function followRoutes({ router, log, clock, onError }: RouteFollowerOptions): Promise<Reactor> {
  const name = `h1:${router.name}`;
  // The end is read before the place: whoever else begins now may save it too, and cannot have routed anything before it.
  const end = await log.end();
  if ((await log.place({ name })) === null) await log.savePlace({ name, place: end });
  return new Reactor({
    name,
    log,
    clock,
    concerns: (stored) => routedBy(router.name, stored) !== null,
    react: async (stored, key) => {
      const event = routedBy(router.name, stored);
      if (event === null) return;
      const sessionId = streamKey(stored.event.stream);
      const task = { sessionId, taskId: event.data.task_id, key };
      await withTraceOf(stored.event.data, async () => {
        if (event.type !== "task_routed") await router.complete(task);
        else if (event.data.fell_back === undefined) await router.confirm(task);
      });
    },
    onError: (error) => {
      if (!(error instanceof HolodeckError && error.code === "server_unreachable")) onError(error);
    },
  });
}

type Routed = Extract<SessionEvent, { readonly type: "task_routed" | "task_ended" | "route_freed" }>;

const TYPES: ReadonlySet<string> = new Set<Routed["type"]>(["task_routed", "task_ended", "route_freed"]);

/** A task that this router routed, or one of its tasks that has ended or whose agent has left. */
function routedBy(router: string, { event }: StoredEvent): Routed | null {
  if (!TYPES.has(event.type)) return null;
  if (streamKind(event.stream) !== "session" || event.data["router"] !== router) return null;
  // The type and the stream's kind say which event it is.
  return event as unknown as Routed;
}
