import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory.ts";
import type { Aggregate } from "./decider.ts";
import { streamId, type Fact } from "./event.ts";
import { fold } from "./fold.ts";
import { Runtime } from "./runtime.ts";

const STREAM = streamId("ticks", "one");

const ticks: Aggregate<number, { readonly now: number; readonly count: number }, Fact> = {
  initial: () => 0,
  decide: (_, { count }) => Array.from({ length: count }, () => ({ type: "tick", room: null, data: {} })),
  evolve: (count) => count + 1,
  head: () => ({ kind: "ticks", status: "open", createdAt: 0, dueAt: null, labels: [], summary: {} }),
  settle: () => null,
  snapshot: { version: 1, save: (count) => count, load: Number },
};

test("whoever else has work gets a turn after each thousand events that are read", async () => {
  const log = new MemoryStore();
  const runtime = new Runtime({
    aggregate: ticks,
    log,
    moment: () => ({ now: 0, boot: { id: "b", offsetMs: 0 } }),
    snapshotEvery: 10_000,
  });
  await runtime.execute(STREAM, { count: 3_500 });
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const { state } = await fold({ aggregate: ticks, log, stream: STREAM });
  clearImmediate(next);
  expect(state).toBe(3_500);
  expect(turns).toBeGreaterThanOrEqual(3);
});
