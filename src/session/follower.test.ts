import { expect, test } from "vitest";
import type { StoredEvent } from "../event/log.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { testItem, testStream } from "../testing/events.ts";
import { Follower } from "./follower.ts";

const own = testStream("own");
const foreign = testStream("foreign");

const onError = (error: unknown): void => expect.unreachable(String(error));

/** A follower of a store, and the streams of the events that it has met. */
async function following(store: Store) {
  const met: string[] = [];
  const onEvent = async ({ event }: StoredEvent): Promise<void> => void met.push(event.stream);
  const follower = new Follower(await store.end(), { log: store, onEvent, onError });
  return { follower, met };
}

test("what its own process appended is passed over, when it comes next", async () => {
  const store = new MemoryStore();
  const { follower, met } = await following(store);
  await store.append([testItem({ stream: own, facts: [{}, {}] })]);
  follower.pass({ after: 0, through: 2 });
  follower.start();
  await store.append([testItem({ stream: foreign })]);
  await expect.poll(() => met).toEqual([foreign]);
  await follower.stop();
  await store.close();
});

test("what another process appended before it is not passed over", async () => {
  const store = new MemoryStore();
  const { follower, met } = await following(store);
  await store.append([testItem({ stream: foreign })]);
  await store.append([testItem({ stream: own })]);
  follower.pass({ after: 1, through: 2 });
  follower.start();
  await store.append([testItem({ stream: testStream("later") })]);
  await expect.poll(() => met).toEqual([foreign, own, "test:later"]);
  await follower.stop();
  await store.close();
});
