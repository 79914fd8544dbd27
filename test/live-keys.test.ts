// A live stream and the key it was asked for with: nothing is told once the key is known to have ended (law 4).
import { deepEqual } from "node:assert/strict";
import { afterEach, beforeEach, expect, test } from "vitest";
import { streamId, type EncodedEvent } from "../src/event/event.ts";
import { KeyRing } from "../src/server/key-ring.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { lastOf, testItem } from "../src/testing/events.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { KEYS_STREAM } from "../src/trust/key-aggregate.ts";
import { openStream, type LiveStream } from "./live-stream.ts";

const DENIED = { event: "bye", data: { reason: "denied" } };

let store: MemoryStore;
let clock: TestClock;
let server: RunningServer;
let reported: unknown[];
/** Of another process. */
let ring: KeyRing;
let last: EncodedEvent | undefined;

beforeEach(async () => {
  store = new MemoryStore();
  clock = new TestClock();
  reported = [];
  last = undefined;
  const report = (error: unknown): void => void reported.push(error);
  server = await startServer({ store, clock, report, port: 0, routerPort: 0, version: "1" });
  ring = new KeyRing({ store, moment: () => ({ now: clock.now(), boot: clock.boot() }) });
});

afterEach(async () => {
  await server.close();
  deepEqual(reported, []);
});

async function open(key: string, query = ""): Promise<LiveStream> {
  const stream = await openStream(server.port, query, { "x-api-key": key });
  await stream.until(({ retry }) => retry !== null);
  return stream;
}

async function observer(name: string, expiresAt: number | null = null): Promise<string> {
  return await ring.create({ name, role: "observer", expiresAt });
}

async function append(): Promise<void> {
  const item = testItem({ stream: streamId("session", "one"), after: last, facts: [{}] });
  expect(await store.append([item])).toMatchObject([{ status: "appended" }]);
  last = lastOf(item);
}

test("what comes after a key was revoked is told to others alone", async () => {
  const stream = await open(await observer("a"));
  const other = await open(await observer("b"));
  await append();
  await Promise.all([stream.take(1), other.take(1)]);
  await ring.revoke("a");
  await append();
  await stream.ended;
  expect(stream.sent.slice(1)).toMatchObject([DENIED]);
  await other.take(2);
  other.close();
});

test("nor is it told when the end of the key lies in a part of the log that is read later", async () => {
  const tail = store.tail.bind(store);
  store.tail = async (asked) => {
    const page = await tail(asked);
    return { ...page, events: page.events.filter(({ event }) => event.stream !== KEYS_STREAM) };
  };
  const stream = await open(await observer("a"));
  await append();
  await stream.take(1);
  await ring.revoke("a");
  await append();
  await stream.ended;
  expect(stream.sent.slice(1)).toMatchObject([DENIED]);
});

test("what was read from the log is not told to whose key was revoked meanwhile", async () => {
  await append();
  const [key, keeper] = [await observer("a"), await open(await observer("b"))];
  const tail = store.tail.bind(store);
  store.tail = async (asked) => {
    const page = await tail(asked);
    await ring.revoke("a");
    return page;
  };
  const stream = await open(key, "?after=start");
  await stream.ended;
  expect(stream.sent).toMatchObject([DENIED]);
  keeper.close();
});

test("a stream ends at the moment its key does, and not before", async () => {
  const stream = await open(await observer("a", clock.now() + 5_000));
  const other = await open(await observer("b"));
  await clock.advance(4_999);
  await append();
  await stream.take(1);
  await clock.advance(1);
  await stream.ended;
  expect(stream.sent.slice(1)).toMatchObject([DENIED]);
  await append();
  await other.take(2);
  other.close();
});
