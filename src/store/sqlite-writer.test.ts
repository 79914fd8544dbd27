import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Writer } from "./sqlite-writer.ts";

function writing() {
  const database = new DatabaseSync(":memory:");
  const commits: number[] = [];
  let works = 0;
  const writer = new Writer({
    database,
    name: "a test's",
    busyTimeoutMs: 0,
    finish: () => undefined,
    ended: () => {
      commits.push(works);
      works = 0;
    },
  });
  const write = async (): Promise<number> => await writer.write(1, () => ++works);
  return { write, commits };
}

/** So many works, each of which comes a turn of the event loop after the one before. */
async function byTurns(count: number, write: () => Promise<number>): Promise<void> {
  const all: Promise<number>[] = [];
  for (let index = 0; index < count; index++) {
    all.push(write(), write());
    await turn();
  }
  await Promise.all(all);
}

/** Counts turns of the event loop until it is stopped; then says how many there were. */
function countTurns(): { stop(): number } {
  let turns = 0;
  let next = setImmediate(count);
  function count(): void {
    turns++;
    next = setImmediate(count);
  }
  return {
    stop: () => {
      clearImmediate(next);
      return turns;
    },
  };
}

test("works that come turn by turn share one commit", async () => {
  const { write, commits } = writing();
  await byTurns(4, write);
  expect(commits).toEqual([8]);
});

test("a commit waits for no more than some turns, so that nobody waits for ever", async () => {
  const { write, commits } = writing();
  await byTurns(100, write);
  expect(commits.length).toBeGreaterThan(8);
});

test("who goes on alone is spared most turns of the event loop and not all, and shares the next with who has come", async () => {
  const { write, commits } = writing();
  const turns = countTurns();
  for (let index = 0; index < 40; index++) await write();
  expect(commits).toHaveLength(40);
  const between = turns.stop();
  expect(between).toBeGreaterThanOrEqual(9);
  expect(between).toBeLessThan(20);
  await Promise.all([write(), write()]);
  expect(commits.at(-1)).toBe(2);
});

test("one work alone waits for nobody", async () => {
  const { write, commits } = writing();
  const written = write();
  const turns = countTurns();
  await written;
  expect(turns.stop()).toBeLessThanOrEqual(1);
  expect(commits).toEqual([1]);
});
