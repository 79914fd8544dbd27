import { expect, test } from "vitest";
import { HolodeckError } from "../event/error.ts";
import { streamId, type StreamId } from "../event/event.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { given } from "../testing/given.ts";
import { TestClock } from "../testing/test-clock.ts";
import { testManager, testProcesses, type TestManager } from "../testing/test-manager.ts";
import { recoveryAggregate, TRY_AGAIN_MS } from "./recovery-aggregate.ts";
import { streamOf } from "./stream.ts";

/** Sessions that cannot be read: their bytes went bad. */
type Broken = Set<StreamId>;

type Trouble = "event_corrupt" | "store_io" | "store_unreachable";

/** The store as one process sees it; reads of broken sessions fail as damaged bytes do. */
function seenBy(store: MemoryStore, broken: Broken, code: Trouble = "event_corrupt"): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = member.bind(target) as (params: { readonly stream: StreamId }) => unknown;
      if (name !== "read") return call;
      return async (params: { readonly stream: StreamId }) => {
        if (!broken.has(params.stream)) return await call(params);
        throw new HolodeckError(code, { what: "The bytes are bad.", todo: "Restore them." });
      };
    },
  });
}

interface World {
  readonly store: MemoryStore;
  readonly broken: Broken;
  readonly start: (pid: number, code?: Trouble) => TestManager;
  /** Moves the clock of all processes. */
  readonly clock: TestClock;
}

function world(): World {
  const store = new MemoryStore();
  const broken: Broken = new Set();
  const clock = new TestClock();
  return {
    store,
    broken,
    clock,
    start: (pid, code) =>
      testManager(
        { sessionTimeoutSeconds: 60 },
        {
          clock,
          openStore: async () => await Promise.resolve(seenBy(store, broken, code)),
          processes: testProcesses(pid),
        },
      ),
  };
}

/** Starts so many sessions in a process that then goes away. */
async function abandoned(in_: World, count: number): Promise<readonly string[]> {
  const { manager } = testManager(
    { sessionTimeoutSeconds: 60 },
    { openStore: async () => await Promise.resolve(kept(in_.store)) },
  );
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push((await manager.startSession()).sessionId);
  await manager.close();
  return ids;
}

/** A store that outlives the manager that closes it. */
function kept(store: MemoryStore): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "close") return async () => await Promise.resolve();
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

async function eventsBeside({ store }: World, sessionId: string): Promise<readonly string[]> {
  const events = await store.read({ stream: streamId("recovery", sessionId) });
  return events.map(({ event }) => event.type);
}

async function statuses({ manager }: TestManager): Promise<Readonly<Record<string, string>>> {
  const { sessions } = await manager.list({ limit: 1_000 });
  return Object.fromEntries(sessions.map(({ sessionId, status }) => [sessionId, status]));
}

test("a session that fails to recover three times is left alone, visibly, and the others go on", async () => {
  const here = world();
  const [bad = "", good = ""] = await abandoned(here, 2);
  here.broken.add(streamOf(bad));
  const one = here.start(2);
  await one.manager.list();
  await here.clock.advance(60_000);
  expect(await statuses(one)).toEqual({ [bad]: "open", [good]: "timeout" });
  await here.clock.advance(10_000);
  expect(await statuses(one)).toEqual({ [bad]: "recovery_failed", [good]: "timeout" });
  const { sessions } = await one.manager.list({ status: "recovery_failed" });
  expect(sessions.map(({ sessionId }) => sessionId)).toEqual([bad]);
  await here.clock.advance(600_000);
  expect(await eventsBeside(here, bad)).toEqual([
    "recovery_attempt_failed",
    "recovery_attempt_failed",
    "recovery_failed",
  ]);
  expect(one.reported.filter(({ code }) => code === "recovery_failed")).toHaveLength(1);
});

test("processes that stumble over one trouble together make one try of it", async () => {
  const here = world();
  const [bad = ""] = await abandoned(here, 1);
  here.broken.add(streamOf(bad));
  const all = [here.start(2), here.start(3), here.start(4)];
  for (const { manager } of all) await manager.list();
  await here.clock.advance(60_000);
  expect(await eventsBeside(here, bad)).toEqual(["recovery_attempt_failed"]);
  await here.clock.advance(60_000);
  expect(await eventsBeside(here, bad)).toHaveLength(3);
});

test("a session that was left alone is tried again when it is asked for, and then goes on", async () => {
  const here = world();
  const [bad = ""] = await abandoned(here, 1);
  here.broken.add(streamOf(bad));
  const one = here.start(2);
  await one.manager.list();
  await here.clock.advance(70_000);
  await expect(one.manager.get(bad)).rejects.toMatchObject({ code: "event_corrupt" });
  here.broken.clear();
  // A process that starts later knows of it too.
  const later = here.start(3);
  await later.manager.list();
  await here.clock.advance(10_000);
  expect(await statuses(later)).toEqual({ [bad]: "recovery_failed" });
  expect((await later.manager.get(bad)).outcome).toBe("timeout");
  expect(await statuses(one)).toEqual({ [bad]: "timeout" });
  expect((await eventsBeside(here, bad)).at(-1)).toBe("recovered");
});

test("trouble that passes before the third try leaves the session to end as it must", async () => {
  const here = world();
  const [bad = ""] = await abandoned(here, 1);
  here.broken.add(streamOf(bad));
  const one = here.start(2);
  await one.manager.list();
  await here.clock.advance(61_000);
  here.broken.clear();
  await here.clock.advance(5_000);
  expect(await statuses(one)).toEqual({ [bad]: "timeout" });
  expect(await eventsBeside(here, bad)).toEqual(["recovery_attempt_failed", "recovered"]);
});

test.each<Trouble>(["store_io", "store_unreachable"])(
  "trouble of the whole store (%s) is held against no session",
  async (trouble) => {
    const here = world();
    const [bad = ""] = await abandoned(here, 1);
    here.broken.add(streamOf(bad));
    const one = here.start(2, trouble);
    await one.manager.list();
    await here.clock.advance(120_000);
    expect(await eventsBeside(here, bad)).toEqual([]);
    here.broken.clear();
    await here.clock.advance(5_000);
    expect(await statuses(one)).toEqual({ [bad]: "timeout" });
  },
);

test("so many broken sessions that they fill every page do not hold up the one behind them", async () => {
  const here = world();
  const ids = await abandoned(here, 1_006);
  // All are due at once; heads that are stand in the order of their ids.
  const [good = "", ...bad] = ids.toReversed();
  for (const sessionId of bad) here.broken.add(streamOf(sessionId));
  await here.start(2).manager.list();
  await here.clock.advance(60_000);
  const head = await here.store.head({ stream: streamOf(good) });
  expect(head?.status).toBe("timeout");
  expect((await here.store.head({ stream: streamOf(bad[0] ?? "") }))?.status).toBe("open");
});

const FAILURE = { type: "note_failure", sessionId: "sess_1", seq: 4, error: "bad" } as const;

test("another seq is another trouble: the count begins anew", () => {
  given(recoveryAggregate)
    .having(FAILURE)
    .after(TRY_AGAIN_MS)
    .having(FAILURE)
    .after(TRY_AGAIN_MS)
    .having({ ...FAILURE, seq: 5 })
    .after(TRY_AGAIN_MS)
    .when({ ...FAILURE, seq: 5 })
    .yields("recovery_attempt_failed");
});

test("a failure within the wait, or after the session was given up, says nothing new", () => {
  const first = given(recoveryAggregate)
    .having(FAILURE)
    .after(TRY_AGAIN_MS - 1);
  first.when(FAILURE).yields();
  const givenUp = first.after(1).having(FAILURE).after(TRY_AGAIN_MS).having(FAILURE);
  givenUp.after(TRY_AGAIN_MS).when(FAILURE).yields();
  givenUp.when({ type: "note_recovery" }).yields("recovered");
  givenUp.when({ type: "note_recovery" }).yields();
});
