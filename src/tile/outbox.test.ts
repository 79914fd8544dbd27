// Tiles on their way to real servers that are away, hang, refuse and lie; time is virtual. What counts is the effect
// at the server: each tile once, in the order of its stream.
import { afterEach, expect, test } from "vitest";
import {
  closeAll,
  expectInOrder,
  KeptOpen,
  playSession,
  retryParked,
  server,
  until,
  waiting,
  world,
} from "../../test/outbox-world.ts";
import type { HolodeckError } from "../event/error.ts";
import type { AppendItem, AppendResult, TailPage } from "../event/log.ts";
import { streamOf } from "../session/stream.ts";
import type { LeaseRequest, Store } from "../store/port.ts";
import { settled } from "../testing/test-clock.ts";
import { LANE_STREAMS_MAX } from "./lane.ts";
import type { Submission, TileSink } from "./sink.ts";
import { tileOf } from "./tile.ts";

afterEach(closeAll);

test("tiles arrive in order, each once, under their events' hashes", async () => {
  const plato = await server();
  const { manager, store } = world({ platoUrl: plato.url });
  const session = await playSession(manager, 3);
  await until(() => plato.tiles.length === 8);
  expect(plato.tiles.map(({ tile }) => tile)).toEqual(JSON.parse(JSON.stringify(await session.tiles())));
  const events = await store.read({ stream: streamOf(session.sessionId) });
  const told = events.filter(({ event }) => tileOf(event) !== null);
  expect(plato.submissions).toEqual(told.map(({ hash }) => hash));
  expect(plato.statusRequests).toBe(1);
});

test("a server that is away for an hour costs nothing but time", async () => {
  const plato = await server();
  const { manager, clock, store, metrics } = world({ platoUrl: plato.url });
  await plato.stop();
  const session = await playSession(manager, 3);
  expect(session.outcome).toBe("success");
  for (let minute = 0; minute < 60; minute++) await clock.advance(60_000);
  expect(plato.submissions).toEqual([]);
  expect(await metrics.text()).toContain("\nholodeck_tiles_pending 8\n");
  await plato.start();
  await until(() => plato.tiles.length === 8, clock);
  await until(async () => (await waiting(store)).length === 0, clock);
  expect(plato.questions).toEqual((await session.tiles()).map(({ question }) => question));
  expect(await metrics.text()).toMatch(/holodeck_tiles_pending 0\n[^]*holodeck_tiles_sent_total 8\n/);
});

test("a server that hangs slows no session and no other server, and gets its tiles when it answers again", async () => {
  const [hanging, well] = [await server(), await server()];
  hanging.script = () => "hang";
  const { manager, clock, ports } = world({ platoUrl: hanging.url });
  const other = world({ platoUrl: well.url }, ports);
  const session = await playSession(manager, 2);
  await playSession(other.manager, 2);
  await until(() => well.tiles.length === 6 && hanging.submissions.length === 1);
  expect(session.outcome).toBe("success");
  expect(hanging.tiles).toEqual([]);
  await clock.advance(10_000);
  hanging.script = () => "accept";
  await until(() => hanging.tiles.length === 6, clock);
  expect(hanging.questions).toEqual((await session.tiles()).map(({ question }) => question));
});

test("a tile its server chokes on holds up its own stream alone", async () => {
  const plato = await server();
  plato.script = ({ tile }) => (tile.question.includes("poison") ? { status: 500 } : "accept");
  const { manager, clock } = world({ platoUrl: plato.url });
  const stuck = await manager.startSession();
  await stuck.addTask("poison");
  await stuck.completeTask("poison", "success");
  await until(() => plato.submissions.length >= 2);
  for (let round = 1; round <= 20; round++) {
    const before = plato.tiles.length;
    await playSession(manager, 1);
    await until(() => plato.tiles.length === before + 4, clock);
  }
  expect(plato.questions.filter((question) => question.includes("poison"))).toEqual([]);
  plato.script = () => "accept";
  await until(() => plato.questions.some((question) => question.includes("[TASK_END] poison")), clock);
});

test("a server that asks to be left alone is, for as long as it says", async () => {
  const plato = await server();
  plato.script = () => ({ status: 429, retryAfter: "600" });
  const { manager, clock } = world({ platoUrl: plato.url });
  await playSession(manager, 1);
  await until(() => plato.submissions.length === 1);
  plato.script = () => "accept";
  await settled();
  await clock.advance(590_000);
  expect(plato.submissions).toHaveLength(1);
  await until(() => plato.tiles.length === 4, clock);
});

test.each([401, 500, 503, 408, 429])("HTTP %i is tried again until it is over", async (status) => {
  const plato = await server();
  let refusals = 5;
  plato.script = () => (refusals-- > 0 ? { status } : "accept");
  const { manager, clock } = world({ platoUrl: plato.url });
  const session = await playSession(manager, 1);
  await until(() => plato.tiles.length === 4, clock);
  expect(plato.questions).toEqual((await session.tiles()).map(({ question }) => question));
});

test.each([400, 403, 409, 413, 422, 302])(
  "HTTP %i parks the tile, shown with its reason, and the stream goes on; a retry sends it",
  async (status) => {
    const plato = await server();
    plato.script = ({ tile }) =>
      tile.question.startsWith("[TASK_START]") ? { status, reason: "not this one" } : "accept";
    const { manager, clock, store, metrics } = world({ platoUrl: plato.url });
    const session = await playSession(manager, 1);
    await until(() => plato.tiles.length === 3);
    await until(
      async () => (await store.heads({ filter: { kind: "outbox", status: "done" } })).items.length === 1,
    );
    expect(await waiting(store)).toMatchObject([
      {
        session: `session:${session.sessionId}`,
        destination: plato.url,
        waiting: 0,
        parked: [
          { question: "[TASK_START] t0 → oracle1", reason: `HTTP ${status}: not this one`, code: status },
        ],
      },
    ]);
    expect(await metrics.text()).toContain("\nholodeck_tiles_parked_total 1\n");

    await retryParked(store, clock);
    await until(() => plato.submissions.length === 5, clock);
    await until(async () => (await waiting(store))[0]?.parked.length === 1, clock);
    plato.script = () => "accept";
    await retryParked(store, clock);
    await until(() => plato.tiles.length === 4, clock);
    await until(async () => (await waiting(store)).length === 0, clock);
    expect(plato.questions.at(-1)).toBe("[TASK_START] t0 → oracle1");
  },
);

test("an answer that is lost doubles nothing, at a server with keys and at one whose gate judges", async () => {
  for (const acceptsObjects of [true, false]) {
    const plato = await server({ acceptsObjects });
    const lost = new Set<string>();
    plato.script = ({ key }) => (lost.size === lost.add(key).size ? "accept" : "lose_answer");
    const { manager, clock, store } = world({ platoUrl: plato.url });
    const session = await playSession(manager, 2);
    await until(async () => plato.tiles.length === 6 && (await waiting(store)).length === 0, clock);
    expect(plato.questions).toEqual((await session.tiles()).map(({ question }) => question));
    expect(plato.submissions.length).toBeGreaterThanOrEqual(12);
  }
});

test("a server that restarts in the middle, as another kind of server, gets the rest as it takes it", async () => {
  const plato = await server();
  const { manager, clock } = world({ platoUrl: plato.url });
  let restarts: Promise<unknown> | null = null;
  plato.script = () => {
    if (plato.tiles.length < 3 || restarts !== null) return "accept";
    plato.acceptsObjects = false;
    restarts = plato.stop().then(async () => await plato.start());
    return "hang";
  };
  const session = await playSession(manager, 3);
  await until(() => plato.tiles.length === 8, clock);
  await Promise.resolve(restarts);
  expect(plato.questions).toEqual((await session.tiles()).map(({ question }) => question));
  expect(plato.tiles.map(({ tile }) => typeof tile.answer)).toEqual([
    ...Array<string>(3).fill("object"),
    ...Array<string>(5).fill("string"),
  ]);
});

test("a server of text gets text of at most 5,000 characters, which names the full tile", async () => {
  const plato = await server({ acceptsObjects: false });
  const { manager } = world({ platoUrl: plato.url });
  const session = await manager.startSession();
  await session.addTask("long");
  await session.completeTask("long", "success", { result: { text: "x".repeat(20_000) }, durationMs: 5 });
  await until(() => plato.tiles.length === 3);
  const answers = plato.tiles.map(({ tile }) => JSON.parse(tile.answer as string) as Record<string, unknown>);
  expect(answers[0]).toEqual((await session.tiles())[0]?.answer);
  expect(answers[2]).toEqual({
    session_id: session.sessionId,
    task_id: "long",
    agent_id: "oracle1",
    outcome: "success",
    duration_ms: 5,
    truncated: true,
    tile_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
});

test("several processes on one store send each tile once, in order", async () => {
  const plato = await server();
  const first = world({ platoUrl: plato.url });
  const others = [world({ platoUrl: plato.url }, first.ports), world({ platoUrl: plato.url }, first.ports)];
  const managers = [first, ...others].map(({ manager }) => manager);
  const sessions = await Promise.all(
    managers.flatMap((manager) => [0, 1, 2].map(async () => await playSession(manager, 3))),
  );
  await until(() => plato.tiles.length === 72, first.clock);
  for (const session of sessions) await expectInOrder(plato, session);
  expect(new Set(plato.tiles.map(({ key }) => key)).size).toBe(72);
});

test("what a closed or dead process left is sent by the next, and closing does not wait for a server that hangs", async () => {
  const plato = await server();
  plato.script = () => "hang";
  const first = world({ platoUrl: plato.url });
  const session = await playSession(first.manager, 2);
  const questions = (await session.tiles()).map(({ question }) => question);
  const closed = first.close();
  await until(() => plato.submissions.length >= 1);
  await first.clock.advance(2_000);
  await closed;
  expect(plato.tiles).toEqual([]);
  plato.script = () => "accept";
  // Its configuration knows nothing of the server: the session's start does.
  const second = world({}, { ...first.ports, deliver: true });
  await second.manager.list();
  await until(() => plato.tiles.length === 6, first.clock);
  expect(plato.questions).toEqual(questions);
});

test("closing sends what there is to a server that is there", async () => {
  const plato = await server();
  const { manager, close } = world({ platoUrl: plato.url });
  await playSession(manager, 5);
  await close();
  expect(plato.tiles).toHaveLength(12);
});

test("nothing is sent where nobody asked for it, and nothing of a session that sends no tiles", async () => {
  const plato = await server();
  const { manager, clock, ports } = world({ platoUrl: plato.url, emitTiles: false });
  await playSession(manager, 1);
  const unasked = world({}, ports);
  await playSession(unasked.manager, 1);
  await clock.advance(60_000);
  await playSession(world({ platoUrl: plato.url }, ports).manager, 1);
  await until(() => plato.tiles.length === 4, clock);
  await clock.advance(600_000);
  expect(plato.submissions).toHaveLength(4);
});

test("more streams than are kept in mind wait for a server that is away, and all arrive", async () => {
  const sessions = LANE_STREAMS_MAX * 2 + 50;
  const arrived = new Map<string, string[]>();
  let away = true;
  const store = new KeptOpen();
  const sink: TileSink = {
    submit: async ({ tile, key }: Submission) => {
      if (away) return await Promise.resolve({ status: "retry", reason: "away", afterMs: null });
      const session = (tile.answer as { session_id: string }).session_id;
      arrived.set(session, [...(arrived.get(session) ?? []), key]);
      return { status: "delivered" };
    },
    close: () => undefined,
  };
  const { manager, clock } = world({ platoUrl: "http://127.0.0.1:1" }, { store, sinkFor: () => sink });
  for (let index = 0; index < sessions; index++) await playSession(manager, 0);
  await clock.advance(600_000);
  away = false;
  await until(() => arrived.size === sessions, clock);
  await until(async () => (await waiting(store)).length === 0, clock);
  for (const keys of arrived.values()) expect(new Set(keys).size).toBe(2);
});

test("a store that fails at any step of the outbox loses no tile and doubles none", async () => {
  for (let failing = 1; failing <= 12; failing++) {
    const plato = await server();
    const store = new FailingOnce(failing);
    const problems: string[] = [];
    const report = (problem: HolodeckError): void => void problems.push(problem.message);
    const { manager, clock } = world({ platoUrl: plato.url }, { store, report });
    const sessions = [await playSession(manager, 1), await playSession(manager, 1)];
    await until(async () => plato.tiles.length === 8 && (await waiting(store)).length === 0, clock);
    for (const session of sessions) await expectInOrder(plato, session);
    expect(problems).toHaveLength(store.failed ? 1 : 0);
  }
});

/** Fails at the nth thing the outbox asks of it. */
class FailingOnce extends KeptOpen {
  failed = false;
  #left: number;

  constructor(nth: number) {
    super();
    this.#left = nth;
  }

  override async append(items: readonly AppendItem[]): Promise<readonly AppendResult[]> {
    if (items.some(({ head }) => head.kind === "outbox")) this.#step();
    return await super.append(items);
  }

  override async savePlace(params: Parameters<Store["savePlace"]>[0]): Promise<void> {
    this.#step();
    await super.savePlace(params);
  }

  override async lease(params: LeaseRequest): Promise<boolean> {
    this.#step();
    return await super.lease(params);
  }

  override async tail(params: Parameters<Store["tail"]>[0]): Promise<TailPage> {
    this.#step();
    return await super.tail(params);
  }

  #step(): void {
    this.#left -= 1;
    if (this.#left !== 0) return;
    this.failed = true;
    throw new Error("the disk says no");
  }
}
