// Rows 1 and 2: durable events a second through sessions as a caller has them, 64 at once and one alone, beside
// bare `node:sqlite` that writes the rows our run wrote, commit by commit as our run committed them.
import { join } from "node:path";
import { SessionManager } from "../../src/local.ts";
import type { Session } from "../../src/session/session.ts";
import type { Store } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { measure, rate, timed, type Row } from "../harness.ts";
import { profile } from "../profile.ts";
import { syncMilliseconds, withFolder } from "../machine.ts";
import { assertSameRows, Floor, Written } from "./floor.ts";

interface Load {
  readonly sessions: number;
  /** Of each session; a task is added, started and completed: three events. */
  readonly tasks: number;
}

/**
 * Rounds of about a second. Garbage is collected before each, so that neither side pays for the other's; V8 then has to
 * grow its young generation anew, which in rounds of a third of that took a tenth of our time and is no part of a rate.
 */
export async function* durableRows(): AsyncGenerator<Row> {
  yield await withFolder((folder) =>
    durableRow(folder, { sessions: 64, tasks: 160 }, "durable events, 64 sessions at once", 0.6),
  );
  yield await withFolder((folder) =>
    durableRow(folder, { sessions: 1, tasks: 1_500 }, "durable events, one session, one at a time", 0.7),
  );
}

/** One store and one manager for all rounds, as a process has them; the floor's database grows beside them. */
async function durableRow(folder: string, load: Load, what: string, speed: number): Promise<Row> {
  const path = join(folder, "ours.db");
  const store = await openSqliteStore(path);
  const commits = countCommits(store);
  const config = { sessionName: "bench", agentId: "oracle1", tags: ["bench"], maxTasks: 1_000_000 };
  const manager = new SessionManager(config, { store });
  using floor = new Floor(join(folder, "floor.db"));
  using written = new Written(path);
  let batches: ReturnType<Written["batches"]> = [];
  const pairs = await measure(async () => {
    const ours = await timed(() => runSessions(manager, load));
    batches = written.batches(commits.splice(0));
    const bare = await timed(() => {
      for (const batch of batches) floor.commit(batch);
    });
    return { ours, floor: bare };
  });
  assertSameRows(path, floor.path);
  const shares = await profile(() => runSessions(manager, load));
  await manager.close();
  const events = batches.flat().length;
  const sync = syncMilliseconds(folder);
  const notes = [
    `${events} events in ${batches.length} commits a round; bare node:sqlite writes the same events, heads and rooms in the same commits.`,
    `Where our time goes: ${shares}.`,
    `One page and its fdatasync take ${(sync * 1_000).toFixed(0)} µs on this disk now: no commit is faster.`,
  ];
  return { what, reach: { speed }, pairs, show: rate(events), notes };
}

async function runSessions(manager: SessionManager, { sessions, tasks }: Load): Promise<void> {
  const started = await Promise.all(Array.from({ length: sessions }, () => manager.startSession()));
  await Promise.all(started.map((session) => work(session, tasks)));
}

async function work(session: Session, tasks: number): Promise<void> {
  for (let count = 0; count < tasks; count++) {
    const task = await session.addTask(`task-${count}`, { query: "what is emergence?", depth: 2 });
    await task.start();
    await task.complete({ result: { found: 5, source: "notes/emergence.md" } });
  }
  await session.endSession("success");
}

/**
 * How many events each commit took: appends that were asked for between two commits share the second. Only numbers are
 * kept and no promise is added, so that ours is charged with nothing that a caller would not do.
 */
function countCommits(store: Store): number[] {
  const counts: number[] = [];
  let isOpen = false;
  const append = store.append.bind(store);
  store.append = (items) => {
    if (!isOpen) counts.push(0);
    isOpen = true;
    const events = items.reduce((count, item) => count + item.events.length, 0);
    counts[counts.length - 1] = (counts.at(-1) ?? 0) + events;
    return append(items);
  };
  // Told of a commit before those who wait for it.
  store.watch(() => (isOpen = false));
  return counts;
}
