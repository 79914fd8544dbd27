import { expect, test } from "vitest";
import { streamId } from "../event/event.ts";
import { MemoryStore } from "../store/memory.ts";
import { Runtime } from "../event/runtime.ts";
import { outboxAggregate, outboxOf } from "./outbox-stream.ts";

test("a fleet's outbox follows the newest server that was named, whoever reads the log late", async () => {
  const session = streamId("fleet", "default");
  const stream = outboxOf(session);
  expect(stream).toBe("outbox:fleet/default");
  const log = new MemoryStore();
  const moment = { now: 1, boot: { id: "b", offsetMs: 0 } };
  const runtime = new Runtime({ aggregate: outboxAggregate, log, moment: () => moment });
  const open = async (destination: string, afterSeq: number) =>
    await runtime.execute(stream, { type: "open_outbox", session, destination, afterSeq });
  await open("http://a", 10);
  expect(await runtime.refresh(stream)).toMatchObject({ destination: "http://a", throughSeq: 10 });
  await open("http://b", 30);
  expect(await runtime.refresh(stream)).toMatchObject({ destination: "http://b", throughSeq: 10 });
  const late = await open("http://a", 20);
  expect(late.events).toEqual([]);
  expect((await log.head({ stream }))?.labels).toEqual(["to:http://b"]);
  // A snapshot keeps it.
  const { snapshot } = outboxAggregate;
  const state = await runtime.refresh(stream);
  expect(snapshot.load(snapshot.save(state))).toEqual(state);
});
