// Processes that send tiles are killed again and again: when a tile has had its effect and is not recorded yet, and
// at any other moment. What counts is the server's: each tile once, in the order of its session.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { SessionManager } from "../src/local.ts";
import { countWaiting } from "../src/tile/waiting.ts";
import { TestPlato } from "../src/testing/test-plato.ts";

const KILLS = process.env["HOLODECK_LONG"] === "1" ? 200 : 12;
const TASKS = 4;

let folder = "";
let plato = new TestPlato();

afterEach(async () => {
  await plato.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  `${KILLS} kills between effect and record lose no tile and double none`,
  { timeout: 120_000 },
  async () => {
    folder = mkdtempSync(join(tmpdir(), "holodeck-outbox-"));
    plato = await new TestPlato().start();
    const store = join(folder, "holodeck.db");
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program(store, plato.url)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const gone = once(child, "close");
      let left = 1 + (kill % 7);
      // Odd kills let the answer out, so that they fall near the record rather than before it.
      plato.script = () => {
        left -= 1;
        if (left > 0) return "accept";
        if (kill % 2 === 0) child.kill("SIGKILL");
        else setImmediate(() => child.kill("SIGKILL"));
        return "accept";
      };
      await gone;
    }
    plato.script = () => "accept";
    const options = { store, deliverTiles: true };
    await using manager = new SessionManager({ sessionName: "check", agentId: "check" }, options);
    const { sessions } = await manager.list({ limit: 1_000 });
    const told = await Promise.all(
      sessions.map(async ({ sessionId }) => await (await manager.get(sessionId)).tiles()),
    );
    const count = told.reduce((sum, tiles) => sum + tiles.length, 0);
    expect(sessions.length).toBeGreaterThan(KILLS / 2);
    // A dead process's leases run out after 15 s.
    while ((await countWaiting(await manager.store())) > 0) await pause(50);
    expect(plato.tiles).toHaveLength(count);
    expect(new Set(plato.tiles.map(({ key }) => key)).size).toBe(count);
    for (const [index, { sessionId }] of sessions.entries()) {
      const own = plato.tiles.filter(({ tile }) => JSON.stringify(tile.answer).includes(sessionId));
      expect(own.map(({ tile }) => tile)).toEqual(JSON.parse(JSON.stringify(told[index])));
    }
    // Repeats are what the kills were for.
    expect(plato.submissions.length).toBeGreaterThan(count);
  },
);

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Plays sessions until it is killed. */
function program(store: string, platoUrl: string): string {
  const local = JSON.stringify(join(import.meta.dirname, "..", "src", "local.ts"));
  return `
    import { SessionManager } from ${local};
    const config = { sessionName: "killed", agentId: "oracle1", platoUrl: ${JSON.stringify(platoUrl)} };
    const manager = new SessionManager(config, { store: ${JSON.stringify(store)} });
    for (let round = 0; ; round++) {
      const session = await manager.startSession();
      for (let task = 0; task < ${TASKS}; task++) {
        await session.addTask("t" + task);
        await session.completeTask("t" + task, "success");
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await session.endSession();
    }`;
}
