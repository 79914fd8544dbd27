import { expect, onTestFinished, test } from "vitest";
import type { Appended, StoredEvent, TailPlace } from "../event/log.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { testItem, testStream } from "../testing/events.ts";
import { settled } from "../testing/test-clock.ts";
import { Follower } from "./follower.ts";

/** A follower of a log in memory, and what it sees. Others and ourselves are whoever it is told. */
async function following() {
  const log = new MemoryStore();
  const seen: string[] = [];
  const errors: unknown[] = [];
  let tell: ((appended: Appended) => void) | null = null;
  log.watch = (listener) => {
    tell = listener;
    return () => undefined;
  };
  const onEvent = async ({ event }: StoredEvent): Promise<void> => {
    seen.push(event.stream);
    await Promise.resolve();
  };
  const follower = new Follower(await log.end(), { log, onEvent, onError: (error) => errors.push(error) });
  follower.start();
  onTestFinished(async () => await follower.stop());
  const append = async (name: string): Promise<TailPlace> => {
    await log.append([testItem({ stream: testStream(name) })]);
    return await log.end();
  };
  const told = async (appended: Appended): Promise<void> => {
    tell?.(appended);
    await settled();
  };
  return { log, seen, errors, append, told };
}

test("what another appended is read", async () => {
  const { seen, append, told } = await following();
  await append("theirs");
  await told({ own: false });
  expect(seen).toEqual([testStream("theirs")]);
});

test("what is known to be our own is passed over, and what another appends after it is read", async () => {
  const { seen, append, told } = await following();
  await append("first");
  await told({ own: false });
  seen.length = 0;
  await told({ own: true, through: await append("ours") });
  await append("theirs");
  await told({ own: false });
  expect(seen).toEqual([testStream("theirs")]);
});

test("what was appended before the watching began is not taken for our own", async () => {
  const { seen, append, told } = await following();
  await append("theirs");
  await told({ own: true, through: await append("ours") });
  expect(seen).toEqual([testStream("theirs"), testStream("ours")]);
});

test("what could not be read is read before anything is passed over", async () => {
  const { log, seen, errors, append, told } = await following();
  await told({ own: false });
  await append("theirs");
  const tail = log.tail.bind(log);
  log.tail = async () => await Promise.reject(new Error("away"));
  await told({ own: false });
  log.tail = tail;
  expect([seen, errors.length]).toEqual([[], 1]);
  await told({ own: true, through: await append("ours") });
  expect(seen).toEqual([testStream("theirs"), testStream("ours")]);
});

const own = testStream("own");
const foreign = testStream("foreign");

const onError = (error: unknown): void => expect.unreachable(String(error));

/** A follower of a store, and the streams of the events that it has met. */
async function meeting(store: Store) {
  const met: string[] = [];
  const onEvent = async ({ event }: StoredEvent): Promise<void> => void met.push(event.stream);
  const follower = new Follower(await store.end(), { log: store, onEvent, onError });
  return { follower, met };
}

test("what its own process appended is passed over, when it comes next", async () => {
  const store = new MemoryStore();
  const { follower, met } = await meeting(store);
  const item = testItem({ stream: own, facts: [{}, {}] });
  await store.append([item]);
  follower.pass({ events: item.events, through: 2 });
  follower.start();
  await store.append([testItem({ stream: foreign })]);
  await expect.poll(() => met).toEqual([foreign]);
  await follower.stop();
  await store.close();
});

test("what another process appended before it is not passed over", async () => {
  const store = new MemoryStore();
  const { follower, met } = await meeting(store);
  await store.append([testItem({ stream: foreign })]);
  const item = testItem({ stream: own });
  await store.append([item]);
  follower.pass({ events: item.events, through: 2 });
  follower.start();
  await store.append([testItem({ stream: testStream("later") })]);
  await expect.poll(() => met).toEqual([foreign, own, "test:later"]);
  await follower.stop();
  await store.close();
});
