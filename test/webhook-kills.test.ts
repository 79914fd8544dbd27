// Processes that post are killed again and again: when a post has had its effect and is not recorded yet, and at any
// other moment. What counts is the receiver's: each event, under one id however often it comes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { TailPage, TailPlace } from "../src/event/log.ts";
import { SessionManager } from "../src/local.ts";
import { countWaiting } from "../src/tile/waiting.ts";
import { kindOf } from "../src/webhook/kinds.ts";
import { ANY_WEBHOOK } from "../src/webhook/post-errand.ts";
import { WebhookReceiver } from "./webhook-receiver.ts";

const KILLS = process.env["HOLODECK_LONG"] === "1" ? 100 : 8;

let folder = "";
let receiver = new WebhookReceiver();

afterEach(async () => {
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(`${KILLS} kills between a post and its record lose none`, { timeout: 110_000 }, async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-webhooks-"));
  receiver = await new WebhookReceiver().start();
  const store = join(folder, "holodeck.db");
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program(store)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const gone = once(child, "close");
    let left = 1 + (kill % 5);
    // Odd kills let the answer out, so that they fall near the record rather than before it.
    receiver.script = () => {
      left -= 1;
      if (left > 0) return "accept";
      if (kill % 2 === 0) child.kill("SIGKILL");
      else setImmediate(() => child.kill("SIGKILL"));
      return "accept";
    };
    await gone;
  }
  receiver.script = () => "accept";
  const config = { sessionName: "check", agentId: "check" };
  await using manager = new SessionManager(config, { store, webhooks: [receiver.hook()] });
  const expected = await idsIn(manager);
  expect(expected.length).toBeGreaterThan(KILLS);
  const log = await manager.store();
  // A dead process's leases run out after 15 s.
  while (expected.some((id) => !receiver.posts.has(id)) || (await countWaiting(log, ANY_WEBHOOK)) > 0) {
    await pause(50);
  }
  expect([...receiver.posts.keys()].toSorted()).toEqual(expected);
  // Repeats are what the kills were for: at most what was under way at each, 64 a stream and 4 streams.
  expect(receiver.ids.length).toBeGreaterThan(expected.length);
});

/** Of every event in the store that a webhook is told of. */
async function idsIn(manager: SessionManager): Promise<readonly string[]> {
  const store = await manager.store();
  const ids: string[] = [];
  for (let after: TailPlace | null = null; ;) {
    const { events, place }: TailPage = await store.tail({ after });
    if (events.length === 0) return ids.toSorted();
    for (const { event, hash } of events) if (kindOf(event) !== null) ids.push(hash);
    after = place;
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Plays sessions until it is killed. */
function program(store: string): string {
  const local = JSON.stringify(join(import.meta.dirname, "..", "src", "local.ts"));
  return `
    import { SessionManager } from ${local};
    const config = { sessionName: "killed", agentId: "oracle1" };
    const options = { store: ${JSON.stringify(store)}, webhooks: [${JSON.stringify(receiver.hook())}] };
    const manager = new SessionManager(config, options);
    for (let round = 0; ; round++) {
      const session = await manager.startSession();
      for (let task = 0; task < 3; task++) {
        await session.addTask("t" + task);
        await session.completeTask("t" + task, "failed", { error: "it broke" });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await session.endSession();
    }`;
}
