// What must still work on a store whose processes were all killed: hours later, deadlines end every session that was
// left open, and the reactor does what it had not done.
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../src/event/clock.ts";
import { bootId } from "../../src/run/host.ts";
import { SystemClock } from "../../src/session/system-clock.ts";
import { SessionManager } from "../../src/local.ts";
import type { Store } from "../../src/store/port.ts";
import { noteTaker } from "./notes.ts";

/** Longer than any session of the work may take. */
const LATER_MS = 3 * 60 * 60 * 1_000;
const PATIENCE_MS = 20_000;

/** Ends what is open; answers the sessions that would not end. Closes the store. */
export async function settleAll(store: Store): Promise<readonly string[]> {
  const clock = new LaterClock(bootId());
  await using manager = new SessionManager({ sessionName: "after", agentId: "heir" }, { store, clock });
  const until = performance.now() + PATIENCE_MS;
  let open = await openSessions(manager);
  // The deadlines run by themselves: they are watched, not called.
  while (open.length > 0 && performance.now() < until) {
    await delay(5);
    open = await openSessions(manager);
  }
  const reactor = noteTaker({ store, clock });
  while ((await reactor.tick()) > 0);
  return open.map((id) => `${id} is open hours after its time was up`);
}

async function openSessions(manager: SessionManager): Promise<readonly string[]> {
  const { sessions } = await manager.list({ status: "open", limit: 1_000 });
  return sessions.map(({ sessionId }) => sessionId);
}

/** The machine's clock, hours on: time has passed, nobody has set it. */
class LaterClock implements Clock {
  readonly #clock: SystemClock;

  constructor(boot: string) {
    this.#clock = new SystemClock(boot);
  }

  now = (): number => this.#clock.now() + LATER_MS;
  monotonic = (): number => this.#clock.monotonic();
  sleep = async (ms: number, signal?: AbortSignal): Promise<void> => await this.#clock.sleep(ms, signal);
  boot = (): ReturnType<Clock["boot"]> => this.#clock.boot();
  check = (): ReturnType<Clock["check"]> => this.#clock.check();
}
