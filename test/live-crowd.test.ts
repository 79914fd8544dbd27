// Live events under load: cutovers while others append, readers that are slow or do not read, a thousand at once.
import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { Hono } from "hono";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { streamId, type EncodedEvent, type StreamId } from "../src/event/event.ts";
import { liveApp, type Live, type LiveEnv, type LiveLimits } from "../src/server/live.ts";
import { KEYS_STREAM } from "../src/trust/key-aggregate.ts";
import type { Principal } from "../src/server/principal.ts";
import { serve, type Served } from "../src/server/serve.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { lastOf, testItem, type TestFact } from "../src/testing/events.ts";
import { settled, TestClock } from "../src/testing/test-clock.ts";
import { openStream, type LiveStream } from "./live-stream.ts";

let store: MemoryStore;
let clock: TestClock;
let live: Live;
let served: Served;
let last: Map<StreamId, EncodedEvent>;
let reported: unknown[];
/** Names of keys that hold no more. */
let ended: Set<string>;

beforeEach(async () => {
  reported = [];
  await start({});
});

afterEach(async () => {
  await stop();
  deepEqual(reported, []);
});

/** Who asks is who the request says: the door's work is not what is asked here. */
async function start(limits: Partial<LiveLimits>): Promise<void> {
  store = new MemoryStore();
  clock = new TestClock();
  last = new Map();
  ended = new Set();
  const keys = {
    readOn: async () => await Promise.resolve(),
    holds: ({ name }: Principal): boolean => !ended.has(name),
  };
  live = liveApp({ store, clock, limits, keys, report: (error) => reported.push(error) });
  const app = new Hono<LiveEnv>();
  app.use(async (c, next) => {
    const principal = c.req.header("x-principal");
    if (principal !== undefined) c.set("principal", JSON.parse(principal) as Principal);
    await next();
  });
  app.route("/", live.app);
  app.onError((error, c) => c.json({ error: error.message }, 429));
  served = await serve({ fetch: app.fetch, host: "127.0.0.1", port: 0 });
}

async function stop(): Promise<void> {
  live.close();
  await served.close();
}

function session(id: string): StreamId {
  return streamId("session", id);
}

async function append(stream: StreamId, ...facts: readonly TestFact[]): Promise<void> {
  const item = testItem({ stream, after: last.get(stream), facts });
  expect(await store.append([item])).toMatchObject([{ status: "appended" }]);
  last.set(stream, lastOf(item));
}

async function open(query = "", principal?: Principal, after?: string): Promise<LiveStream> {
  const stream = await openStream(served.port, query, {
    ...(principal !== undefined && { "x-principal": JSON.stringify(principal) }),
    ...(after !== undefined && { "last-event-id": after }),
  });
  await stream.until(({ retry }) => retry !== null);
  return stream;
}

/** Which number each event was given, in the order they came; the last words of a stream are none. */
function numbers(stream: LiveStream): readonly unknown[] {
  return stream.sent
    .filter(({ event }) => event !== "bye")
    .map(({ data }) => (data["data"] as { n?: number }).n);
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Pages come some turns after they were read, so that readers are ahead of the tail they share, and behind it. */
function delayTails(turns: readonly number[]): void {
  let count = 0;
  const tail = store.tail.bind(store);
  store.tail = async (params) => {
    const page = await tail(params);
    const wait = turns[count++ % turns.length] ?? 0;
    for (let gone = 0; gone < wait; gone++) await turn();
    return page;
  };
}

test("whoever comes, goes and comes back while others append gets every event once, in order", async () => {
  const steps = fc.array(
    fc.record({
      append: fc.integer({ min: 0, max: 400 }),
      // Which readers go and come back. When all have gone, the tail they shared ends, and begins anew.
      leave: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      waits: fc.nat({ max: 3 }),
    }),
    { minLength: 3, maxLength: 8 },
  );
  const delays = fc.array(fc.nat({ max: 4 }), { minLength: 5, maxLength: 20 });
  const property = fc.asyncProperty(steps, delays, async (plan, turns) => {
    await stop();
    await start({});
    delayTails(turns);
    let count = 0;
    const got: unknown[][] = [[], [], [], []];
    const ids: (string | undefined)[] = [undefined, undefined, undefined, undefined];
    const streams = await Promise.all(got.map(async () => await open("?after=start")));
    for (const { append: more, leave, waits } of plan) {
      const appending = (async () => {
        for (let left = more; left > 0; left -= 7) {
          const facts = upTo(Math.min(left, 7)).map((): TestFact => ({ data: { n: count++ } }));
          await append(session(`s${count % 5}`), ...facts);
          await turn();
        }
      })();
      for (let gone = 0; gone < waits; gone++) await turn();
      for (const index of leave) {
        const gone = streams[index]!;
        gone.close();
        await gone.ended;
        got[index]!.push(...numbers(gone));
        ids[index] = gone.lastId ?? ids[index];
      }
      const back = leave.map(
        async (index) => (streams[index] = await open("?after=start", undefined, ids[index])),
      );
      await Promise.all(back);
      await appending;
    }
    await append(session("end"), { data: { n: count } });
    for (const [index, stream] of streams.entries()) {
      await stream.until((one) => numbers(one).at(-1) === count);
      stream.close();
      expect([...got[index]!, ...numbers(stream)]).toEqual(upTo(count + 1));
    }
  });
  await fc.assert(property, { numRuns: 12 });
});

test("a thousand readers get every event once, each its own", async () => {
  const streams = await Promise.all(upTo(1_000).map(async (n) => await open(n % 2 === 0 ? "" : "?type=odd")));
  for (let n = 0; n < 20; n++)
    await append(session("one"), { type: n % 2 === 0 ? "even" : "odd", data: { n } });
  for (const [index, stream] of streams.entries()) {
    const own = index % 2 === 0 ? upTo(20) : upTo(20).filter((n) => n % 2 === 1);
    await stream.take(own.length);
    expect(numbers(stream)).toEqual(own);
  }
  live.close();
  for (const stream of streams) {
    await stream.ended;
    expect(stream.sent.at(-1)?.event).toBe("bye");
  }
});

test("a reader that takes its time gets all, and what waits for it is not kept in memory", async () => {
  const stream = await open();
  stream.response.pause();
  const text = "x".repeat(30_000);
  for (let n = 0; n < 1_000; n++) {
    await append(session("one"), { data: { n, text } });
    if (n % 100 === 0) await settled();
  }
  stream.response.resume();
  await stream.take(1_000);
  expect(numbers(stream)).toEqual(upTo(1_000));
  stream.close();
});

test("a reader that does not read is cut, and goes on from its last id without a gap", async () => {
  const stream = await open();
  stream.response.pause();
  const text = "x".repeat(30_000);
  for (let n = 0; n < 1_000; n++) await append(session("one"), { data: { n, text } });
  await settled();
  const tails = countTails();
  await clock.advance(11_000);
  await clock.advance(2_000);
  // It is gone: what is appended now is read for nobody.
  await append(session("one"), { data: { n: 1_000, text } });
  await settled();
  expect(tails()).toBe(0);
  stream.response.resume();
  await stream.ended;
  const first = numbers(stream);
  // 30 MB were appended: what was sent ahead is what sockets hold.
  expect(first.length).toBeLessThan(700);
  const again = await open("", undefined, stream.lastId!);
  await again.take(1_001 - first.length);
  expect([...first, ...numbers(again)]).toEqual(upTo(1_001));
  again.close();
});

/** How many pages are read from the log from now on. */
function countTails(): () => number {
  let count = 0;
  const tail = store.tail.bind(store);
  store.tail = async (params) => {
    count++;
    return await tail(params);
  };
  return () => count;
}

test("one tail serves all who are there", async () => {
  const streams = await Promise.all(upTo(50).map(async () => await open()));
  await settled();
  const tails = countTails();
  await append(session("one"), { data: { n: 0 } });
  await Promise.all(streams.map(async (stream) => await stream.take(1)));
  expect(tails()).toBe(1);
  for (const stream of streams) stream.close();
});

test("while a reader goes through a long log in which nothing is for it, others are served", async () => {
  for (let batch = 0; batch < 50; batch++) await append(session("one"), ...upTo(200).map(() => ({})));
  const tails = countTails();
  const stream = await open("?after=start&type=wanted");
  let turns = 0;
  while (tails() < 150) {
    turns++;
    await turn();
  }
  // 10,000 events are 157 pages, and the loop goes round between any two.
  expect(turns).toBeGreaterThan(100);
  await append(session("one"), { type: "wanted", data: { n: 0 } });
  await stream.take(1);
  stream.close();
});

test("a key with a scope gets the sessions and rooms of its scope, and nothing else", async () => {
  const scoped: Principal = {
    name: "a",
    role: "observer",
    sessions: ["mine"],
    rooms: ["hall"],
    expiresAt: null,
  };
  const early = await open("?after=start", scoped);
  const all = [session("mine"), session("other"), streamId("room", "hall"), streamId("room", "den")];
  for (const stream of [...all, streamId("policy", "owner")]) await append(stream, { room: "hall" });
  const late = await open("?after=start", scoped);
  await append(session("mine"), { type: "end" });
  for (const stream of [early, late]) {
    await stream.take(3);
    expect(stream.sent.map(({ data }) => data["stream"])).toEqual([all[0], all[2], all[0]]);
    stream.close();
  }
  // Asking for what is not seen is as asking for what is not there.
  const none = await open(`?after=start&stream=${session("other")}`, scoped);
  await settled();
  expect(none.sent).toEqual([]);
  none.close();
});

function key(name: string): Principal {
  return { name, role: "observer", sessions: null, rooms: null, expiresAt: null };
}

test("policies, identities and roles are followed with an operator's key alone", async () => {
  const streams = [streamId("policy", "house"), streamId("identity", "ada"), streamId("role", "reader")];
  for (const stream of streams) await append(stream, {});
  await append(session("one"), {});
  for (const role of ["observer", "agent", "operator"] as const) {
    const stream = await open("?after=start", { ...key(role), role });
    const seen = role === "operator" ? [...streams, session("one")] : [session("one")];
    await stream.take(seen.length);
    expect(stream.sent.map(({ data }) => data["stream"])).toEqual(seen);
    stream.close();
  }
});

test("a key has so many streams and no more, and loses them when it is revoked", async () => {
  await stop();
  await start({ streamsPerKey: 2 });
  const own = [await open("", key("a")), await open("", key("a"))];
  const refused = await openStream(served.port, "", { "x-principal": JSON.stringify(key("a")) });
  expect(refused.response.statusCode).toBe(429);
  const other = await open("", key("b"));
  ended.add("a");
  await append(KEYS_STREAM, { type: "key_revoked", data: { name: "a" } });
  for (const stream of own) {
    await stream.ended;
    expect(stream.sent).toMatchObject([{ event: "bye", data: { reason: "denied" } }]);
  }
  await append(session("one"), { data: { n: 0 } });
  await other.take(1);
  other.close();
});

test("a store that fails for a while is told of, and nothing is missed", async () => {
  const stream = await open();
  await append(session("one"), { data: { n: 0 } });
  await stream.take(1);
  const tail = store.tail.bind(store);
  store.tail = async () => await Promise.reject(new Error("away"));
  await append(session("one"), { data: { n: 1 } });
  await settled();
  store.tail = tail;
  await append(session("one"), { data: { n: 2 } });
  await clock.advance(1_000);
  await stream.take(3);
  expect(numbers(stream)).toEqual([0, 1, 2]);
  expect(reported.splice(0)).toEqual([expect.objectContaining({ message: "away" })]);
  stream.close();
});

test("a reader whose events cannot be read is told so, with the id to come back with", async () => {
  await append(session("one"), {}, {});
  const keeper = await open();
  store.tail = async () => await Promise.reject(new Error("broken"));
  const stream = await open("?after=start");
  await stream.ended;
  expect(stream.sent).toMatchObject([{ event: "bye", data: { reason: "failed", resume: "start" } }]);
  expect(reported.splice(0)).not.toEqual([]);
  keeper.close();
});
