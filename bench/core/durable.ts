// Rows 1 and 2: durable events a second through sessions as a caller has them, 64 at once and one alone, beside
// bare `node:sqlite` that writes the rows our run wrote, commit by commit as our run committed them.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { SessionManager } from "../../src/local.ts";
import type { Session } from "../../src/session/session.ts";
import type { Store } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { measure, rate, timed, type Pair, type Row } from "../harness.ts";
import { syncMilliseconds, withFolder } from "../machine.ts";
import { assertSameRows, batchesOf, Floor } from "./floor.ts";

interface Load {
  readonly sessions: number;
  /** Of each session; a task is added, started and completed: three events. */
  readonly tasks: number;
}

export async function* durableRows(): AsyncGenerator<Row> {
  yield await withFolder((folder) =>
    durableRow(folder, { sessions: 64, tasks: 40 }, "durable events, 64 sessions at once", 0.6),
  );
  yield await withFolder((folder) =>
    durableRow(folder, { sessions: 1, tasks: 500 }, "durable events, one session, one at a time", 0.7),
  );
}

async function durableRow(folder: string, load: Load, what: string, speed: number): Promise<Row> {
  let events = 0;
  let commits = 0;
  const pairs = await measure(async () => {
    const ours = await runSessions(folder, load);
    const floor = await runFloor(folder, ours);
    events = ours.commits.reduce((sum, count) => sum + count, 0);
    commits = ours.commits.length;
    return { ours: ours.milliseconds, floor } satisfies Pair;
  });
  const sync = syncMilliseconds(folder);
  const notes = [
    `${events} events in ${commits} commits; bare node:sqlite writes the same events, heads and rooms in the same commits.`,
    `One page and its fdatasync take ${(sync * 1_000).toFixed(0)} µs on this disk now: no commit is faster.`,
  ];
  return { what, reach: { speed }, pairs, show: rate(events), notes };
}

interface Ran {
  readonly path: string;
  readonly milliseconds: number;
  /** How many events each commit took. */
  readonly commits: readonly number[];
}

async function runSessions(folder: string, { sessions, tasks }: Load): Promise<Ran> {
  const path = join(folder, `${randomUUID()}.db`);
  const store = await openSqliteStore(path);
  const commits = countCommits(store);
  const config = { sessionName: "bench", agentId: "oracle1", tags: ["bench"], maxTasks: 1_000_000 };
  await using manager = new SessionManager(config, { store });
  const milliseconds = await timed(async () => {
    const started = await Promise.all(Array.from({ length: sessions }, () => manager.startSession()));
    await Promise.all(started.map((session) => work(session, tasks)));
  });
  return { path, milliseconds, commits };
}

async function work(session: Session, tasks: number): Promise<void> {
  for (let count = 0; count < tasks; count++) {
    const task = await session.addTask(`task-${count}`, { query: "what is emergence?", depth: 2 });
    await task.start();
    await task.complete({ result: { found: 5, source: "notes/emergence.md" } });
  }
  await session.endSession("success");
}

async function runFloor(folder: string, { path, commits }: Ran): Promise<number> {
  const batches = batchesOf(path, commits);
  using floor = new Floor(folder);
  const milliseconds = await timed(() => {
    for (const batch of batches) floor.commit(batch);
  });
  assertSameRows(path, floor.path);
  return milliseconds;
}

/**
 * How many events each commit took: appends that were asked for between two commits share the second, and the first
 * answer of one ends it. Only numbers are kept, so that the garbage collector is spared what a caller would not keep.
 */
function countCommits(store: Store): readonly number[] {
  const counts: number[] = [];
  let isOpen = false;
  const append = store.append.bind(store);
  store.append = (items) => {
    if (!isOpen) counts.push(0);
    isOpen = true;
    const index = counts.length - 1;
    counts[index] = items.reduce((count, item) => count + item.events.length, counts[index] ?? 0);
    const appended = append(items);
    const close = (): void => {
      if (counts.length - 1 === index) isOpen = false;
    };
    appended.then(close, close);
    return appended;
  };
  return counts;
}
