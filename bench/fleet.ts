// Routing at 1,000, 100,000 and 1,000,000 agents that are all at work (DESIGN §7): by the decider alone, through the
// runtime and SQLite, and over HTTP, each beside 1,000 agents by turns. Between the rows: cold starts from a snapshot,
// and the longest pause while one is written. `--largest N` stops at fleets of N.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Runtime } from "../src/event/runtime.ts";
import { createFleet } from "../src/fleet/router.ts";
import { MemoryFleet } from "../src/fleet/memory-fleet.ts";
import { startServer } from "../src/server/main.ts";
import { SystemClock } from "../src/session/system-clock.ts";
import type { Store } from "../src/store/port.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { type FleetRuntime, httpDoor, memoryDoor, runtimeDoor } from "./fleet/doors.ts";
import { MOMENT, prepare, putFleet, STREAM } from "./fleet/prepared.ts";
import type { Door, Traffic } from "./fleet/traffic.ts";
import { duration, measure, type Pair, rate, type Row, type Settings, timed } from "./harness.ts";
import { withFolder } from "./machine.ts";

const SIZES = [1_000, 100_000, 1_000_000];
const SMALL = 1_000;

/** A way in, with what it takes: the rate shown is that of decisions. */
interface Way {
  readonly name: string;
  readonly tasks: number;
  readonly callers: number;
}

const ALONE: Way = { name: "decide and evolve alone", tasks: 2_000, callers: 1 };
const DURABLE: Way = { name: "through the runtime and SQLite, 64 at once", tasks: 2_000, callers: 64 };
const HTTP: Way = { name: "over HTTP, 32 connections, SQLite", tasks: 1_000, callers: 32 };

/** One for 1,000 agents, and one for the fleet that is measured beside them. */
type Of<Part> = readonly [Part, Part];

export async function* rows({ largest }: Settings): AsyncGenerator<Row> {
  for (const size of SIZES.filter((count) => count <= largest)) {
    yield* await withFolder(async (folder) => await rowsOf(folder, size));
  }
}

/** All rows of a size. A fleet is in memory once at a time: the decider's, then the runtime's, then the server's. */
async function rowsOf(folder: string, size: number): Promise<readonly Row[]> {
  const [small, large] = [prepared(SMALL), prepared(size)];
  const traffics = [small.traffic, large.traffic] as const;
  const found = [await row(ALONE, size, traffics, [memoryDoor(small.fleet), memoryDoor(large.fleet)])];
  const stores = [
    await stored(join(folder, "small.db"), small.fleet),
    await stored(join(folder, "large.db"), large.fleet),
  ] as const;
  small.fleet = large.fleet = new MemoryFleet();
  const durable = await durableRow(size, traffics, stores);
  const paused = await pauses(size, large.traffic, stores[1]);
  found.push({ ...durable, notes: [...durable.notes, paused] });
  const overHttp = await httpRow(size, traffics, stores);
  if (overHttp !== null) found.push(overHttp);
  for (const store of stores) await store.close();
  return found;
}

function prepared(size: number): { fleet: MemoryFleet; readonly traffic: Traffic } {
  const made = prepare(size);
  say(size, `prepared; ${memory()}, ${shapeOf(made.fleet)}`);
  return made;
}

async function stored(path: string, { state }: MemoryFleet): Promise<Store> {
  const store = await openSqliteStore(path);
  await putFleet(store, state);
  return store;
}

async function durableRow(size: number, traffics: Of<Traffic>, stores: Of<Store>): Promise<Row> {
  const [few, many] = [await coldStart(SMALL, stores[0]), await coldStart(size, stores[1])];
  const doors = [runtimeDoor(few.runtime), runtimeDoor(many.runtime)] as const;
  const { notes, ...found } = await row(DURABLE, size, traffics, doors);
  return { ...found, notes: [...notes, `A cold start with a snapshot took ${many.took}.`] };
}

/** The same traffic through two doors by turns, that of 1,000 agents second. */
async function row(
  way: Way,
  size: number,
  [few, many]: Of<Traffic>,
  [floorDoor, door]: Of<Door>,
): Promise<Row> {
  const pairs = await measure(async (): Promise<Pair> => {
    const ours = await timed(async () => await many.run(door, way.tasks, way.callers));
    const floor = await timed(async () => await few.run(floorDoor, way.tasks, way.callers));
    return { ours, floor };
  });
  const count = size.toLocaleString("en");
  const notes = [
    `A decision's p99: ${duration(many.p99())}; ${memory()} in all. A round completes ${way.tasks} tasks and routes as many, of one to three agents; the floor is ${SMALL.toLocaleString("en")} agents.`,
  ];
  return {
    what: `decisions at ${count} agents, ${way.name}`,
    reach: { time: 3 },
    pairs,
    show: rate(way.tasks),
    notes,
  };
}

/** The fleet as a process that has just begun comes to know it. */
async function coldStart(
  size: number,
  store: Store,
): Promise<{ readonly runtime: FleetRuntime; readonly took: string }> {
  const runtime = new Runtime({ aggregate: createFleet(), log: store, moment: MOMENT });
  const milliseconds = await timed(async () => void (await runtime.refresh(STREAM)));
  const took = `${(milliseconds / 1_000).toFixed(2)} s`;
  say(size, `cold start with a snapshot: ${took}`);
  return { runtime, took };
}

/** The longest that nothing else could run, with a snapshot being written and without. */
async function pauses(size: number, traffic: Traffic, store: Store): Promise<string> {
  const before = await store.snapshot({ stream: STREAM });
  let tasks = 0;
  const pause = async (
    snapshotEvery: number,
    isOver: (done: number) => Promise<boolean>,
  ): Promise<string> => {
    const runtime = new Runtime({ aggregate: createFleet(), log: store, moment: MOMENT, snapshotEvery });
    await runtime.refresh(STREAM);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let done = 0;
    for (; !(await isOver(done)); done += 500) await traffic.run(runtimeDoor(runtime), 500, 8);
    delay.disable();
    traffic.p99();
    tasks = done;
    return `${duration(delay.max / 1e6)} (p99 ${duration(delay.percentile(99) / 1e6)}) over ${done} tasks`;
  };
  const seq = before?.seq ?? 0;
  const isSaved = async (): Promise<boolean> => ((await store.snapshot({ stream: STREAM }))?.seq ?? 0) > seq;
  const during = await pause(1, isSaved);
  // The same work again: what the collector and the tables do of themselves is in both.
  const without = await pause(Number.MAX_SAFE_INTEGER, async (done) => done >= tasks);
  const paused = `The longest pause while a snapshot was written was ${during}; without one, ${without}.`;
  say(size, paused);
  return paused;
}

/** Null where the router's port does not route. */
async function httpRow(size: number, traffics: Of<Traffic>, stores: Of<Store>): Promise<Row | null> {
  const clock = new SystemClock("bench");
  const start = async (store: Store) =>
    await startServer({
      store,
      clock,
      port: 0,
      routerPort: 0,
      version: "bench",
      report: (error) => {
        throw error;
      },
    });
  const servers = [await start(stores[0]), await start(stores[1])] as const;
  try {
    const [small, large] = servers.map(({ routerPort }) => httpDoor(`http://127.0.0.1:${routerPort}`));
    if (small === undefined || large === undefined) return null;
    for (const [door, traffic] of [
      [small, traffics[0]],
      [large, traffics[1]],
    ] as const) {
      const began = performance.now();
      await traffic.run(door, 1, 1);
      say(size, `the server's first answer: ${((performance.now() - began) / 1_000).toFixed(2)} s`);
    }
    return await row(HTTP, size, traffics, [small, large]);
  } catch (error) {
    say(size, `not over HTTP: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  } finally {
    await Promise.all(servers.map(async (server) => await server.close()));
  }
}

function shapeOf({ state }: MemoryFleet): string {
  const { vertices, edges, components } = state.graph.counts();
  const { averageDepth } = state.graph.metrics();
  return `${vertices} vertices, ${edges} edges, ${components} components, depth ${averageDepth.toFixed(1)}`;
}

function memory(): string {
  return `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;
}

function say(size: number, what: string): void {
  process.stderr.write(`${size.toLocaleString("en").padStart(9)} agents: ${what}\n`);
}
