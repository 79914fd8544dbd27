// Live events over real sockets: nothing is missed and nothing comes twice, whenever who comes and goes.
import { deepEqual } from "node:assert/strict";
import { afterEach, beforeEach, expect, test } from "vitest";
import { streamId, type StreamId } from "../src/event/event.ts";
import type { EncodedEvent } from "../src/event/event.ts";
import { startServer, type RunningServer } from "../src/server/main.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { lastOf, testItem, type TestFact } from "../src/testing/events.ts";
import { TestClock, settled } from "../src/testing/test-clock.ts";
import { bodyOf, openStream, type LiveStream, type Sent } from "./live-stream.ts";

const SESSION = streamId("session", "sess_1");

let store: MemoryStore;
let clock: TestClock;
let server: RunningServer;
let reported: unknown[];
let last: Map<StreamId, EncodedEvent>;

beforeEach(async () => {
  store = new MemoryStore();
  clock = new TestClock();
  reported = [];
  last = new Map();
  server = await start();
});

afterEach(async () => {
  await server.close();
  deepEqual(reported, []);
});

function report(error: unknown): void {
  reported.push(error);
}

async function start(liveLimits = {}): Promise<RunningServer> {
  return await startServer({ store, clock, port: 0, routerPort: 0, version: "1", report, liveLimits });
}

async function restart(liveLimits: object): Promise<void> {
  await server.close();
  server = await start(liveLimits);
}

async function append(stream: StreamId, ...facts: readonly TestFact[]): Promise<void> {
  const item = testItem({ stream, after: last.get(stream), facts });
  expect(await store.append([item])).toMatchObject([{ status: "appended" }]);
  last.set(stream, lastOf(item));
}

/** A stream that is being told of new events. */
async function open(query = "", headers: Record<string, string> = {}): Promise<LiveStream> {
  const stream = await openStream(server.port, query, headers);
  expect([stream.response.statusCode, stream.text]).toEqual([200, expect.any(String)]);
  await stream.until(({ retry }) => retry !== null);
  await settled();
  return stream;
}

function seqs(sent: readonly Sent[]): readonly unknown[] {
  return sent.map(({ data }) => data["seq"]);
}

test("an event comes with its id, its type, and one line of data", async () => {
  const stream = await open();
  await append(SESSION, { type: "task_added", room: "hall", data: { text: "two\nlines\r\n\u2028" } });
  const [sent] = await stream.take(1);
  expect(stream.response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  const { event, hash } = last.get(SESSION)!;
  expect(sent).toEqual({
    id: expect.stringMatching(/^[\w.-]+$/) as string,
    event: "task_added",
    data: { stream: SESSION, seq: 1, hash, at: event.at, type: "task_added", room: "hall", data: event.data },
  });
  expect(stream.text.match(/^data: .*$/gm)).toHaveLength(1);
  stream.close();
});

test("who names no place gets what comes, and who asks for the start gets all there is first", async () => {
  await append(SESSION, {}, {});
  const fresh = await open();
  const whole = await open("?after=start");
  await append(SESSION, {});
  expect(seqs(await fresh.take(1))).toEqual([3]);
  expect(seqs(await whole.take(3))).toEqual([1, 2, 3]);
  fresh.close();
  whole.close();
});

test("who comes back with an id gets what came since; the header counts more than the address", async () => {
  await append(SESSION, {}, {}, {}, {});
  const before = await open("?after=start");
  const [first, , third] = await before.take(4);
  before.close();
  const byAddress = await open(`?after=${first!.id}`);
  expect(seqs(await byAddress.take(3))).toEqual([2, 3, 4]);
  const byHeader = await open(`?after=${first!.id}`, { "last-event-id": third!.id! });
  expect(seqs(await byHeader.take(1))).toEqual([4]);
  byAddress.close();
  byHeader.close();
});

test("an id is good after a restart of the server", async () => {
  await append(SESSION, {}, {});
  const before = await open("?after=start");
  const [first] = await before.take(2);
  before.close();
  await restart({});
  const after = await open("", { "last-event-id": first!.id! });
  expect(seqs(await after.take(1))).toEqual([2]);
  after.close();
});

/** The types of so many events, which are all that come. */
async function types(stream: LiveStream, count: number): Promise<string> {
  const sent = await stream.take(count);
  await settled();
  stream.close();
  expect(stream.sent).toHaveLength(count);
  return sent.map(({ event }) => event).join(" ");
}

test("streams, rooms and types choose, before and after the switch", async () => {
  const other = streamId("session", "sess_2");
  const hall = streamId("room", "hall");
  const facts = async (): Promise<void> => {
    await append(SESSION, { type: "a", room: "hall" }, { type: "b", room: "hall" }, { type: "c" });
    await append(other, { type: "a", room: "den" });
    await append(hall, { type: "tile_submitted", room: "hall" }, { type: "tile_retracted" });
  };
  await facts();
  const streams = {
    stream: await open(`?after=start&stream=${SESSION}`),
    room: await open("?after=start&room=hall"),
    type: await open("?after=start&type=a&type=c"),
    both: await open(`?after=start&stream=${SESSION}&stream=${other}&type=a`),
  };
  await facts();
  await append(streamId("session", "end"), { type: "a", room: "hall" });
  expect(await types(streams.stream, 6)).toBe("a b c a b c");
  expect(await types(streams.room, 9)).toBe(
    "a b tile_submitted tile_retracted a b tile_submitted tile_retracted a",
  );
  expect(await types(streams.type, 7)).toBe("a c a a c a a");
  expect(await types(streams.both, 4)).toBe("a a a a");
});

test("what a reader may not know of never comes: keys, outboxes, and kinds that are not named", async () => {
  const stream = await open("?after=start");
  for (const kind of ["key", "outbox", "webhook", "test"])
    await append(streamId(kind, "1"), { room: "hall" });
  await append(streamId("policy", "owner"), {});
  const [only] = await stream.take(1);
  expect(only!.data["stream"]).toBe("policy:owner");
  stream.close();
});

test("line breaks in a type or in data start no field and no event", async () => {
  const stream = await open();
  const evil = "x\n\nid: forged\nevent: bye\rdata: {}\r\n\r\n";
  await append(SESSION, { type: evil, room: evil, data: { [evil]: evil } });
  await append(SESSION, { type: "after" });
  const sent = await stream.take(2);
  expect(sent.map(({ event }) => event)).toEqual(["x  id: forged event: bye data: {}    ", "after"]);
  expect(sent[0]!.data["type"]).toBe(evil);
  expect(stream.lastId).not.toBe("forged");
  stream.close();
});

test.each([
  ["?limit=5", /Nothing is known by "limit"/],
  ["?stream=sess_1", /"sess_1" is the name of no stream/],
  ["?stream=", /stream/],
  ["?after=a&after=b", /twice/],
  ["?after=nonsense", /no id this server gave/],
  [`?${"type=x&".repeat(101)}`, /101 values/],
])("%s is refused with a sentence", async (query, sentence) => {
  const refused = await openStream(server.port, query);
  expect(refused.response.statusCode).toBe(400);
  expect((await bodyOf(refused))["detail"]).toMatch(sentence);
});

async function answerTo(id: string): Promise<readonly [number | undefined, unknown]> {
  const refused = await openStream(server.port, "", { "last-event-id": id });
  return [refused.response.statusCode, (await bodyOf(refused))["detail"]];
}

test("a forged id is refused, in its place and in its check, and so is one from the future", async () => {
  await append(SESSION, {}, {});
  const stream = await open("?after=start");
  const [first, second] = await stream.take(2);
  stream.close();
  const [place = "", partition = "", check = ""] = second!.id!.split(/-(?=\w-)|(?<=-\w)-/);
  const forged = [400, expect.stringMatching(/no id this server gave/)];
  expect(await answerTo(first!.id!.replace(/^1/, "2"))).toEqual(forged);
  expect(
    await answerTo(`${place}-${partition}-${check.startsWith("A") ? "B" : "A"}${check.slice(1)}`),
  ).toEqual(forged);
  expect(await answerTo(`${place}.${place}-${partition}-${check}`)).toEqual(forged);
  expect(await answerTo(`zzzzzzzzzzzzzzz-${partition}-${check}`)).toEqual(forged);
  expect(await answerTo(`3-${partition}-${check}`)).toEqual([
    400,
    expect.stringMatching(/ahead of this log/),
  ]);
});

test("an id whose event is pruned is too old, and who reads past others that are is told of the gap", async () => {
  await append(streamId("session", "kept"), {});
  await append(SESSION, {}, {});
  const stream = await open("?after=start");
  const [before, , inside] = await stream.take(3);
  stream.close();
  const pruned = { from: 1, to: 2, last_hash: last.get(SESSION)!.hash };
  await append(SESSION, { type: "pruned", data: pruned });
  expect(await store.prune({ stream: SESSION, throughSeq: 2 })).toBe(2);
  const refused = await openStream(server.port, "", { "last-event-id": inside!.id! });
  expect(refused.response.statusCode).toBe(410);
  expect((await bodyOf(refused))["detail"]).toMatch(/too old/);
  const again = await open("?type=nothing", { "last-event-id": before!.id! });
  const [gap] = await again.take(1);
  expect(gap).toMatchObject({ event: "gap", data: { stream: SESSION, from: 1, to: 2, reason: "pruned" } });
  again.close();
});

test("who is told nothing gets signs of life, and with them the id that spares what was not for it", async () => {
  const stream = await open("?type=wanted");
  await append(SESSION, { type: "unwanted" }, { type: "unwanted" });
  await settled();
  await clock.advance(20_000);
  await stream.until(({ comments }) => comments.length === 1);
  expect([stream.sent, stream.lastId]).toEqual([[], expect.any(String)]);
  const again = await open("", { "last-event-id": stream.lastId! });
  await append(SESSION, { type: "wanted" });
  await stream.take(1);
  expect(seqs(await again.take(1))).toEqual([3]);
  // Who was just told something needs no sign.
  await clock.advance(15_000);
  await clock.advance(15_000);
  await stream.until(({ comments }) => comments.length === 2);
  stream.close();
  again.close();
});

test.each([0, 2])(
  "who is cut before the first event goes on where it began, after %s of them",
  async (count) => {
    if (count > 0) await append(SESSION, {}, {});
    const stream = await open();
    await stream.until(({ lastId }) => lastId !== null);
    const closing = server.close();
    const [bye] = await stream.take(1);
    await Promise.all([closing, stream.ended]);
    expect(bye).toMatchObject({ event: "bye", data: { reason: "closing", resume: stream.lastId } });
    await append(SESSION, {});
    server = await start();
    const again = await open("", { "last-event-id": stream.lastId! });
    expect(seqs(await again.take(1))).toEqual([count + 1]);
    again.close();
  },
);

test("closing the server ends the streams with the id to come back with, and lets nobody in", async () => {
  const stream = await open();
  await append(SESSION, {});
  await stream.take(1);
  const closing = server.close();
  const [, bye] = await stream.take(2);
  await Promise.all([closing, stream.ended]);
  expect(bye).toMatchObject({ event: "bye", data: { reason: "closing", resume: stream.lastId } });
  expect(stream.retry).toBeGreaterThanOrEqual(1_000);
  server = await start();
  const again = await open("", { "last-event-id": stream.lastId! });
  await append(SESSION, {});
  expect(seqs(await again.take(1))).toEqual([2]);
  again.close();
});

test("more streams than the limit are refused until one ends", async () => {
  await restart({ streams: 2 });
  const streams = [await open(), await open()];
  const refused = await openStream(server.port);
  expect(refused.response.statusCode).toBe(429);
  await bodyOf(refused);
  streams[0]!.close();
  for (;;) {
    const next = await openStream(server.port);
    next.close();
    if (next.response.statusCode === 200) break;
  }
  streams[1]!.close();
});

test("HEAD says what would come, and opens no stream", async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/events`, { method: "HEAD" });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
});
