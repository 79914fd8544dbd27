// Posts on their way to real receivers that are away, hang, refuse and lie; time is virtual. What counts is what a
// receiver has once it drops what comes again: each post.
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SessionManager } from "../src/session/manager.ts";
import { Retention } from "../src/session/retention.ts";
import type { Session } from "../src/session/session.ts";
import { streamOf } from "../src/session/stream.ts";
import type { Store } from "../src/store/port.ts";
import { TestClock } from "../src/testing/test-clock.ts";
import { fixedRouter } from "../src/testing/test-manager.ts";
import { Deliveries } from "../src/tile/deliveries.ts";
import type { ParkedTile } from "../src/tile/outbox-stream.ts";
import type { Address } from "../src/tile/target.ts";
import { countWaiting, waitingSessions, type WaitingSession } from "../src/tile/waiting.ts";
import { PostCarrier } from "../src/webhook/post-carrier.ts";
import { ANY_WEBHOOK } from "../src/webhook/post-errand.ts";
import { makeWebhooks, type WebhookOptions } from "../src/webhook/webhook.ts";
import {
  closeAll,
  closesAfterTest,
  KeptOpen,
  until,
  world,
  type Shared,
  type World,
} from "./outbox-world.ts";
import { WebhookReceiver } from "./webhook-receiver.ts";

let clock = new TestClock();
beforeEach(() => {
  clock = new TestClock();
});
afterEach(closeAll);

test("tells of a task that failed and of a session that ended, signed, each under its event's hash", async () => {
  const receiver = await receives();
  const { manager, store } = hooked([receiver.hook()]);
  const session = await play(manager, ["fine", "bad"]);
  await until(() => receiver.posts.size === 2);
  const events = await store.read({ stream: streamOf(session.sessionId) });
  const told = events.filter(
    ({ event }) => event.type === "session_ended" || event.data["outcome"] === "failed",
  );
  const [failed, ended] = told;
  expect([...receiver.posts]).toEqual([
    [
      failed?.hash,
      {
        type: "task_failed",
        event_id: failed?.hash,
        at: "2026-05-19T22:45:00Z",
        session_id: session.sessionId,
        task_id: "bad",
        agent_id: "oracle1",
        outcome: "failed",
        duration_ms: 1,
        attempt: 1,
        error: "it broke",
      },
    ],
    [
      ended?.hash,
      expect.objectContaining({
        type: "session_ended",
        session_id: session.sessionId,
        outcome: "success",
        tasks: { total: 2, succeeded: 1, failed: 1, cancelled: 0, timed_out: 0 },
      }),
    ],
  ]);
  expect(receiver.ids).toHaveLength(2);
});

test("tells of a task that ran out of time, and of emergence", async () => {
  const receiver = await receives();
  const alert = { h1: 9, threshold: 5, vertices: 7, edges: 15, recommendation: "Look." };
  const router = {
    ...fixedRouter(),
    route: async (request: Parameters<ReturnType<typeof fixedRouter>["route"]>[0]) => ({
      ...(await fixedRouter().route(request)),
      alert,
    }),
  };
  const { manager } = hooked([receiver.hook(["task_failed", "emergence_alert"])], {
    store: new KeptOpen(),
    router,
  });
  const session = await manager.startSession();
  await session.addTask("slow", null, { timeoutSeconds: 5 });
  await session.startTask("slow");
  await clock.advance(6_000);
  await until(() => receiver.posts.size === 1, clock);
  await manager.routeTaskH1("routed", [], session);
  await until(() => receiver.posts.size === 2, clock);
  expect([...receiver.posts.values()]).toMatchObject([
    { type: "task_failed", task_id: "slow", outcome: "timeout" },
    { type: "emergence_alert", session_id: session.sessionId, h1: 9, threshold: 5, recommendation: "Look." },
  ]);
});

test("two webhooks hear each what it was declared for, and one that is away holds up no other", async () => {
  const [away, well] = [await receives(), await receives()];
  await away.stop();
  const { manager } = hooked([
    away.hook(["session_ended"]),
    well.hook(["session_ended"]),
    well.hook(["task_failed"]),
  ]);
  await play(manager, ["bad"]);
  await until(() => well.posts.size === 2);
  expect(well.types.toSorted()).toEqual(["session_ended", "task_failed"]);
  await away.start();
  await until(() => away.posts.size === 1, clock);
  expect(away.types).toEqual(["session_ended"]);
});

test("what happened before a webhook was declared is not told, what happens while nobody serves it is", async () => {
  const receiver = await receives();
  const before = world({}, { store: new KeptOpen(), clock });
  await play(before.manager, ["early"]);
  const first = hooked([receiver.hook()], before.ports);
  const open = await first.manager.startSession();
  await open.addTask("bad");
  await open.completeTask("bad", "failed", { error: "it broke" });
  await until(() => receiver.posts.size === 1);
  await first.close();

  const during = await play(before.manager, []);
  expect(receiver.posts.size).toBe(1);
  // A manager serves from when it is first used.
  await hooked([receiver.hook()], before.ports).manager.list();
  await until(() => receiver.posts.size === 2, clock);
  expect([...receiver.posts.values()][1]).toMatchObject({
    type: "session_ended",
    session_id: during.sessionId,
  });
  expect(receiver.ids).toHaveLength(2);
});

test("a receiver that hangs or is away for an hour slows no session and gets each post when it is back", async () => {
  const receiver = await receives();
  receiver.script = () => "hang";
  const { manager, store, metrics } = hooked([receiver.hook()]);
  const session = await play(manager, ["bad"]);
  expect(session.outcome).toBe("success");
  await until(() => receiver.ids.length === 1);
  await receiver.stop();
  for (let minute = 0; minute < 60; minute++) await clock.advance(60_000);
  expect(await metrics.text()).toContain("\nholodeck_webhooks_pending 2\n");
  receiver.script = () => "accept";
  await receiver.start();
  await until(() => receiver.posts.size === 2, clock);
  await until(async () => (await countWaiting(store, ANY_WEBHOOK)) === 0, clock);
  expect(await metrics.text()).toMatch(/holodeck_webhooks_pending 0\n[^]*holodeck_webhooks_sent_total 2\n/);
});

test.each([408, 429, 500, 502, 503])("HTTP %i is tried again until it is over", async (status) => {
  const receiver = await receives();
  let refusals = 5;
  receiver.script = () => (refusals-- > 0 ? { status } : "accept");
  const { manager } = hooked([receiver.hook(["session_ended"])]);
  await play(manager, []);
  await until(() => receiver.posts.size === 1, clock);
  expect(receiver.ids).toHaveLength(6);
  expect(new Set(receiver.ids).size).toBe(1);
});

test("waits between tries as long as a receiver asks", async () => {
  const receiver = await receives();
  receiver.script = () => ({ status: 503, headers: { "retry-after": "600" } });
  const { manager, metrics } = hooked([receiver.hook(["session_ended"])]);
  await play(manager, []);
  await until(async () => (await metrics.text()).includes("\nholodeck_webhook_send_failures_total 1\n"));
  receiver.script = () => "accept";
  await clock.advance(590_000);
  expect(receiver.ids).toHaveLength(1);
  await until(() => receiver.posts.size === 1, clock);
});

test.each([400, 401, 404, 409, 410, 422])(
  "HTTP %i parks the post, shown with its reason, and the rest goes on; a retry sends it",
  async (status) => {
    const receiver = await receives();
    receiver.script = ({ type }) => (type === "task_failed" ? { status } : "accept");
    const { manager, store, metrics, ports } = hooked([receiver.hook()]);
    const session = await play(manager, ["bad"]);
    await until(() => receiver.posts.size === 1);
    await until(async () => (await parked(store)).length === 1);
    expect(await shown(store)).toMatchObject([
      {
        session: `session:${session.sessionId}`,
        destination: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+#[0-9a-f]{16}$/),
        waiting: 0,
        parked: [{ question: "task_failed", reason: `HTTP ${status}: scripted`, code: status }],
      },
    ]);
    expect(await metrics.text()).toContain("\nholodeck_webhooks_parked_total 1\n");
    receiver.script = () => "accept";
    expect(await retryFrom(ports)).toBe(1);
    await until(() => receiver.posts.size === 2, clock);
    await until(async () => (await shown(store)).length === 0, clock);
  },
);

test("a redirect is not followed: it parks", async () => {
  const [receiver, other] = [await receives(), await receives()];
  receiver.script = () => ({ status: 307, headers: { location: other.url } });
  const { manager, store } = hooked([receiver.hook(["session_ended"])]);
  await play(manager, []);
  await until(async () => (await parked(store)).length === 1);
  expect(other.paths).toEqual([]);
});

test("a webhook that leads to a private network is never posted to: it parks, and says how to allow it", async () => {
  const receiver = await receives();
  const options = { ...receiver.hook(["session_ended"]), url: "http://inside.example/hook" };
  const { manager, store, metrics } = hooked([options], { store: new KeptOpen() }, leadsInside);
  await play(manager, []);
  await until(async () => (await parked(store)).length === 1);
  expect(await parked(store)).toMatchObject([
    { code: null, reason: expect.stringContaining("inside.example leads to 192.168.1.5") },
  ]);
  expect(await metrics.text()).toContain("\nholodeck_webhooks_sent_total 0\n");
});

test("an answer that is lost comes again under the same id, which a receiver drops", async () => {
  const receiver = await receives();
  const lost = new Set<string>();
  receiver.script = ({ event_id }) => (lost.size === lost.add(event_id).size ? "accept" : "lose_answer");
  const { manager, store } = hooked([receiver.hook()]);
  await play(manager, ["bad"]);
  await until(async () => receiver.posts.size === 2 && (await countWaiting(store, ANY_WEBHOOK)) === 0, clock);
  expect(receiver.ids.length).toBeGreaterThan(2);
  expect(new Set(receiver.ids).size).toBe(2);
});

test("what was not posted before its session was pruned is let go of, and waits no more", async () => {
  const receiver = await receives();
  await receiver.stop();
  const { manager, store } = hooked([receiver.hook()]);
  await play(manager, ["bad"]);
  await until(async () => (await countWaiting(store, ANY_WEBHOOK)) === 2);
  const retention = new Retention({ store, clock, retain: { eventsDays: 0 }, owner: "test" });
  while ((await retention.tick()) === "more");
  await receiver.start();
  const filter = { kind: "webhook", status: "done" };
  await until(async () => (await store.heads({ filter })).items.length === 1, clock);
  expect(receiver.ids).toEqual([]);
});

test("two processes over one store, with the same webhook, post each event once while both are well", async () => {
  const receiver = await receives();
  const first = hooked([receiver.hook()]);
  const second = hooked([receiver.hook()], first.ports);
  for (const { manager } of [first, second, first, second]) await play(manager, ["bad"]);
  await until(() => receiver.posts.size === 8, clock);
  await until(async () => (await countWaiting(first.store, ANY_WEBHOOK)) === 0, clock);
  expect(receiver.ids).toHaveLength(8);
});

test("neither the secret nor the URL's path is in the log, in a head, or in what a post says", async () => {
  const receiver = await receives();
  receiver.script = ({ type }) => (type === "task_failed" ? { status: 410 } : "accept");
  const { manager, store } = hooked([receiver.hook()]);
  await play(manager, ["bad"]);
  await until(() => receiver.posts.size === 1);
  await until(async () => (await parked(store)).length === 1);
  const { events } = await store.tail({ after: null });
  const { items } = await store.heads({ filter: { kind: "webhook" } });
  expect(items).toHaveLength(1);
  const seen = JSON.stringify([events.map(({ event }) => event), items, [...receiver.posts.values()]]);
  expect(seen).not.toMatch(/hunter22|whsec_|BwcHBwcH/);
  expect(receiver.paths).toContain("/hooks/hunter22");
});

test("a session that a webhook hears nothing of costs nothing in the log", async () => {
  const receiver = await receives();
  const { manager, store } = hooked([receiver.hook(["task_failed"])]);
  await play(manager, ["fine"]);
  await play(manager, ["bad"]);
  await until(() => receiver.posts.size === 1);
  expect((await store.heads({ filter: { kind: "webhook" } })).items).toHaveLength(1);
});

async function leadsInside(): Promise<readonly Address[]> {
  return await Promise.resolve([{ address: "192.168.1.5", family: 4 }]);
}

async function receives(): Promise<WebhookReceiver> {
  const receiver = await new WebhookReceiver().start();
  receiver.now = () => clock.now();
  closesAfterTest(async () => await receiver.stop());
  return receiver;
}

/** A manager with these webhooks. */
function hooked(
  options: readonly WebhookOptions[],
  shared: Shared = { store: new KeptOpen() },
  lookup?: (hostname: string) => Promise<readonly Address[]>,
): World {
  const webhooks: NonNullable<Shared["webhooks"]> = {
    webhooks: makeWebhooks(options, {}),
    carrierFor: (webhook) => new PostCarrier({ webhook, clock, ...(lookup !== undefined && { lookup }) }),
    random: () => 0.5,
  };
  return world({}, { ...shared, clock, webhooks });
}

/** A session of these tasks; one called `bad` fails. */
async function play(manager: SessionManager, tasks: readonly string[]): Promise<Session> {
  const session = await manager.startSession();
  for (const task of tasks) {
    await session.addTask(task);
    const isBad = task === "bad";
    const error = isBad ? { error: "it broke" } : {};
    await session.completeTask(task, isBad ? "failed" : "success", { durationMs: 1, ...error });
  }
  await session.endSession("success");
  return session;
}

async function shown(store: Store): Promise<readonly WaitingSession[]> {
  const found: WaitingSession[] = [];
  for await (const one of waitingSessions(store, { errand: ANY_WEBHOOK })) found.push(one);
  return found;
}

async function parked(store: Store): Promise<readonly ParkedTile[]> {
  return (await shown(store)).flatMap((one) => one.parked);
}

/** As `holodeck webhooks --retry` asks for it. */
async function retryFrom({ store }: Shared): Promise<number> {
  const asks = new Deliveries({
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: () => 0,
    owner: "cli",
    errand: ANY_WEBHOOK,
    carrierFor: () => expect.unreachable("it only asks"),
    onError: () => expect.unreachable("it only asks"),
  });
  return await asks.retryParked();
}
