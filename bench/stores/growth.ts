// What must not grow: the time of a list page with the number of sessions, that of reading a session beyond reading its
// rows, and the memory of a session that nobody uses.
import { Batch } from "../../src/event/batch.ts";
import { Runtime } from "../../src/event/runtime.ts";
import { sessionAggregate } from "../../src/session/aggregate.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/port.ts";
import { testItem, testStream } from "../../src/testing/events.ts";
import { newPosition, sessionCommands, STREAM } from "../core/commands.ts";
import { duration, measure, timed, type Row } from "../harness.ts";
import { idleMemory, IDLE_BYTES_MAX } from "../memory.ts";
import type { Place } from "./places.ts";

const PAGE = 100;
const FEW = 1_000;
const EVENTS = 10_000;
const IDLE_SESSIONS = 2_000;

/** Nothing is due. */
const moment = () => ({ now: 0, boot: { id: "boot", offsetMs: 0 } });

/** So that a reading of a millisecond is not one of chance. */
const REPEATS = 20;

/** A page of the newest, one of those of a status, and one further on. */
export async function pageRow(place: Place, many: number): Promise<Row> {
  const [few, large] = [await filled(place, FEW), await filled(place, many)];
  const pairs = await measure(async () => ({ ours: await pagesTime(large), floor: await pagesTime(few) }));
  await few.close();
  await large.close();
  const count = many.toLocaleString("en");
  const what = `${place.name}: pages of ${PAGE} among ${count} sessions, beside ${FEW.toLocaleString("en")}`;
  const notes = ["The newest, the newest of a status, and the page after the newest, together."];
  return { what, reach: { time: 2 }, pairs, show: duration, notes };
}

/** Sessions of one event each, written as any other event is. */
async function filled(place: Place, count: number): Promise<Store> {
  const store = await openStore(place.newStore());
  for (let from = 0; from < count; from += 256) {
    const items = Array.from({ length: Math.min(256, count - from) }, (_, index) => {
      const createdAt = from + index;
      const status = createdAt % 10 === 0 ? "open" : "ended";
      return testItem({
        stream: testStream(`s${createdAt}`),
        head: { kind: "session", status, createdAt, labels: ["bench"] },
      });
    });
    await store.append(items);
  }
  return store;
}

async function pagesTime(store: Store): Promise<number> {
  const whole = await timed(async () => {
    for (let count = 0; count < REPEATS; count++) {
      const { items, next } = await store.heads({ filter: { kind: "session" }, page: { limit: PAGE } });
      const open = await store.heads({ filter: { kind: "session", status: "open" }, page: { limit: PAGE } });
      const page = { limit: PAGE, after: next ?? "" };
      const further = await store.heads({ filter: { kind: "session" }, page });
      if ([items, open.items, further.items].some((one) => one.length !== PAGE))
        throw new Error("A page is short.");
    }
  });
  return whole / REPEATS;
}

export async function rehydrateRow(place: Place): Promise<Row> {
  const address = place.newStore();
  const store = await openStore(address);
  const position = newPosition();
  const commands = sessionCommands(Math.ceil(EVENTS / 3)).slice(0, EVENTS);
  for (let from = 0; from < commands.length; from += 1_000) {
    const batch = new Batch(sessionAggregate, STREAM, position);
    for (const command of commands.slice(from, from + 1_000)) batch.decide(command, []);
    const item = batch.item();
    if (item !== null) await store.append([item]);
  }
  const bare = await place.bareReader(address, STREAM);
  const pairs = await measure(async () => {
    const ours = await timed(async () => {
      const runtime = new Runtime({ aggregate: sessionAggregate, log: store, moment });
      await runtime.refresh(STREAM);
      if (runtime.seq(STREAM) !== EVENTS) throw new Error("Events are missing.");
    });
    const floor = await timed(async () => {
      if ((await bare.read()) !== EVENTS) throw new Error("Rows are missing.");
    });
    return { ours, floor };
  });
  await bare.close();
  await store.close();
  const what = `${place.name}: rehydrate ${EVENTS.toLocaleString("en")} events, beside: read and parse their rows`;
  const notes = ["The floor reads the same rows in one statement by the bare driver and parses each."];
  return { what, reach: { time: 2 }, pairs, show: duration, notes };
}

export async function idleRow(name: string, open: () => Promise<Store>): Promise<Row> {
  const { evicted, held, active } = await idleMemory(IDLE_SESSIONS, open);
  return {
    what: `${name}: memory of an open idle session, beside what it may be`,
    reach: { time: 1 },
    pairs: [{ ours: evicted, floor: IDLE_BYTES_MAX }],
    show: (bytes) => `${Math.round(bytes).toLocaleString("en")} B`,
    notes: [`Of ${IDLE_SESSIONS.toLocaleString("en")}. With its handle held ${held} B, in use ${active} B.`],
  };
}
