// Ten-task sessions finished a second, 64 at once, beside durable-execution libraries on the same server: with the
// tasks at once, and one after the other.
import { SessionManager } from "../../src/local.ts";
import type { Session } from "../../src/session/session.ts";
import { openStore } from "../../src/store/open.ts";
import { measure, rate, timed, type Pair, type Row } from "../harness.ts";
import { profile } from "../profile.ts";
import { PostgresServer } from "../../test/servers/postgres.ts";
import { RedisServer } from "../../test/servers/redis.ts";
import { atOnce, bullFlow, bullSteps, dbos, INPUT, TASKS, work, type Peer } from "./peers.ts";

const SESSIONS = 384;
/** Fewer of theirs, which take longer: what counts is the rate. */
const THEIRS = 128;
const LEAD = 5;

type Shape = (session: Session) => Promise<void>;

/** Each task is added, started, worked on and completed; so many durable changes. */
const together: Shape = async (session) => {
  const tasks = taskNames().map(async (task) => {
    await session.addTask(task, INPUT);
    await session.run(task, work);
  });
  await Promise.all(tasks);
};

/** A task starts when the one before it has durably ended. */
const inTurn: Shape = async (session) => {
  await Promise.all(taskNames().map(async (task) => await session.addTask(task, INPUT)));
  for (const task of taskNames()) await session.run(task, work);
};

export async function* postgresSessions(server: PostgresServer): AsyncGenerator<Row> {
  const peers = await dbos(server);
  if (peers === null) return tellMissing("@dbos-inc/dbos-sdk");
  const note =
    "DBOS runs a workflow of ten steps and records its start, each step's result and its end; a session records when " +
    "each task was added, started and completed, a head and a room's tiles.";
  const compare = { address: server.newStore(), name: "PostgreSQL", note };
  const at = "ten-task sessions, PostgreSQL, the tasks at once beside DBOS, the steps at once";
  yield await sessionRow({ ...compare, what: at, shape: together, peer: peers.atOnce });
  const after = "the same, one task after the other beside DBOS, one step after the other";
  yield await sessionRow({ ...compare, what: after, shape: inTurn, peer: peers.steps });
  await peers.steps.close();
}

export async function* redisSessions(server: RedisServer): AsyncGenerator<Row> {
  const flow = await bullFlow(server);
  const steps = await bullSteps(server);
  if (flow === null || steps === null) return tellMissing("bullmq");
  const compare = { address: server.newStore(), name: "Redis" };
  yield await sessionRow({
    ...compare,
    what: "ten-task sessions, Redis, the tasks at once beside BullMQ, a flow of ten jobs",
    shape: together,
    peer: flow,
    note: "A flow is ten jobs, each added, taken and completed with its result, and the job they belong to.",
  });
  yield await sessionRow({
    ...compare,
    what: "the same, one task after the other beside BullMQ, one job of ten steps",
    shape: inTurn,
    peer: steps,
    note:
      "The job writes its data anew after each step, as BullMQ's manual has it: eleven small writes of one hash, " +
      "no history, and nothing that keeps a second worker from overwriting them.",
  });
  await flow.close();
  await steps.close();
}

interface Compared {
  readonly address: string;
  readonly name: string;
  readonly what: string;
  readonly shape: Shape;
  readonly peer: Peer;
  readonly note: string;
}

async function sessionRow({ address, name, what, shape, peer, note }: Compared): Promise<Row> {
  const store = await openStore(address);
  const counted = { appends: 0, events: 0 };
  const append = store.append.bind(store);
  store.append = async (items) => {
    counted.appends += items.length;
    for (const { events } of items) counted.events += events.length;
    return await append(items);
  };
  const manager = new SessionManager({ sessionName: "bench", agentId: "oracle1" }, { store });
  const run = async (): Promise<void> => {
    await atOnce(SESSIONS, async () => {
      const session = await manager.startSession();
      await shape(session);
      await session.endSession("success");
    });
  };
  const pairs = await measure(async (): Promise<Pair> => {
    const ours = await timed(run);
    const theirs = await timed(async () => await peer.run(THEIRS));
    return { ours, floor: (theirs / THEIRS) * SESSIONS };
  });
  const before = { ...counted };
  const processor = process.cpuUsage();
  const milliseconds = await timed(run);
  const { user, system } = process.cpuUsage(processor);
  const busy = Math.round(((user + system) / 1_000 / milliseconds) * 100);
  const shares = await profile(run);
  await manager.close();
  const each = (count: number): number => Math.round(count / SESSIONS);
  const notes = [
    note,
    `A session is ${each(counted.events - before.events) / 2} events in ${each(counted.appends - before.appends) / 2} appends. ` +
      `This process is busy for ${busy} % of the time and waits for ${name} and its disk for the rest; where its own time goes: ${shares}.`,
  ];
  return { what, reach: { lead: LEAD }, pairs, show: rate(SESSIONS), notes };
}

function taskNames(): readonly string[] {
  return Array.from({ length: TASKS }, (_, index) => `task-${index}`);
}

function tellMissing(name: string): void {
  process.stderr.write(`${name} is not installed, and its rows are left out: npm install --prefix bench\n`);
}
