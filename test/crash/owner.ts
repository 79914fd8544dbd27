// `node owner.ts ORDERS`: a process that holds a lease and does what it is for: sends tiles, prunes, or runs a plan. It
// stops itself (SIGSTOP) where it is told to, and knows nothing of it. ORDERS is JSON.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { HolodeckError } from "../../src/event/error.ts";
import { SessionManager } from "../../src/local.ts";
import { machineProcesses } from "../../src/run/machine-processes.ts";
import { parsePlan } from "../../src/run/plan.ts";
import { RunLease } from "../../src/run/run-lease.ts";
import { runPlan } from "../../src/run/runner.ts";
import type { ProcessIdentity } from "../../src/session/events.ts";
import { Retention } from "../../src/session/retention.ts";
import type { Session } from "../../src/session/session.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import { aroundStore } from "./around-store.ts";
import { FastClock, type FastTime } from "./fast-clock.ts";

/** Where it stops itself, and at which of the times it comes there. */
export interface StopPoint {
  readonly call: "lease:after" | "append:before" | "append:after" | "prune:before" | "delete:before";
  readonly time: number;
}

export interface OwnerOrders {
  readonly work: "send" | "prune" | "run";
  readonly address: string;
  readonly time: FastTime;
  /** Also the name of its host. */
  readonly name: string;
  readonly stopAt: StopPoint | null;
  /** Where it may write. */
  readonly folder: string;
  /** Tiles go there. */
  readonly platoUrl: string;
  /** The session it is to take over; null to start one. */
  readonly sessionId: string | null;
}

export type Said = "owns" | "stopped" | "started" | "running" | "done" | "lost";

/** A plan whose second task is the one that is interrupted. */
const PLAN = `version: 1
name: owned
agent_id: oracle1
tasks:
  - {id: t0, run: "echo '{}'"}
  - {id: t1, after: [t0], run: "echo t1 >> ran; sleep 1; echo '{}'"}
  - {id: t2, after: [t1], run: "echo '{}'"}
`;
const TASKS = 12;
/** What an owner appends as such. */
const OWN_STREAMS = { send: "outbox:", prune: "session:", run: "none" } as const;

const orders = JSON.parse(process.argv[2] ?? "") as OwnerOrders;
const clock = new FastClock(orders.time);
const store = stopping(await openStore(orders.address));
const finished = new Promise<void>((resolve) => void process.stdin.once("end", resolve).resume());
const WORK = { send, prune, run };
await WORK[orders.work]();

function say(what: Said, about = ""): void {
  writeSync(3, `${what} ${about}\n`);
}

function stopping(open: Store): Store {
  const { stopAt, work } = orders;
  let left = stopAt?.time ?? 0;
  const pass = (call: StopPoint["call"]): void => {
    if (call !== stopAt?.call || --left !== 0) return;
    say("stopped");
    process.kill(process.pid, "SIGSTOP");
  };
  return aroundStore(open, {
    lease: async (request) => {
      const held = await open.lease(request);
      if (held && request.ttlMs > 0) {
        say("owns");
        pass("lease:after");
      }
      return held;
    },
    append: async (items) => {
      const isOwn = items.some(({ stream }) => stream.startsWith(OWN_STREAMS[work]));
      if (isOwn) pass("append:before");
      const results = await open.append(items);
      if (isOwn) pass("append:after");
      return results;
    },
    prune: async (request) => {
      pass("prune:before");
      return await open.prune(request);
    },
    deleteBlob: async (request) => {
      pass("delete:before");
      return await open.deleteBlob(request);
    },
  });
}

/** Plays a session, when it is to take none over, and sends what waits until it is told to finish. */
async function send(): Promise<void> {
  const { name, platoUrl, sessionId } = orders;
  await using manager = new SessionManager(
    { sessionName: "sent", agentId: name, platoUrl },
    { store, clock },
  );
  if (sessionId === null) await play(manager);
  else await manager.get(sessionId);
  await finished;
}

async function play(manager: SessionManager): Promise<void> {
  const session = await manager.startSession();
  say("started", session.sessionId);
  for (let task = 0; task < TASKS; task++) {
    await session.addTask(`t${task}`);
    await session.completeTask(`t${task}`, "success");
    await delay(20);
  }
  await session.endSession();
  say("done");
}

async function prune(): Promise<void> {
  const retention = new Retention({ store, clock, retain: { eventsDays: 1 }, owner: orders.name });
  for (;;) {
    const ticked = await retention.tick();
    if (ticked === "done") break;
    if (ticked === "elsewhere") await delay(20);
  }
  say("done");
  await store.close();
}

async function run(): Promise<void> {
  const { name, folder } = orders;
  const host = { host: name };
  const processes = {
    self: (): ProcessIdentity => ({ ...machineProcesses.self(), ...host }),
    isAlive: (one: ProcessIdentity): boolean => one.host === name && machineProcesses.isAlive(one),
  };
  await using manager = new SessionManager(
    { sessionName: "owned", agentId: name },
    { store, clock, processes },
  );
  const sessionId = orders.sessionId ?? (await manager.startSession()).sessionId;
  await using lease = new RunLease({ store, clock, processes, sessionId });
  const session = await taken(manager, lease, sessionId);
  say("started", sessionId);
  session.on("task_started", ({ data }) => data["task_id"] === "t1" && say("running"));
  const stop = new AbortController();
  lease.keep(() => {
    say("lost");
    stop.abort();
  });
  const plan = parsePlan({ text: PLAN, file: "plan.yaml", environment: {} });
  const spool = join(folder, name);
  await runPlan({
    session,
    store,
    clock,
    plan,
    folder,
    spool,
    environment: process.env,
    signal: stop.signal,
  });
  say("done");
}

/** Asks until it may have it: the other one's time must run out. */
async function taken(manager: SessionManager, lease: RunLease, sessionId: string): Promise<Session> {
  if (orders.sessionId === null) {
    await lease.take(null);
    return await manager.get(sessionId);
  }
  for (;;) {
    try {
      return await manager.resume(sessionId, { claim: async (last) => await lease.take(last) });
    } catch (error) {
      if (!(error instanceof HolodeckError) || error.code !== "conflict") throw error;
      await delay(20);
    }
  }
}
