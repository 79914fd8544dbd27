// Live events of a log in many partitions, which several servers share.
import { expect, onTestFinished, test } from "vitest";
import { streamId, type EncodedEvent, type StreamId } from "../src/event/event.ts";
import { startServer } from "../src/server/main.ts";
import { openStore } from "../src/store/open.ts";
import type { Store } from "../src/store/port.ts";
import { lastOf, testItem } from "../src/testing/events.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { openStream, type LiveStream, type Sent } from "./live-stream.ts";
import { need } from "./need.ts";
import { RedisServer } from "./servers/redis.ts";

interface Process {
  readonly store: Store;
  readonly port: number;
}

async function startProcess(address: string): Promise<Process> {
  const store = await openStore(address);
  const options = { clock: new TestClock(), port: 0, routerPort: 0, version: "1" };
  const server = await startServer({
    ...options,
    store,
    report: (error) => expect(error).toBeUndefined(),
  });
  onTestFinished(async () => {
    await server.close();
    await store.close();
  });
  return { store, port: server.port };
}

const STREAMS = Array.from({ length: 12 }, (_, index) => streamId("session", `s${index}`));

async function appendEverywhere({ store }: Process, last: Map<StreamId, EncodedEvent>): Promise<void> {
  const items = STREAMS.map((stream) => testItem({ stream, after: last.get(stream), facts: [{}, {}] }));
  for (const item of items) last.set(item.stream, lastOf(item));
  const results = await store.append(items);
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["appended"]));
}

function places(sent: readonly Sent[]): readonly string[] {
  return sent.map(({ data }) => `${String(data["stream"])}@${String(data["seq"])}`);
}

async function opened(port: number, query: string, after?: string): Promise<LiveStream> {
  const stream = await openStream(port, query, after === undefined ? {} : { "last-event-id": after });
  await stream.until(({ retry }) => retry !== null);
  onTestFinished(() => stream.close());
  return stream;
}

test.skipIf(!need("redis"))(
  "an id of one server is good at another, whichever partition it is of",
  async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.stop());
    const address = redis.newStore();
    const [one, two] = [await startProcess(address), await startProcess(address)];
    expect(one.store.partitions).toBeGreaterThan(1);
    const last = new Map<StreamId, EncodedEvent>();
    await appendEverywhere(one, last);
    const live = await opened(two.port, "?after=start");
    await live.take(24);
    await appendEverywhere(one, last);
    const all = await live.take(48);
    expect(new Set(places(all)).size).toBe(48);
    for (const index of [0, 7, 23, 24, 40]) {
      const rest = await opened(one.port, "", all[index]!.id!);
      const sent = await rest.take(47 - index);
      expect(new Set(places(sent))).toEqual(new Set(places(all.slice(index + 1))));
    }
    const [, other = "", ...parts] = all[40]!.id!.split(".");
    const forged = await openStream(one.port, "", {
      "last-event-id": [all[40]!.id!.split(".")[0], other === "" ? "1" : "", ...parts].join("."),
    });
    expect(forged.response.statusCode).toBe(400);
    forged.close();
  },
);
