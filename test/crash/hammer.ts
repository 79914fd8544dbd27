// `node hammer.ts ORDERS`: one of many processes that want the same of the same sessions. Each goes on with the tasks of
// all sessions, in an order of its own; when its standard input ends, it ends them. ORDERS is JSON.
import { HolodeckError } from "../../src/event/error.ts";
import { SessionManager } from "../../src/local.ts";
import { SESSION_OUTCOMES, TASK_OUTCOMES } from "../../src/session/outcome.ts";
import type { Session } from "../../src/session/session.ts";
import { openStore } from "../../src/store/open.ts";
import { announced } from "./announced-store.ts";
import { withFault, type Fault } from "./faults.ts";
import { tellTo } from "./protocol.ts";
import { oneOf, randomFrom } from "./random.ts";

export interface HammerOrders {
  readonly address: string;
  readonly seed: number;
  readonly sessions: readonly string[];
  /** How many of a session's tasks are fought for at a time, and how many it has at least. */
  readonly tasks: number;
  readonly fault: Fault | null;
}

/** What may be answered to whoever comes second, or while the store is away or held. */
const EXPECTED: ReadonlySet<string> = new Set([
  "conflict",
  "session_ended",
  "store_busy",
  "store_unreachable",
  "task_ended",
  "task_exists",
  "task_not_found",
]);

const { address, seed, sessions, tasks, fault } = JSON.parse(process.argv[2] ?? "") as HammerOrders;
const random = randomFrom(seed);
const tell = tellTo(3);
const store = announced(withFault(await openStore(address), fault), tell);
let isFinishing = false;
process.stdin.once("end", () => (isFinishing = true)).resume();
const manager = new SessionManager({ sessionName: "many", agentId: `hammer${seed}` }, { store });

for (let open = [...sessions]; open.length > 0;) {
  const id = oneOf(random, open);
  if (await hasEnded(id)) open = open.filter((one) => one !== id);
}
await manager.close();

/** A few blows at one session; true when it has ended. */
async function hasEnded(id: string): Promise<boolean> {
  const session = await attempt(() => manager.get(id));
  if (session === null) return false;
  for (let blow = 0; blow < 6 && session.status === "open"; blow++) {
    await strike(session, nextTask(session));
  }
  if (isFinishing && session.totals.total >= tasks && session.status === "open") {
    const outcome = oneOf(random, SESSION_OUTCOMES);
    if ((await attempt(() => session.endSession(outcome))) === outcome)
      acknowledge(session, "session_ended", null);
  }
  return session.status === "ended";
}

/** One that is open, or one that nobody has added yet. */
function nextTask(session: Session): string {
  const open = session.getActiveTasks();
  return open[Math.floor(random() * tasks)]?.taskId ?? `t${session.tasks.length}`;
}

/** Three things at once that exclude each other. */
async function strike(session: Session, task: string): Promise<void> {
  const known = session.getTask(task);
  if (known?.status === "ended") return;
  if (known === undefined) {
    const options = { timeoutSeconds: 1, retries: { max: 2 } };
    if ((await attempt(() => session.addTask(task, null, options))) !== null)
      acknowledge(session, "task_added", task);
  }
  const started = await attempt(() => session.startTask(task));
  if (started !== null) acknowledge(session, "task_started", task);
  const [one, two] = [oneOf(random, TASK_OUTCOMES), oneOf(random, TASK_OUTCOMES)];
  await Promise.all([one, two].map((outcome) => attempt(() => session.completeTask(task, outcome))));
}

function acknowledge(session: Session, type: string, task: string | null): void {
  tell({ kind: "acknowledged", stream: `session:${session.sessionId}`, type, task, op: null });
}

/** Null when someone else was first. */
async function attempt<Value>(act: () => Promise<Value>): Promise<Value | null> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof HolodeckError && EXPECTED.has(error.code)) return null;
    throw error;
  }
}
