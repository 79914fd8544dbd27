// A fleet's tiles on their way to PLATO servers, when the fleet is given one, and then another.
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sinkFor } from "../src/local.ts";
import { bootId } from "../src/run/host.ts";
import { SystemClock } from "../src/session/system-clock.ts";
import { RouterCaller } from "../src/testing/router-caller.ts";
import { TestPlato } from "../src/testing/test-plato.ts";
import { Outbox } from "../src/tile/outbox.ts";
import type { Store } from "../src/store/port.ts";

const servers: TestPlato[] = [];
const outboxes: Outbox[] = [];

beforeEach(async () => {
  for (let n = 0; n < 2; n++) servers.push(await new TestPlato().start());
});

afterEach(async () => {
  for (const outbox of outboxes.splice(0)) await outbox.stop(0);
  for (const server of servers.splice(0)) await server.stop();
});

test("a fleet's tiles go where it was last told, from when it was told, each once, with two senders too", async () => {
  const [first, second] = [servers[0]!, servers[1]!];
  const plain = new RouterCaller();
  await plain.agents("a");
  await plain.post("/route", { task_id: "before" });
  send(plain.store);
  send(plain.store);

  const told = new RouterCaller({ beside: plain, settings: { plato_url: first.url } });
  await told.post("/route", { task_id: "one" });
  // Whoever was there before goes by it as well.
  await plain.post("/route", { task_id: "two" });
  await until(() => first.tiles.length === 2);
  await first.stop();
  await plain.post("/route", { task_id: "three" });

  const other = new RouterCaller({ beside: plain, settings: { plato_url: second.url } });
  await other.post("/route", { task_id: "four" });
  await until(() => second.tiles.length === 2);
  expect(first.questions).toEqual(["[H1_ROUTE] a → one", "[H1_ROUTE] a → two"]);
  // What waited goes to the new one, in its place.
  expect(second.questions).toEqual(["[H1_ROUTE] a → three", "[H1_ROUTE] a → four"]);
});

test("a crossing is told once, whoever brought it and however often routers start", async () => {
  const [plato] = [servers[0]!];
  const settings = { plato_url: plato.url };
  const router = new RouterCaller({ settings });
  send(router.store);
  await router.agents("a", "b", "c", "d");
  await router.ties("a b", "b c", "c d", "d a", "a c");
  for (let start = 0; start < 3; start++) {
    const other = new RouterCaller({ beside: router, settings });
    await Promise.all([router.ties("b d"), other.ties("b d")]);
    await other.router.fleets.start();
    await other.router.fleets.stop();
  }
  await until(() => plato.tiles.length === 1);
  // Six ties in parallel: the loop closed once. It opens with the last of them, and closes again.
  for (let tie = 0; tie < 6; tie++) await untie(router);
  await router.ties("b d");
  await until(() => plato.tiles.length === 2);
  expect(plato.questions).toEqual(Array.from({ length: 2 }, () => "[EMERGENCE ALERT] β₁=3 > V-2=2"));
});

async function untie(router: RouterCaller): Promise<void> {
  const { status } = await router.send("DELETE", "/v1/fleet/edges", { a: "b", b: "d", kind: "delegation" });
  expect(status).toBe(200);
}

/** A process that sends what waits in a store. */
function send(store: Store): void {
  const clock = new SystemClock(bootId());
  const outbox = new Outbox({
    store,
    clock,
    moment: () => ({ now: clock.now(), boot: clock.boot() }),
    random: () => 0,
    owner: `sender${outboxes.length}`,
    sinkFor: sinkFor(clock),
    onError: (error) => {
      throw error;
    },
  });
  outbox.start();
  outboxes.push(outbox);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(10);
}
