// Row 5: a session read back from its events, beside reading and parsing its rows alone; and from its snapshot,
// whatever the length of what lies before it.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Batch } from "../../src/event/batch.ts";
import { Runtime } from "../../src/event/runtime.ts";
import type { EventLog } from "../../src/event/log.ts";
import { sessionAggregate } from "../../src/session/aggregate.ts";
import type { SessionCommand } from "../../src/session/commands.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { duration, measure, median, timed, type Row } from "../harness.ts";
import { withFolder } from "../machine.ts";
import {
  addCommand,
  attemptCommands,
  newPosition,
  sessionCommands,
  startCommand,
  STREAM,
} from "./commands.ts";

const EVENTS = 10_000;
const LENGTHS = [1_000, 10_000, 100_000] as const;

/** Nothing is due. */
const moment = () => ({ now: 0, boot: { id: "boot", offsetMs: 0 } });

/** So that a reading of microseconds is not one of chance. */
const REPEATS = 20;

export async function* rehydrateRows(): AsyncGenerator<Row> {
  yield await withFolder(fromEvents);
  yield await withFolder(fromSnapshot);
}

async function fromEvents(folder: string): Promise<Row> {
  const path = await write(folder, sessionCommands(Math.ceil(EVENTS / 3)).slice(0, EVENTS), false);
  await using store = await opened(path);
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT bytes FROM events WHERE stream = ? AND seq > ? ORDER BY seq");
  const pairs = await measure(async () => {
    const ours = await timed(async () => {
      if ((await seqRead(store.log)) !== EVENTS) throw new Error("Events are missing.");
    });
    const floor = await timed(() => {
      const parsed = rows
        .all(STREAM, 0)
        .map(({ bytes }) => JSON.parse(Buffer.from(bytes as Uint8Array).toString()) as unknown);
      if (parsed.length !== EVENTS) throw new Error("Rows are missing.");
    });
    return { ours, floor };
  });
  const what = `rehydrate ${EVENTS.toLocaleString("en")} events`;
  const notes = ["The floor reads the bytes of the same rows in one statement and parses each."];
  return { what, reach: { time: 2 }, pairs, show: duration, notes };
}

async function fromSnapshot(folder: string): Promise<Row> {
  const stores: Opened[] = [];
  for (const length of LENGTHS) {
    const commands = [startCommand(), addCommand("task"), ...attemptCommands("task", length / 2 - 1)];
    stores.push(await opened(await write(folder, commands, true)));
  }
  const times = LENGTHS.map((): number[] => []);
  const pairs = await measure(async () => {
    const round: number[] = [];
    for (const { log } of stores) {
      const time = await timed(async () => {
        for (let count = 0; count < REPEATS; count++) await seqRead(log);
      });
      round.push(time / REPEATS);
    }
    for (const [index, time] of round.entries()) times[index]?.push(time);
    return { ours: round.at(-1) ?? Number.NaN, floor: round[0] ?? Number.NaN };
  });
  for (const store of stores) await store[Symbol.asyncDispose]();
  const read = LENGTHS.map((length, index) => {
    return `${length.toLocaleString("en")} events ${duration(median(times[index] ?? []))}`;
  });
  const notes = [
    "Ours is the longest session, the floor the shortest; the state is the same, one task tried again and again.",
    `${read.join(", ")}.`,
  ];
  return {
    what: "the same with a snapshot, 100 × the length",
    reach: { time: 1.25 },
    pairs,
    show: duration,
    notes,
  };
}

/** Writes a session and, at its end, its snapshot. */
async function write(
  folder: string,
  commands: readonly SessionCommand[],
  hasSnapshot: boolean,
): Promise<string> {
  const path = join(folder, `${randomUUID()}.db`);
  await using store = await opened(path);
  const position = newPosition();
  for (let from = 0; from < commands.length; from += 1_000) {
    const batch = new Batch(sessionAggregate, STREAM, position);
    for (const command of commands.slice(from, from + 1_000)) batch.decide(command, []);
    const item = batch.item();
    if (item !== null) await store.log.append([item]);
  }
  const { seq, hash, at, state } = position;
  if (!hasSnapshot || hash === null) return path;
  const { snapshot } = sessionAggregate;
  await store.log.saveSnapshot({
    stream: STREAM,
    snapshot: { seq, hash, at, version: snapshot.version, state: snapshot.save(state) },
  });
  return path;
}

/** The seq a process comes to that reads the session for the first time. */
async function seqRead(log: EventLog): Promise<number> {
  const runtime = new Runtime({
    aggregate: sessionAggregate,
    log,
    moment,
    snapshotEvery: Number.POSITIVE_INFINITY,
  });
  await runtime.refresh(STREAM);
  return runtime.seq(STREAM);
}

interface Opened extends AsyncDisposable {
  readonly log: EventLog;
}

async function opened(path: string): Promise<Opened> {
  const store = await openSqliteStore(path);
  return { log: store, [Symbol.asyncDispose]: async () => await store.close() };
}
