// How many tiles a room has, where sessions, tiles and other processes write to one log.
import { expect, test } from "vitest";
import type { StreamId } from "../event/event.ts";
import type { AppendItem } from "../event/log.ts";
import { MemoryStore } from "../store/memory.ts";
import { testItem, testStream } from "../testing/index.ts";
import { RoomCounts } from "./room-counts.ts";

const ours = testStream("ours");
const theirs = testStream("theirs");

function tile(stream: StreamId): AppendItem {
  return testItem({ stream, facts: [{ room: "hall" }] });
}

/** A store whose log is read only when it is asked for, so that reads can be counted. */
async function counting() {
  const store = new MemoryStore();
  const counts = new RoomCounts(store);
  await counts.current();
  let reads = 0;
  const tail = store.tail.bind(store);
  store.tail = async (params) => {
    reads++;
    return await tail(params);
  };
  return { store, counts, reads: () => reads };
}

test("what this process appended is known without reading the log", async () => {
  const { store, counts, reads } = await counting();
  const item = tile(ours);
  await store.append([item]);
  counts.take({ events: item.events, through: 1 });
  expect(await counts.event(ours, 1)).toMatchObject({ stored: { position: 1 }, roomTiles: 1 });
  expect(reads()).toBe(0);
});

test("what others appended before it is counted before it is told, and nothing is counted twice", async () => {
  const { store, counts } = await counting();
  await store.append([tile(theirs)]);
  const item = tile(ours);
  await store.append([item]);
  counts.take({ events: item.events, through: 2 });
  expect(await counts.event(ours, 1)).toMatchObject({ stored: { position: 2 }, roomTiles: 2 });
  counts.take({ events: item.events, through: 2 });
  expect((await counts.current()).rooms.get("hall")).toMatchObject({ tiles: 2 });
});

test("what is appended while the log is read is counted once", async () => {
  const { store, counts } = await counting();
  await store.append([tile(theirs)]);
  const item = tile(ours);
  const tail = store.tail.bind(store);
  store.tail = async (params) => {
    store.tail = tail;
    await store.append([item]);
    counts.take({ events: item.events, through: 2 });
    return await tail(params);
  };
  expect((await counts.current()).tiles).toBe(2);
  expect(await counts.event(ours, 1)).toMatchObject({ roomTiles: 2 });
});
