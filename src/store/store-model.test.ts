// All stores beside each other: random streams of commands, given to each, must come to the same. The store in memory
// is the model. HOLODECK_LONG=1 runs ten thousand streams of commands.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AllStores } from "../../test/servers/all-stores.ts";
import { HolodeckError } from "../event/error.ts";
import { streamId, type EncodedEvent, type StreamId } from "../event/event.ts";
import type { AppendItem, AppendResult, StoredEvent, TailPlace } from "../event/log.ts";
import { allPages } from "../testing/store-case.ts";
import { testItem } from "../testing/events.ts";
import type { HeadFilter, PageRequest, Page, Store } from "./port.ts";

const RUNS = process.env["HOLODECK_LONG"] === "1" ? 10_000 : 250;
const TIMEOUT_MS = RUNS * 1000;

let all: AllStores;
let stores: readonly Store[] = [];
/** Each run has streams, rooms, kinds and words of its own, so that all may share the stores. */
let runs = 0;

beforeAll(async () => {
  all = await AllStores.open();
  ({ stores } = all);
});
afterAll(async () => await all.close());

/** What goes wrong with an item on purpose. */
type Fault = "none" | "stale" | "ahead" | "same key" | "broken";

interface ItemPlan {
  readonly stream: number;
  readonly fault: Fault;
  readonly facts: readonly { readonly room: number | null; readonly at: number; readonly word: number }[];
  readonly status: string;
  readonly kind: number;
  readonly createdAt: number;
  readonly dueAt: number | null;
  readonly labels: readonly string[];
  readonly key: number | null;
}

/** Items in one call; those of several calls are given at once. */
type Step = readonly (readonly ItemPlan[])[];

const item: fc.Arbitrary<ItemPlan> = fc.record({
  stream: fc.nat(2),
  fault: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fault>("none") },
    { weight: 3, arbitrary: fc.constantFrom<Fault>("stale", "ahead", "same key", "broken") },
  ),
  facts: fc.array(
    fc.record({ room: fc.option(fc.nat(1)), at: fc.integer({ min: -3, max: 3 }), word: fc.nat(2) }),
    { minLength: 1, maxLength: 3 },
  ),
  status: fc.constantFrom("open", "ended"),
  kind: fc.nat(1),
  createdAt: fc.integer({ min: -2, max: 4 }),
  dueAt: fc.option(fc.nat(8)),
  labels: fc.subarray(["x", "y", "\u0000"]),
  key: fc.option(fc.nat(2)),
});
const step: fc.Arbitrary<Step> = fc.array(fc.array(item, { maxLength: 4 }), { minLength: 1, maxLength: 3 });
/** After each step a stream is pruned, further than it goes at times. */
const prune = fc.record({ stream: fc.nat(2), throughSeq: fc.nat(6) });
type Prune = typeof prune extends fc.Arbitrary<infer Value> ? Value : never;

test(
  "every store gives the same results, states, heads, keys, pages and hits",
  async () => {
    expect(stores.length).toBeGreaterThanOrEqual(2);
    const steps = fc.array(step, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(prune, { maxLength: 5 }),
        fc.integer({ min: 1, max: 4 }),
        async (planned, prunes, limit) => {
          const outcomes = await givenToAll(new Scene(++runs), planned, prunes, limit);
          const [model, ...others] = outcomes;
          for (const { name, ...outcome } of others) expect({ name, ...outcome }).toEqual({ ...model, name });
        },
      ),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

test("and every store is sound afterwards, and agrees on all there is", async () => {
  const sums = await Promise.all(
    stores.map(async (store) => ({
      damage: await store.inspect(),
      rooms: await store.rooms(),
      streams: (await allPages(500, (page) => store.streams({ page }))).items,
      events: (await store.end()).reduce((sum, position) => sum + position, 0),
    })),
  );
  for (const one of sums) expect(one).toEqual(sums[0]);
  expect(sums[0]?.damage).toEqual([]);
}, 120_000);

/** The names of one run. */
class Scene {
  readonly #run: number;

  constructor(run: number) {
    this.#run = run;
  }

  stream(index: number): StreamId {
    return streamId("test", `${this.#run} ${["é", "😀", "\uffee"][index]}`);
  }
  room(index: number): string {
    return `${this.#run}/${index}`;
  }
  kind(index: number): string {
    return `kind${this.#run}${"\u0001".repeat(index)}`;
  }
  word(index: number): string {
    return `w${this.#run}x${index}`;
  }
  /** Before those of all runs before. */
  due(offset: number): number {
    return 1_000_000_000 - this.#run * 10 + offset;
  }
}

/** The last event of each stream. */
type Heads = ReadonlyMap<StreamId, EncodedEvent>;

async function givenToAll(scene: Scene, steps: readonly Step[], prunes: readonly Prune[], limit: number) {
  const starts = await Promise.all(stores.map((store) => store.end()));
  const results: unknown[][] = stores.map(() => []);
  let heads: Heads = new Map();
  for (const [turn, one] of steps.entries()) {
    const calls = itemsOf(scene, one, heads);
    const answers = await Promise.all(
      stores.map((store) =>
        Promise.all(
          calls.map((items) => codeOrValue(async () => (await store.append(items)).map(withoutPosition))),
        ),
      ),
    );
    for (const [index, answer] of answers.entries()) results[index]?.push(answer);
    const pruned = prunes[turn];
    if (pruned !== undefined) {
      const asked = { stream: scene.stream(pruned.stream), throughSeq: pruned.throughSeq };
      const went = await Promise.all(stores.map((store) => codeOrValue(() => store.prune(asked))));
      for (const [index, answer] of went.entries()) results[index]?.push(answer);
    }
    heads = await headsOf(scene);
  }
  return await Promise.all(
    stores.map(async (store, index) => {
      const seen = await look(store, scene, limit, starts[index] ?? null);
      return { name: store.name, results: results[index], ...seen };
    }),
  );
}

function itemsOf(scene: Scene, calls: Step, heads: Heads): readonly (readonly AppendItem[])[] {
  const lasts = new Map(heads);
  return calls.map((items) =>
    items.map((plan) => {
      const made = itemOf(scene, plan, lasts.get(scene.stream(plan.stream)));
      const last = made.events.at(-1);
      if (plan.fault === "none" && last !== undefined) lasts.set(made.stream, last);
      return made;
    }),
  );
}

function itemOf(scene: Scene, plan: ItemPlan, last: EncodedEvent | undefined): AppendItem {
  const stream = scene.stream(plan.stream);
  const facts = plan.facts.map(({ room, at, word }) => ({
    room: room === null ? null : scene.room(room),
    at,
    data: { text: `${scene.word(word)} ${scene.word(0)}` },
  }));
  const head = {
    kind: scene.kind(plan.kind),
    status: plan.status,
    createdAt: plan.createdAt,
    dueAt: plan.dueAt === null ? null : scene.due(plan.dueAt),
    labels: plan.labels,
    summary: { facts: facts.length },
  };
  const keys = plan.key === null ? [] : [`key ${plan.key}`];
  const used = plan.fault === "same key" ? ["key 0", ...keys.filter((key) => key !== "key 0")] : keys;
  return testItem({ stream, after: before(plan.fault, stream, last), facts, head, keys: used });
}

/** The event an item is made to follow. */
function before(fault: Fault, stream: StreamId, last: EncodedEvent | undefined): EncodedEvent | undefined {
  if (fault === "stale") return undefined;
  if (fault !== "ahead" && fault !== "broken") return last;
  const facts = [{ data: { elsewhere: true } }];
  const seq = last?.event.seq ?? 0;
  const [other] = testItem({ stream, facts }).events;
  if (other === undefined) return last;
  // A history of as many events, or of one more, that nobody has.
  return { ...other, event: { ...other.event, seq: fault === "broken" ? Math.max(seq, 1) : seq + 1 } };
}

/** As the model has them. */
async function headsOf(scene: Scene): Promise<Heads> {
  const heads = new Map<StreamId, EncodedEvent>();
  for (const index of [0, 1, 2]) {
    const stream = scene.stream(index);
    const last = (await stores[0]?.read({ stream, limit: 1000 }))?.at(-1);
    if (last !== undefined) heads.set(stream, last);
  }
  return heads;
}

async function look(store: Store, scene: Scene, limit: number, start: TailPlace | null) {
  const streams = [0, 1, 2].map((index) => scene.stream(index));
  const heads = (filter: HeadFilter) => whole(limit, (page) => store.heads({ filter, page }));
  const [kind, other] = [scene.kind(0), scene.kind(1)];
  const due = await store.due({ before: scene.due(9), limit: 100 });
  return {
    events: await Promise.all(
      streams.map(async (stream) => hashes(await store.read({ stream, limit: 1000 }))),
    ),
    pruned: await Promise.all(streams.map((stream) => store.pruned({ stream }))),
    heads: await Promise.all(streams.map((stream) => store.head({ stream }))),
    keys: await Promise.all(
      streams.flatMap((stream) => [0, 1, 2].map((key) => store.key({ stream, key: `key ${key}` }))),
    ),
    lists: [
      await heads({ kind }),
      await heads({ kind: other }),
      await heads({ kind, status: "open" }),
      await heads({ kind, labels: ["\u0000"] }),
      await heads({ kind: other, status: "ended", labels: ["x"], createdFrom: 0, createdBefore: 3 }),
    ],
    due: due.map(({ stream, dueAt }) => [stream, dueAt]),
    rooms: await Promise.all(
      [0, 1].map(async (room) =>
        hashes(await whole(limit, (page) => store.room({ name: scene.room(room), page }))),
      ),
    ),
    hits: await Promise.all(
      [scene.word(1), `${scene.word(0)} ${scene.word(2)}`].map(async (text) =>
        hashes(await whole(limit, (page) => store.search({ text, page }))),
      ),
    ),
    tail: await followed(store, start),
  };
}

/** What a follower sees, stream by stream: the order among streams is each store's own. */
async function followed(store: Store, start: TailPlace | null): Promise<Record<string, readonly string[]>> {
  const seen: StoredEvent[] = [];
  let page = await store.tail({ after: start, limit: 7 });
  while (page.events.length > 0) {
    seen.push(...page.events);
    page = await store.tail({ after: page.place, limit: 7 });
  }
  const byStream = [...Map.groupBy(seen, ({ event }) => event.stream)].map(([stream, events]) => {
    return [stream, hashes(events)] as const;
  });
  return Object.fromEntries(byStream);
}

async function whole<Item>(limit: number, list: (page: PageRequest) => Promise<Page<Item>>) {
  return (await allPages(limit, list)).items;
}

function hashes(events: readonly StoredEvent[]): readonly string[] {
  return events.map(({ hash }) => hash);
}

async function codeOrValue<Value>(act: () => Promise<Value>): Promise<Value | string> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof HolodeckError) return error.code;
    throw error;
  }
}

/** Where an event came to lie is told by some stores, and differs from store to store. */
function withoutPosition(result: AppendResult): AppendResult {
  return result.status === "appended" ? { status: "appended" } : result;
}
