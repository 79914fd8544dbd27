import { expect, test } from "vitest";
import { eventsOf } from "../testing/events-of.ts";
import { testManager } from "../testing/test-manager.ts";

test("sessions are found by a time range, from inclusive and before exclusive", async () => {
  const { manager, clock } = testManager();
  const times: number[] = [];
  for (let count = 0; count < 4; count++) {
    await manager.startSession();
    times.push(clock.now());
    await clock.advance(1_000);
  }
  const [, from, , before] = times;
  const { sessions } = await manager.list({ createdFrom: from!, createdBefore: before! });
  expect(sessions.map(({ createdAt }) => createdAt)).toEqual([times[2], times[1]]);
  await expect(manager.list({ createdFrom: 0.5 })).rejects.toMatchObject({ code: "invalid_argument" });
  await manager.close();
});

test("a text is found in name and id in whatever case, over pages of any size, each session once", async () => {
  const { manager, clock } = testManager();
  const wanted: string[] = [];
  for (let count = 0; count < 25; count++) {
    const isWanted = count % 3 === 0;
    const sessionName = isWanted ? `Nightly-${count}` : `other-${count}`;
    const session = await manager.startSession({ config: { sessionName, agentId: "a" } });
    if (isWanted) wanted.unshift(session.sessionId);
    await clock.advance(count % 2);
  }
  for (const limit of [1, 2, 4, 9, 50]) {
    const found: string[] = [];
    let after: string | null | undefined;
    do {
      const page = await manager.list({
        text: "nIGHTLY",
        limit,
        ...(typeof after === "string" && { after }),
      });
      expect(page.sessions.length).toBeLessThanOrEqual(limit);
      found.push(...page.sessions.map(({ sessionId }) => sessionId));
      after = page.next;
    } while (after !== null);
    expect(found.toSorted()).toEqual(wanted.toSorted());
  }
  const [id] = wanted;
  expect((await manager.list({ text: id!.slice(6).toUpperCase() })).sessions).toHaveLength(1);
  expect((await manager.list({ text: "nothing of the kind" })).sessions).toEqual([]);
  await manager.close();
});

test("a session is started with a configuration and an id of its own, once", async () => {
  const { manager } = testManager();
  const start = async () =>
    await manager.startSession({
      config: { sessionName: "own", agentId: "other", maxTasks: 3 },
      sessionId: "sess_own1",
      idempotencyKey: "k",
    });
  const session = await start();
  expect([session.sessionId, session.sessionName, session.agentId]).toEqual(["sess_own1", "own", "other"]);
  expect((await start()).sessionId).toBe("sess_own1");
  expect(await eventsOf(session)).toHaveLength(1);
  await expect(manager.startSession({ sessionId: "sess_own1" })).rejects.toMatchObject({ code: "conflict" });
  await expect(manager.startSession({ sessionId: "sess_ü" })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  await expect(manager.startSession({ idempotencyKey: "k" })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  await manager.close();
});

test("of certain sessions each is looked at, and pages hold each once", async () => {
  const { manager, clock } = testManager({ tags: ["t"] });
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    ids.unshift((await manager.startSession()).sessionId);
    await clock.advance(count % 2);
  }
  const [newest, ...others] = ids;
  await (await manager.get(others[0]!)).endSession();
  const sessionIds = ["sess_none", ...others.toReversed(), others[0]!];
  const listed = async (filter: object) =>
    (await manager.list({ sessionIds, ...filter })).sessions.map(({ sessionId }) => sessionId);
  expect(await listed({})).toEqual(others);
  expect(await listed({ status: "open", tag: "t" })).toEqual(others.slice(1));
  expect(await listed({ text: newest!.slice(-8) })).toEqual([]);
  const { sessions, next } = await manager.list({ sessionIds, limit: 3 });
  expect(sessions).toHaveLength(3);
  expect(await listed({ limit: 3, after: next! })).toEqual(others.slice(3));
  await expect(manager.list({ sessionIds, after: "x" })).rejects.toMatchObject({ code: "invalid_argument" });
  await manager.close();
});
