import { expect, onTestFinished, test, vi } from "vitest";
import type { Appended } from "../event/log.ts";
import { AppendQueue } from "./append-queue.ts";
import { News } from "./news.ts";

/** News of a log of two partitions that this process and another append to. */
async function listening() {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const end = [3, 0];
  const told: Appended[] = [];
  const queue = new AppendQueue({ partitions: 2, write: async () => await Promise.resolve([]) });
  const news = new News({
    listen: () => () => undefined,
    announce: async () => await Promise.resolve(),
    end: async () => await Promise.resolve([...end]),
    between: async (act) => await queue.between(act),
  });
  await news.begin();
  news.add((appended) => told.push(appended));
  onTestFinished(() => {
    news.stop();
    vi.useRealTimers();
  });
  const poll = async (): Promise<readonly Appended[]> => {
    vi.advanceTimersByTime(1_000);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    return told.splice(0);
  };
  await poll();
  return { end, news, poll };
}

test("nothing is told where nothing was appended", async () => {
  const { poll } = await listening();
  expect(await poll()).toEqual([]);
});

test("what another appended is told though its notice was lost", async () => {
  const { end, poll } = await listening();
  end[1] = 1;
  expect(await poll()).toEqual([{ own: false }]);
  expect(await poll()).toEqual([]);
});

test("up to where all is our own is told, and is not taken for another's", async () => {
  const { end, news, poll } = await listening();
  end[0] = 5;
  news.appended(new Map([[0, 2]]));
  expect(await poll()).toEqual([{ own: true }, { own: true, through: [5, 0] }]);
});

test("another's event among our own is another's", async () => {
  const { end, news, poll } = await listening();
  end[0] = 6;
  news.appended(new Map([[0, 2]]));
  expect(await poll()).toEqual([{ own: true }, { own: false }]);
  end[0] = 7;
  news.appended(new Map([[0, 1]]));
  expect(await poll()).toEqual([{ own: true }, { own: true, through: [7, 0] }]);
});
