// Memory per open idle session (DESIGN §7: at most 4 KiB once evicted): many sessions are opened, used once and left
// idle past the eviction; what the heap has grown by is divided by their number.
import { collectGarbage } from "./harness.ts";
import { SessionManager } from "../src/session/manager.ts";
import type { Session } from "../src/session/session.ts";
import { MemoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/port.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { testManager } from "../src/testing/test-manager.ts";

/** What the design allows an evicted session, in bytes. */
export const IDLE_BYTES_MAX = 4 * 1024;

export interface MemoryRow {
  readonly sessions: number;
  /** Bytes of heap per open session: in use, evicted with nobody holding its handle, and with its handle held. */
  readonly active: number;
  readonly evicted: number;
  readonly held: number;
}

/** Opens so many sessions in a manager of its own; what they are kept in is opened, and counted, before. */
export async function idleMemory(
  sessions = 5_000,
  open: () => Promise<Store> = async () => await Promise.resolve(new MemoryStore()),
): Promise<MemoryRow> {
  const { store, close, ids } = await filledStore(sessions, open);
  const { manager, clock } = openManager(store);
  await manager.list();
  const before = await heapBytes();
  const { active, held } = await whileHeld({ manager, clock, ids, before });
  const evicted = (await heapBytes()) - before;
  await manager.close();
  await close();
  const each = (bytes: number): number => Math.round(bytes / sessions);
  return { sessions, active: each(active), evicted: each(evicted), held: each(held) };
}

interface Held {
  readonly manager: SessionManager;
  readonly clock: TestClock;
  readonly ids: readonly string[];
  readonly before: number;
}

/** A function of its own, so that no register of the caller holds the handles after it. */
async function whileHeld({ manager, clock, ids, before }: Held): Promise<Pick<MemoryRow, "active" | "held">> {
  const handles: Session[] = [];
  for (const id of ids) handles.push(await manager.get(id));
  const active = (await heapBytes()) - before;
  await clock.advance(5 * 60_000);
  const held = (await heapBytes()) - before;
  // What was held is used up to here, so that it cannot have been collected sooner.
  if (handles.some((handle) => handle.status !== "open")) throw new Error("A session ended meanwhile.");
  return { active, held };
}

/** One line for the table. */
export function memoryLine({ sessions, active, evicted, held }: MemoryRow): string {
  const verdict = evicted <= IDLE_BYTES_MAX ? "reached" : "not reached";
  return (
    `memory per open idle session, ${sessions} of them: evicted ${evicted} B, its handle held ${held} B, ` +
    `in use ${active} B; reach ${IDLE_BYTES_MAX} B: ${verdict}`
  );
}

/** Sessions with two tasks each, left open by a manager that is gone. */
async function filledStore(sessions: number, open: () => Promise<Store>): Promise<Filled> {
  const store = await open();
  const close = store.close.bind(store);
  // It outlives the managers that close it.
  store.close = async () => await Promise.resolve();
  const { manager } = openManager(store);
  const ids: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const index = next++;
    if (index >= sessions) return;
    const session = await manager.startSession();
    await session.addTask("first", { n: index });
    await session.addTask("second");
    await session.completeTask("first", "success", { result: { found: index } });
    ids.push(session.sessionId);
    await lane();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await manager.close();
  return { store, close, ids };
}

interface Filled {
  readonly store: Store;
  readonly close: () => Promise<void>;
  readonly ids: readonly string[];
}

const AT_ONCE = 64;

function openManager(store: Store): { readonly manager: SessionManager; readonly clock: TestClock } {
  const openStore = async (): Promise<Store> => await Promise.resolve(store);
  return testManager({ sessionTimeoutSeconds: 86_400 }, { openStore, clock: new TestClock() });
}

async function heapBytes(): Promise<number> {
  // What a weak reference names is kept until the turn it was made or read in is over.
  await settled();
  for (let round = 0; round < 3; round++) collectGarbage();
  return process.memoryUsage().heapUsed;
}

if (import.meta.main) process.stdout.write(`${memoryLine(await idleMemory())}\n`);
