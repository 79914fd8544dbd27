// What the tests of senders play in: managers over one store with virtual time, and real PLATO servers.
import { expect } from "vitest";
import type { SessionConfig } from "../src/session/config.ts";
import { SessionManager } from "../src/session/manager.ts";
import type { ManagerPorts } from "../src/session/ports.ts";
import type { Session } from "../src/session/session.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { SessionMetrics } from "../src/telemetry/metrics.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { countingIds, fixedRouter, testProcesses } from "../src/testing/test-manager.ts";
import { TestPlato, type TestPlatoOptions } from "../src/testing/test-plato.ts";
import { Outbox } from "../src/tile/outbox.ts";
import { PlatoSink } from "../src/tile/plato-sink.ts";
import type { TileSink } from "../src/tile/sink.ts";
import { waitingSessions, type WaitingSession } from "../src/tile/waiting.ts";

const closing: (() => Promise<void>)[] = [];

/** After each test: what was opened last is closed first. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}

export interface World {
  readonly manager: SessionManager;
  readonly clock: TestClock;
  readonly store: MemoryStore;
  readonly metrics: SessionMetrics;
  readonly ports: Shared;
  readonly close: () => Promise<void>;
}

export interface Shared {
  readonly store: KeptOpen;
  readonly clock?: TestClock;
  readonly random?: ManagerPorts["random"];
  readonly sinkFor?: (url: string) => TileSink;
  readonly deliver?: boolean;
  readonly webhooks?: NonNullable<ManagerPorts["webhooks"]>;
  readonly router?: NonNullable<ManagerPorts["router"]>;
  /** Default: nothing may be reported. */
  readonly report?: ManagerPorts["report"];
}

/** A store that several managers share, as processes share a file. */
export class KeptOpen extends MemoryStore {
  override async close(): Promise<void> {
    await Promise.resolve();
  }
}

export function world(config: Partial<SessionConfig>, shared: Shared = { store: new KeptOpen() }): World {
  const { store, clock = new TestClock(), random = countingIds() } = shared;
  const { sinkFor = (url: string): TileSink => new PlatoSink({ url, clock }), deliver } = shared;
  const metrics = new SessionMetrics();
  const manager = new SessionManager(
    { sessionName: "s", agentId: "oracle1", ...config },
    {
      openStore: async () => await Promise.resolve(store),
      clock,
      random,
      processes: testProcesses(),
      router: shared.router ?? fixedRouter(),
      metrics,
      tiles: { sinkFor, random: () => 0.5, ...(deliver !== undefined && { deliver }) },
      ...(shared.webhooks !== undefined && { webhooks: shared.webhooks }),
      report: shared.report ?? ((problem) => expect.unreachable(problem.message)),
    },
  );
  const close = async (): Promise<void> => await manager.close();
  closing.push(async () => {
    const closed = close();
    await clock.advance(5_000);
    await closed;
  });
  return { manager, clock, store, metrics, ports: { ...shared, clock, random }, close };
}

/** To be closed after the test. */
export function closesAfterTest(close: () => Promise<void>): void {
  closing.push(close);
}

export async function server(options?: TestPlatoOptions): Promise<TestPlato> {
  const plato = await new TestPlato(options).start();
  closing.push(async () => await plato.stop());
  return plato;
}

/** A session of so many tasks: 2 tiles and 2 for each task. */
export async function playSession(manager: SessionManager, tasks: number): Promise<Session> {
  const session = await manager.startSession();
  for (let index = 0; index < tasks; index++) {
    await session.addTask(`t${index}`);
    await session.completeTask(`t${index}`, "success", { durationMs: 1 });
  }
  await session.endSession("success");
  return session;
}

export async function waiting(store: MemoryStore): Promise<readonly WaitingSession[]> {
  const found: WaitingSession[] = [];
  for await (const one of waitingSessions(store)) found.push(one);
  return found;
}

export async function retryParked(store: MemoryStore, clock: TestClock): Promise<void> {
  const moment = () => ({ now: clock.now(), boot: clock.boot() });
  const outbox = new Outbox({
    store,
    clock,
    moment,
    random: () => 0,
    owner: "cli",
    sinkFor: unreachable,
    onError: unreachable,
  });
  expect(await outbox.retryParked()).toBe(1);
}

export async function expectInOrder(plato: TestPlato, session: Session): Promise<void> {
  const own = plato.tiles.filter(
    ({ tile }) => (tile.answer as { session_id?: string }).session_id === session.sessionId,
  );
  expect(own.map(({ tile }) => tile.question)).toEqual(
    (await session.tiles()).map(({ question }) => question),
  );
}

/** Lets the sockets work until it holds; with a clock, lets time pass meanwhile. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  clock: TestClock | null = null,
): Promise<void> {
  while (!(await holds())) {
    await settled();
    if (clock !== null) await clock.advance(200);
  }
}

function unreachable(): never {
  return expect.unreachable("it only asks");
}
