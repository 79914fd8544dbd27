import { expect, test } from "vitest";
import type { AppendItem, AppendResult } from "./log.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Aggregate, Decision, Happened } from "./decider.ts";
import { streamId, type Fact } from "./event.ts";
import { Runtime, type News } from "./runtime.ts";

/** A counter that refuses to pass its limit, and falls back to zero once it is a minute old. */
interface Counter {
  count: number;
  dueAt: number | null;
}

type Command = { readonly now: number } & (
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "expire" }
  /** Does nothing when it stands at zero. */
  | { readonly type: "clear" }
);
type Added = Fact & { readonly type: "added"; readonly data: { readonly by: number } };
type Expired = Fact & { readonly type: "expired" };

const LIMIT = 1_000;

const counter: Aggregate<Counter, Command, Added | Expired> = {
  initial: () => ({ count: 0, dueAt: null }),
  decide: (state, command): Decision<Added | Expired> => {
    if (command.type === "expire") return [{ type: "expired", room: null, data: {} }];
    if (command.type === "clear") {
      return state.count === 0 ? [] : [{ type: "expired", room: null, data: {} }];
    }
    if (command.by === 0) return [];
    if (state.count + command.by > LIMIT) return { code: "conflict", what: "Full.", todo: "Stop." };
    return [{ type: "added", room: null, data: { by: command.by } }];
  },
  evolve: (state, event: Happened<Added | Expired>) => {
    state.count = event.type === "added" ? state.count + event.data.by : 0;
    state.dueAt = event.type === "added" ? (state.dueAt ?? event.at + 60_000) : null;
    return state;
  },
  head: ({ count, dueAt }) => ({
    kind: "counter",
    status: "open",
    createdAt: 0,
    dueAt,
    labels: [],
    summary: { count },
  }),
  settle: ({ dueAt }, { now }) => (dueAt !== null && dueAt <= now ? { type: "expire", now } : null),
  snapshot: {
    version: 1,
    save: ({ count, dueAt }) => ({ count, dueAt }),
    load: (json) => ({ ...(json as unknown as Counter) }),
  },
};

const STREAM = streamId("counter", "one");

class Given {
  readonly news: News<Counter, Added | Expired>[] = [];
  now = 0;
  readonly runtime;

  constructor(store: MemoryStore, snapshotEvery = 1_000, aggregate = counter) {
    this.runtime = new Runtime({
      aggregate,
      log: store,
      moment: () => ({ now: this.now, boot: { id: "b", offsetMs: 0 } }),
      onEvents: (news) => this.news.push(news),
      snapshotEvery,
    });
  }

  async add(
    by: number,
    key: string | readonly string[] | null = null,
  ): ReturnType<typeof this.runtime.execute> {
    return await this.runtime.execute(STREAM, { type: "add", by }, key);
  }
}

test("commands that wait together are decided in order and share one append", async () => {
  const store = new MemoryStore();
  const appends: number[] = [];
  const append = store.append.bind(store);
  store.append = async (items: readonly AppendItem[]): Promise<readonly AppendResult[]> => {
    appends.push(...items.map(({ events }) => events.length));
    return await append(items);
  };
  const given = new Given(store);
  const executed = await Promise.all([given.add(1), given.add(LIMIT), given.add(2)]);
  expect(executed.map(({ refusal }) => refusal?.code ?? null)).toEqual([null, "conflict", null]);
  expect(given.runtime.peek(STREAM)?.count).toBe(3);
  expect(appends).toEqual([2]);
});

test("when someone else was first it reads on and decides again", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Given(store), new Given(store)];
  await one.add(1);
  await two.add(1);
  await Promise.all([
    ...Array.from({ length: 50 }, async () => await one.add(1)),
    ...Array.from({ length: 50 }, async () => await two.add(1)),
  ]);
  expect((await one.runtime.refresh(STREAM)).count).toBe(102);
  expect((await two.runtime.refresh(STREAM)).count).toBe(102);
  const seqs = (news: typeof one.news): number[] =>
    news.flatMap(({ events }) => events.map(({ seq }) => seq));
  expect(seqs(one.news)).toEqual(Array.from({ length: 102 }, (_, index) => index + 1));
  // The second had read nothing before its first command: the first event is history to it.
  expect(seqs(two.news)).toEqual(Array.from({ length: 101 }, (_, index) => index + 2));
});

test("who lost a race and can take back what it decided reads on from where it stood", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Given(store, 1_000, { ...counter, undo: undoAdded }), new Given(store)];
  await one.add(1);
  await two.add(2);
  const read = store.read.bind(store);
  const reads: (number | undefined)[] = [];
  store.read = async (params) => {
    reads.push(params.afterSeq);
    return await read(params);
  };
  const [added] = await Promise.all([one.add(4), one.add(8)]);
  expect(added.events.map(({ seq }) => seq)).toEqual([3]);
  expect(one.runtime.peek(STREAM)?.count).toBe(15);
  expect(reads).toEqual([1]);
});

test("who lost a race and cannot take back all of it begins anew", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Given(store, 1_000, { ...counter, undo: () => null }), new Given(store)];
  await one.add(1);
  await two.add(2);
  await one.add(4);
  expect(one.runtime.peek(STREAM)?.count).toBe(7);
});

function undoAdded(state: Counter, event: Happened<Added | Expired>): (() => void) | null {
  if (event.type !== "added") return null;
  const { dueAt } = state;
  return () => {
    state.count -= event.data.by;
    state.dueAt = dueAt;
  };
}

test("nothing passes a limit, whoever races", async () => {
  const store = new MemoryStore();
  const rivals = Array.from({ length: 4 }, () => new Given(store));
  const all = rivals.flatMap((rival) => Array.from({ length: 10 }, async () => await rival.add(100)));
  const done = (await Promise.all(all)).filter(({ refusal }) => refusal === null);
  expect(done).toHaveLength(10);
});

test("a repeated key answers with the first seq, also when asked twice at once", async () => {
  const given = new Given(new MemoryStore());
  const [first, second] = await Promise.all([given.add(5, "k"), given.add(5, "k")]);
  expect([first.repeated, second.repeated]).toEqual([null, 1]);
  const third = await given.add(5, "k");
  expect([third.repeated, third.events]).toEqual([1, []]);
  expect(given.runtime.peek(STREAM)?.count).toBe(5);
});

test("of several keys any that was used makes a repeat, and says which", async () => {
  const given = new Given(new MemoryStore());
  const [first, second] = await Promise.all([given.add(5, ["a", "b"]), given.add(5, ["c", "b"])]);
  expect([first.repeated, first.repeatedKey]).toEqual([null, null]);
  expect([second.repeated, second.repeatedKey, second.events]).toEqual([1, "b", []]);
  // What came to nothing has taken no key.
  const third = await given.add(5, "c");
  expect([third.repeated, third.events.length]).toEqual([null, 1]);
});

test("a key that was used is known also when the command is refused now", async () => {
  const given = new Given(new MemoryStore());
  await given.add(LIMIT, "k");
  expect((await given.add(LIMIT, "k")).repeated).toBe(1);
  expect((await given.add(LIMIT, "other")).refusal?.code).toBe("conflict");
});

test("what is due happens before the command, and stands in the same append", async () => {
  const given = new Given(new MemoryStore());
  await given.add(LIMIT);
  given.now = 60_000;
  expect((await given.add(1)).refusal).toBeNull();
  expect(given.news.at(-1)?.events.map(({ type }) => type)).toEqual(["expired", "added"]);
  expect(given.runtime.peek(STREAM)?.count).toBe(1);
});

test("at never falls, whatever the clock does", async () => {
  const given = new Given(new MemoryStore());
  given.now = 5_000;
  await given.add(1);
  given.now = 1_000;
  expect((await given.add(1)).events[0]?.at).toBe(5_000);
});

test("an append that fails rejects those who waited, and the next reads anew", async () => {
  const store = new MemoryStore();
  const given = new Given(store);
  await given.add(1);
  const append = store.append.bind(store);
  store.append = async () => await Promise.reject(new Error("disk full"));
  await expect(given.add(2)).rejects.toThrow("disk full");
  store.append = append;
  await given.add(4);
  expect(given.runtime.peek(STREAM)?.count).toBe(5);
});

test("one bad event rejects its own command alone", async () => {
  const given = new Given(new MemoryStore());
  const results = await Promise.allSettled([given.add(1), given.add(Number.NaN), given.add(2)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(given.runtime.peek(STREAM)?.count).toBe(3);
});

test("a snapshot gives the same state as the events, and events after it are read on", async () => {
  const store = new MemoryStore();
  const given = new Given(store, 10);
  for (let index = 0; index < 25; index++) await given.add(1);
  expect((await store.snapshot({ stream: STREAM }))?.seq).toBe(20);
  const reads: number[] = [];
  const read = store.read.bind(store);
  store.read = async (params) => {
    const events = await read(params);
    reads.push(events.length);
    return events;
  };
  expect((await new Given(store).runtime.refresh(STREAM)).count).toBe(25);
  expect(reads).toEqual([5]);
});

test("an evicted stream is read again on demand, and what happened meanwhile is told once", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Given(store), new Given(store)];
  await one.add(1);
  await one.runtime.idle();
  expect(one.runtime.evict(STREAM)).toBe(true);
  expect([one.runtime.peek(STREAM), one.runtime.seq(STREAM)]).toEqual([undefined, 1]);
  await two.add(2);
  one.news.length = 0;
  expect((await one.runtime.refresh(STREAM)).count).toBe(3);
  await one.add(4);
  expect(one.news.map(({ events, own }) => [events.map(({ seq }) => seq), own])).toEqual([
    [[2], false],
    [[3], true],
  ]);
});

test("a stream that was forgotten is told of no more until it is read again", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Given(store), new Given(store)];
  await one.add(1);
  await one.runtime.idle();
  expect(one.runtime.forget(STREAM)).toBe(true);
  await two.add(2);
  one.news.length = 0;
  expect((await one.runtime.refresh(STREAM)).count).toBe(3);
  expect([one.news, one.runtime.seq(STREAM)]).toEqual([[], 2]);
});

test("a stream with commands waiting is not let go of", async () => {
  const given = new Given(new MemoryStore());
  const adding = given.add(1);
  expect([given.runtime.evict(STREAM), given.runtime.forget(STREAM)]).toEqual([false, false]);
  await adding;
  expect(given.runtime.peek(STREAM)?.count).toBe(1);
});

test("a command is not taken for done when another process has undone it meanwhile", async () => {
  const store = new MemoryStore();
  const [here, there] = [new Given(store), new Given(store)];
  await here.add(1);
  await here.runtime.execute(STREAM, { type: "clear" });
  await there.add(5);
  const { events } = await here.runtime.execute(STREAM, { type: "clear" });
  expect(events.map(({ type }) => type)).toEqual(["expired"]);
  expect((await there.runtime.refresh(STREAM)).count).toBe(0);
});

test("a command is not refused for what another process has changed meanwhile", async () => {
  const store = new MemoryStore();
  const [here, there] = [new Given(store), new Given(store)];
  await here.add(LIMIT);
  there.now = 60_000;
  await there.add(1);
  expect(await here.add(1)).toMatchObject({ refusal: null });
  expect(here.runtime.peek(STREAM)).toMatchObject({ count: 2 });
  expect(await here.add(LIMIT)).toMatchObject({ refusal: { code: "conflict" } });
});

test("a state is looked at as the log has it: what is under way is waited for, and what failed is not seen", async () => {
  const store = new MemoryStore();
  const given = new Given(store);
  await given.add(1);
  const append = store.append.bind(store);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.append = async () => {
    await promise;
    throw new Error("full");
  };
  const adding = given.add(5);
  adding.catch(() => undefined);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  const looking = given.runtime.look(STREAM, 2, ({ count }) => count);
  store.append = append;
  resolve();
  await expect(adding).rejects.toThrow("full");
  expect(await looking).toBe(1);
});

test("a state that is known to stand where it is asked for is looked at without reading", async () => {
  const store = new MemoryStore();
  const given = new Given(store);
  await given.add(1);
  await given.runtime.idle();
  store.read = async () => await Promise.reject(new Error("It was read."));
  expect(await given.runtime.look(STREAM, 1, ({ count }) => count)).toBe(1);
  await expect(given.runtime.look(STREAM, 2, ({ count }) => count)).rejects.toThrow("It was read.");
});

test("what is due happens before a state is looked at", async () => {
  const given = new Given(new MemoryStore());
  await given.add(1);
  given.now = 60_000;
  expect(await given.runtime.look(STREAM, 1, ({ count }) => count)).toBe(0);
});

test("a look that throws is told to who looks, and to nobody else", async () => {
  const given = new Given(new MemoryStore());
  const looking = given.runtime.look(STREAM, 0, boom);
  const adding = given.add(1);
  await expect(looking).rejects.toThrow("boom");
  expect((await adding).events).toHaveLength(1);
});

function boom(): never {
  throw new Error("boom");
}
