// `node fleet-victim.ts ORDERS`: routes and ends tasks until it is killed, by itself at a named point between session
// and fleet. ORDERS is JSON. Whoever comes after a kill goes on with the sessions that are open.
import { kill, pid } from "node:process";
import { streamKind } from "../src/event/event.ts";
import type { AppendItem } from "../src/event/log.ts";
import { SessionManager } from "../src/local.ts";
import type { Session } from "../src/session/session.ts";
import { openStore } from "../src/store/open.ts";
import type { Store } from "../src/store/port.ts";
import { aroundStore } from "./crash/around-store.ts";

export interface VictimOrders {
  readonly address: string;
  /** `fleet:task_completed:before`, `place:after`; null lives until its sessions have ended. */
  readonly point: string | null;
  /** At which time that the point is passed. */
  readonly time: number;
  /** Planted: the follower begins at the log's end, or who asks for a route again is taken for another. */
  readonly fault: "forgets place" | "forgets keys" | null;
}

const TASKS = 3;

/** Dies at the point. */
export function mortalStore(store: Store, { point, time, fault }: Omit<VictimOrders, "address">): Store {
  let left = time;
  const pass = (name: string): void => {
    if (name !== point || --left > 0) return;
    kill(pid, "SIGKILL");
  };
  const passAll = (items: readonly AppendItem[], when: string): void => {
    for (const { stream, events } of items)
      for (const { event } of events) pass(`${streamKind(stream)}:${event.type}:${when}`);
  };
  return aroundStore(store, {
    append: async (items) => {
      passAll(items, "before");
      const results = await store.append(fault === "forgets keys" ? items.map(withoutRouteKeys) : items);
      passAll(items, "after");
      return results;
    },
    place: async (params) =>
      fault === "forgets place" && params.name.startsWith("h1:")
        ? await store.end()
        : await store.place(params),
    savePlace: async (params) => {
      pass("place:before");
      await store.savePlace(params);
      pass("place:after");
    },
  });
}

function withoutRouteKeys(item: AppendItem): AppendItem {
  return { ...item, keys: item.keys.filter(({ key }) => !key.startsWith("route:")) };
}

/** Routes, does and ends what is open, then ends the session. */
export async function finish(manager: SessionManager, session: Session): Promise<void> {
  for (let index = 0; index < TASKS; index++) {
    const id = `t${index}`;
    if (session.getTask(id) === undefined) await manager.routeTaskH1(id, ["skill"], session);
    const task = session.getTask(id);
    if (task !== undefined && task.status !== "ended") await task.complete({ success: index !== 1 });
  }
  // The last one is open when the session ends: that frees its edge too.
  if (session.getTask("last") === undefined) await manager.routeTaskH1("last", ["skill"], session);
  await session.endSession();
}

async function work(orders: VictimOrders): Promise<void> {
  const store = mortalStore(await openStore(orders.address), orders);
  await using manager = new SessionManager({ sessionName: "killed", agentId: "victim" }, { store });
  const { sessions } = await manager.list({ status: "open", limit: 100 });
  for (const { sessionId } of sessions) await finish(manager, await manager.resume(sessionId));
  for (let round = 0; round < 4; round++) {
    const session = await manager.startSession();
    for (const agent of ["a", "b", "c"]) await manager.registerAgent(agent, ["skill"]);
    await finish(manager, session);
  }
}

if (import.meta.main) await work(JSON.parse(process.argv[2] ?? "") as VictimOrders);
