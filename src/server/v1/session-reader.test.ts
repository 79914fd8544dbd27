import { expect, test } from "vitest";
import { testManager } from "../../testing/test-manager.ts";
import { SessionReader } from "./session-reader.ts";

test("readers at once, while others write, each see the session as it is, and no event twice", async () => {
  const { manager } = testManager();
  const session = await manager.startSession();
  const reader = new SessionReader(await manager.store());
  const { sessionId } = session;
  for (let round = 0; round < 20; round++) {
    await session.addTask(`t${round}`);
    await session.completeTask(`t${round}`, "success");
    const [one, two] = await Promise.all([
      reader.read(sessionId, ({ totals, ends }) => [totals.success, ends.length]),
      reader.read(sessionId, ({ totals, ends }) => [totals.success, ends.length]),
    ]);
    expect([one, two]).toEqual([
      [round + 1, round + 1],
      [round + 1, round + 1],
    ]);
  }
  await manager.close();
});

test("more sessions than are kept are read all the same, and one that is not there can come to be", async () => {
  const { manager } = testManager();
  const reader = new SessionReader(await manager.store());
  await expect(reader.read("sess_1", ({ sessionId }) => sessionId)).rejects.toMatchObject({
    code: "not_found",
  });
  for (let count = 1; count <= 40; count++) await manager.startSession({ sessionId: `sess_${count}` });
  for (const _ of [1, 2])
    for (let count = 1; count <= 40; count++)
      expect(await reader.read(`sess_${count}`, ({ sessionId }) => sessionId)).toBe(`sess_${count}`);
  await manager.close();
});

test("a reading that throws harms no later one", async () => {
  const { manager } = testManager();
  const { sessionId } = await manager.startSession();
  const reader = new SessionReader(await manager.store());
  await expect(reader.read(sessionId, failing)).rejects.toThrow("no");
  expect(await reader.read(sessionId, ({ status }) => status)).toBe("open");
  await manager.close();
});

function failing(): never {
  throw new TypeError("no");
}
