// Processes are killed between what a session records and what its fleet does, at every named point. Then no edge is
// left, and no task had two.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Happened } from "../src/event/decider.ts";
import { streamId, type Event, type StreamId } from "../src/event/event.ts";
import type { FleetFact } from "../src/fleet/fleet-facts.ts";
import { taskKey } from "../src/fleet/fleet-facts.ts";
import { createFleet } from "../src/fleet/router.ts";
import { SessionManager } from "../src/local.ts";
import { FleetRouter } from "../src/session/fleet-router.ts";
import { openStore } from "../src/store/open.ts";
import type { Store } from "../src/store/port.ts";
import { finish, mortalStore, type VictimOrders } from "./fleet-victim.ts";

const ROUNDS = process.env["HOLODECK_LONG"] === "1" ? 8 : 1;
const POINTS = [
  "fleet:task_routed",
  "session:task_routed",
  "fleet:task_confirmed",
  "session:task_ended",
  "session:session_ended",
  "fleet:task_completed",
  "place",
].flatMap((point) => [`${point}:before`, `${point}:after`]);

const FLEET = streamId("fleet", "default");
let folder = "";

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test(
  `killed at each of ${POINTS.length} points, the fleet keeps no edge and no task gets two`,
  { timeout: 300_000 },
  async () => {
    const { died, standing, faults, sessions } = await killAt(POINTS, null);
    expect(died).toEqual(POINTS.map((point) => [point, "SIGKILL"]));
    expect(sessions).toBeGreaterThanOrEqual(POINTS.length / 4);
    expect(faults).toEqual([]);
    expect(standing).toEqual({ edges: 0, tasks: 0 });
  },
);

test("the check can fail: a follower that forgets its place leaves edges", { timeout: 120_000 }, async () => {
  const { standing } = await killAt(["session:task_ended:after"], "forgets place");
  expect(standing.edges).toBeGreaterThan(0);
});

test(
  "the check can fail: without its key a route that is asked for again makes a second edge",
  { timeout: 120_000 },
  async () => {
    const { faults } = await killAt(["fleet:task_routed:after"], "forgets keys");
    expect(faults.join()).toContain(" is with a and b");
  },
);

async function killAt(points: readonly string[], fault: VictimOrders["fault"]) {
  folder = mkdtempSync(join(tmpdir(), "holodeck-fleet-"));
  const address = join(folder, "holodeck.db");
  const died: (readonly [string, string | null])[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const point of points) {
      const signal = await live({ address, point, time: 1 + ((died.length + round) % 4), fault });
      if (round === 0) died.push([point, signal]);
    }
  const store = mortalStore(await openStore(address), { point: null, time: 0, fault });
  const sessions = await settleAll(store);
  const again = await openStore(address);
  const standing = await standingIn(again);
  const faults = await faultsIn(again);
  await again.close();
  return { died, standing, faults, sessions };
}

/** Answers the signal it died by. */
async function live(orders: VictimOrders): Promise<string | null> {
  const victim = join(import.meta.dirname, "fleet-victim.ts");
  const child = spawn(process.execPath, [victim, JSON.stringify(orders)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return signal;
}

/** What is open is finished; answers how many sessions there were. */
async function settleAll(store: Store): Promise<number> {
  await using manager = new SessionManager({ sessionName: "heir", agentId: "heir" }, { store });
  const { sessions } = await manager.list({ limit: 1_000 });
  for (const { sessionId, status } of sessions) {
    if (status === "open") await finish(manager, await manager.resume(sessionId));
  }
  await manager.getH1Status();
  return sessions.length;
}

/** What the fleet holds once a minute has passed in which assignments must be confirmed. */
async function standingIn(store: Store): Promise<{ readonly edges: number; readonly tasks: number }> {
  const router = new FleetRouter({ log: store, moment: aMinuteOn, fleet: "default", offset: -2 });
  const { edges, vertices } = await router.status();
  return { edges, tasks: vertices - 3 };
}

const aMinuteOn = () => ({ now: Date.now() + 61_000, boot: { id: "", offsetMs: 0 } });

/** Tasks that had two agents at a time, ended twice, or were routed twice by their session. */
async function faultsIn(store: Store): Promise<readonly string[]> {
  const faults: string[] = [];
  const fleet = createFleet();
  let state = fleet.initial();
  const completed = new Set<string>();
  for await (const event of eventsOf(store, FLEET)) {
    const fact = event as unknown as Happened<FleetFact>;
    state = fleet.evolve(state, fact);
    if (fact.type === "task_routed") {
      const agents = [...state.graph.neighbours(taskKey(fact.data), "assignment")].sort();
      if (agents.length !== 1) faults.push(`${taskKey(fact.data)} is with ${agents.join(" and ")}`);
    }
    if (fact.type === "task_completed" && completed.size === completed.add(taskKey(fact.data)).size)
      faults.push(`${taskKey(fact.data)} ended twice`);
  }
  const { items } = await store.heads({ filter: { kind: "session" }, page: { limit: 1_000 } });
  for (const { stream } of items) {
    const routed: unknown[] = [];
    for await (const { type, data } of eventsOf(store, stream))
      if (type === "task_routed") routed.push(data["task_id"]);
    if (new Set(routed).size !== routed.length) faults.push(`${stream} routed a task twice`);
  }
  return faults;
}

async function* eventsOf(store: Store, stream: StreamId): AsyncGenerator<Event> {
  for (let seq = 0; ;) {
    const page = await store.read({ stream, afterSeq: seq });
    for (const { event } of page) yield event;
    if (page.length === 0) return;
    seq += page.length;
  }
}
