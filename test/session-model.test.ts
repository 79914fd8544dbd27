// Sessions on all stores beside each other: random streams of commands, given by two processes in turn, must come to
// the same answers, states, heads, lists, room pages and search hits. HOLODECK_LONG=1 runs ten thousand streams.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HolodeckError } from "../src/event/error.ts";
import type { StoredEvent } from "../src/event/log.ts";
import type { Json } from "../src/event/json.ts";
import { SessionManager } from "../src/session/manager.ts";
import type { Session } from "../src/session/session.ts";
import { taskSnapshot } from "../src/session/snapshots.ts";
import { streamOf } from "../src/session/stream.ts";
import type { Page, PageRequest, Store } from "../src/store/port.ts";
import { SessionMetrics } from "../src/telemetry/metrics.ts";
import { allPages } from "../src/testing/store-case.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { countingIds, fixedRouter, testProcesses } from "../src/testing/test-manager.ts";
import { AllStores } from "./servers/all-stores.ts";

const IS_LONG = process.env["HOLODECK_LONG"] === "1";
const RUNS_MAX = IS_LONG ? 10_000 : 500;
/** The normal run makes as many as it has time for; less than some is no test. */
const TIME_MS = IS_LONG ? Number.POSITIVE_INFINITY : 10_000;
const RUNS_MIN = 5;
const TIMEOUT_MS = IS_LONG ? RUNS_MAX * 1_000 : 120_000;

let all: AllStores;
let runs = 0;

beforeAll(async () => {
  all = await AllStores.open();
});
afterAll(async () => await all.close());

/** Larger than an event may be. */
const LARGE = "x".repeat(70_000);

const task = fc.oneof(
  { weight: 3, arbitrary: fc.constant("t0") },
  { weight: 2, arbitrary: fc.constantFrom("t1", "t2", "é😀") },
);
const word = fc.nat(2);
const anyOutcome = fc.constantFrom("success" as const, "failed" as const, "cancelled" as const);
const key = fc.option(fc.constantFrom("k0", "k1"), { nil: undefined });
const seconds = fc.constantFrom(2, 30);

const anyAct = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant("add" as const),
      task,
      word,
      key,
      timeout: fc.option(seconds, { nil: undefined }),
      retries: fc.nat(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("start" as const), task, key }) },
  fc.record({ act: fc.constant("beat" as const), task, word }),
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("complete" as const),
      task,
      outcome: anyOutcome,
      word,
      key,
      isLarge: fc.boolean(),
    }),
  },
  fc.record({
    act: fc.constant("race" as const),
    task,
    outcomes: fc.array(anyOutcome, { minLength: 2, maxLength: 3 }),
  }),
  fc.record({ act: fc.constant("cancel" as const), task }),
  fc.record({ act: fc.constant("resume" as const) }),
  fc.record({ act: fc.constant("rehydrate" as const) }),
  fc.record({ act: fc.constant("past" as const), seq: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ act: fc.constant("fork" as const), seq: fc.integer({ min: 0, max: 8 }), key }),
  fc.record({ act: fc.constant("end" as const), outcome: anyOutcome }),
);
type Act = typeof anyAct extends fc.Arbitrary<infer Value> ? Value : never;

/** By which process, on which of the sessions there are; time passes before it. */
const command = fc.record({
  by: fc.nat(1),
  session: fc.nat(3),
  pass: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, 3, 40) },
  ),
  act: anyAct,
});
const start = fc.record({ room: fc.nat(1), tag: fc.nat(1), timeout: fc.constantFrom(20, 3_600) });
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
type Start = typeof start extends fc.Arbitrary<infer Value> ? Value : never;

test(
  "every store brings sessions to the same answers, states, heads, lists, pages and hits",
  async () => {
    const until = performance.now() + TIME_MS;
    await fc.assert(
      fc.asyncProperty(
        fc.array(start, { minLength: 1, maxLength: 3 }),
        fc.array(command, { minLength: 6, maxLength: 16 }),
        fc.integer({ min: 1, max: 4 }),
        async (starts, commands, limit) => {
          if (performance.now() > until) return;
          const run = ++runs;
          const worlds = await Promise.all(
            all.stores.map(async (store) => {
              const world = new World(store, run);
              return { name: store.name, ...(await world.play(starts, commands, limit)) };
            }),
          );
          const [model, ...rest] = worlds;
          for (const { name, ...other } of rest) expect({ name, ...other }).toEqual({ ...model, name });
          for (const [state, ...others] of model?.sessions ?? []) {
            for (const other of others) expect(other).toEqual(state);
          }
        },
      ),
      { numRuns: RUNS_MAX },
    );
    expect(runs).toBeGreaterThanOrEqual(RUNS_MIN);
  },
  TIMEOUT_MS,
);

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Time passes when it is told to; who sleeps is woken by what happens alone, so that every store sees the same times. */
class SteppedClock extends TestClock {
  override async sleep(_: number, signal?: AbortSignal): Promise<void> {
    await super.sleep(Number.POSITIVE_INFINITY, signal);
  }
}

/** Two processes over one store; each run has names and a time of its own, so that all may share the stores. */
class World {
  readonly #store: Store;
  readonly #run: number;
  readonly #clock: SteppedClock;
  readonly #managers: readonly SessionManager[];
  readonly #ids: string[] = [];

  constructor(store: Store, run: number) {
    this.#store = store;
    this.#run = run;
    // Before all runs before, so that none of theirs is due; on another boot, so that nobody's clock was set.
    const now = Date.UTC(2026, 0, 1) - run * DAY_MS;
    this.#clock = new SteppedClock({ now, bootId: `boot ${run}` });
    const random = countingIds();
    this.#managers = [1, 2].map((pid) => this.#manager(pid, random));
  }

  #manager(pid: number, random: ReturnType<typeof countingIds>): SessionManager {
    return new SessionManager(
      { sessionName: `run ${this.#run}`, agentId: `agent ${this.#run}`, maxTasks: 3 },
      {
        openStore: async () => await Promise.resolve(this.#store),
        leavesStoreOpen: true,
        clock: this.#clock,
        random,
        processes: testProcesses(pid),
        router: fixedRouter(),
        metrics: new SessionMetrics(),
        report: (problem) => expect.unreachable(problem.message),
      },
    );
  }

  async play(starts: readonly Start[], commands: readonly Command[], limit: number) {
    const answers: Json[] = [];
    for (const [index, one] of starts.entries()) await this.#start(index % 2, one);
    for (const { by, session, pass, act: what } of commands) {
      if (pass > 0) await this.#pass(pass * 1_000);
      const id = this.#ids[session % this.#ids.length] ?? "";
      answers.push(await codeOrValue(async () => await this.#do(this.#by(by), id, what)));
    }
    await this.#pass(1_000);
    const seen = { answers, ...(await this.#look(limit)) };
    await this.#endAll();
    await Promise.all(this.#managers.map(async (manager) => await manager.close()));
    return seen;
  }

  #by(index: number): SessionManager {
    const manager = this.#managers[index];
    if (manager === undefined) throw new RangeError(`There is no process ${index}.`);
    return manager;
  }

  async #start(by: number, { room, tag, timeout }: Start): Promise<void> {
    const config = {
      sessionName: `run ${this.#run} ${tag}`,
      agentId: `agent ${this.#run}`,
      maxTasks: 3,
      tags: [this.#tag(tag)],
      metadata: { tag },
      scoutRoom: this.#room(room),
      sessionTimeoutSeconds: timeout,
    };
    const session = await this.#by(by).startSession({ config });
    this.#ids.push(session.sessionId);
    await session.addTask("t0", { text: this.#word(tag) }, { retries: { max: 1 } });
  }

  /** What is due by then happens before anything else does. */
  async #pass(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    for (const id of this.#ids) await (await this.#by(0).get(id)).persist();
  }

  async #do(manager: SessionManager, id: string, what: Act): Promise<Json> {
    if (what.act === "resume") return (await manager.resume(id)).describe();
    const session = await manager.get(id);
    switch (what.act) {
      case "rehydrate":
        await session.persist();
        return (await manager.rehydrate(await session.persist())).describe();
      case "past":
        return (await session.at(what.seq)).describe();
      case "fork": {
        const options = what.key === undefined ? {} : { idempotencyKey: what.key };
        const fork = await session.fork(what.seq, options);
        if (!this.#ids.includes(fork.sessionId)) this.#ids.push(fork.sessionId);
        return fork.describe();
      }
      case "end":
        return await session.endSession(what.outcome);
      case "race":
        return await Promise.all(
          what.outcomes.map(
            async (one) =>
              await codeOrValue(async () => (await session.completeTask(what.task, one)).outcome),
          ),
        );
      default:
        return await this.#doTask(session, what);
    }
  }

  async #doTask(session: Session, what: TaskAct): Promise<Json> {
    const idempotencyKey = "key" in what && what.key !== undefined ? { idempotencyKey: what.key } : {};
    switch (what.act) {
      case "add": {
        const timeout = what.timeout === undefined ? {} : { timeoutSeconds: what.timeout };
        const options = { retries: { max: what.retries }, ...timeout, ...idempotencyKey };
        return (await session.addTask(what.task, { text: this.#word(what.word) }, options)).status;
      }
      case "start":
        return (await session.startTask(what.task, idempotencyKey)).attempts;
      case "beat":
        return (await session.heartbeat(what.task, { note: this.#word(what.word) })).heartbeatAt;
      case "complete": {
        const result = { said: this.#word(what.word), large: what.isLarge ? LARGE : "" };
        return (await session.completeTask(what.task, what.outcome, { result, ...idempotencyKey })).outcome;
      }
      case "cancel":
        // A handle hears of what others do a moment later: here it is asked what it knows of the task.
        await session.persist();
        return (await session.getTask(what.task)?.cancel("no"))?.outcome ?? null;
    }
  }

  async #look(limit: number) {
    const hashes = async (list: (page: PageRequest) => Promise<Page<StoredEvent>>) =>
      (await allPages(limit, list)).items.map(({ hash }) => hash);
    const store = this.#store;
    const list = async (filter: object) => (await this.#by(1).list({ limit: 100, ...filter })).sessions;
    return {
      sessions: await Promise.all(this.#ids.map(async (id) => await this.#lookAt(id))),
      heads: await Promise.all(this.#ids.map(async (id) => await store.head({ stream: streamOf(id) }))),
      lists: [
        await list({ agentId: `agent ${this.#run}` }),
        await list({ tag: this.#tag(0), status: "open" }),
        await list({ tag: this.#tag(1), status: "timeout" }),
        await list({ sessionIds: this.#ids }),
      ],
      rooms: await Promise.all(
        [0, 1].map(
          async (room) => await hashes(async (page) => await store.room({ name: this.#room(room), page })),
        ),
      ),
      hits: await Promise.all(
        [0, 1, 2].map(
          async (index) =>
            await hashes(async (page) => await store.search({ text: this.#word(index), page })),
        ),
      ),
    };
  }

  /** As both processes have it, and as the events and blobs tell it to one that comes new. */
  async #lookAt(id: string) {
    const fresh = this.#manager(3, countingIds());
    const states = [];
    for (const manager of [...this.#managers, fresh]) {
      const session = await manager.get(id);
      await session.persist();
      const tasks = await Promise.all(
        session.tasks.map(async (one) => ({ ...taskSnapshot(one), result: await one.readResult() })),
      );
      states.push({ session: session.describe(), tasks, tiles: await session.tiles() });
    }
    await fresh.close();
    return states;
  }

  async #endAll(): Promise<void> {
    for (const id of this.#ids) await (await this.#by(0).get(id)).endSession();
  }

  #room(index: number): string {
    return `run-${this.#run}/room-${index}`;
  }
  #tag(index: number): string {
    return `tag ${this.#run} ${index}`;
  }
  #word(index: number): string {
    return `w${this.#run}x${index}`;
  }
}

type TaskAct = Extract<Act, { readonly act: "add" | "start" | "beat" | "complete" | "cancel" }>;

async function codeOrValue(ask: () => Promise<Json>): Promise<Json> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HolodeckError) return error.code;
    throw error;
  }
}
