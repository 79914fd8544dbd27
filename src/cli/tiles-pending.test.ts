// `holodeck tiles --pending [--retry]` in a process of its own, against a store file and a real server.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SessionManager } from "../local.ts";
import { TestPlato } from "../testing/test-plato.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
let folder = "";
let plato = new TestPlato();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-tiles-"));
  plato = await new TestPlato().start();
});

afterEach(async () => {
  await plato.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("tiles --pending shows what waits and what was refused with its reason; --retry sends it", async () => {
  plato.script = ({ tile }) =>
    tile.question.startsWith("[TASK_END]") ? { status: 400, reason: "no such room" } : "accept";
  const store = join(folder, "h.db");
  const manager = new SessionManager(
    { sessionName: "s", agentId: "oracle1", platoUrl: plato.url },
    { store },
  );
  const first = await manager.startSession();
  await first.addTask("t");
  await first.completeTask("t", "success");
  await first.endSession();
  await manager.close();
  await plato.stop();
  const later = new SessionManager({ sessionName: "s", agentId: "oracle1", platoUrl: plato.url }, { store });
  const second = await later.startSession();
  await second.endSession();
  await later.close();

  const shown = await run(["tiles", "--pending", "--json"]);
  expect(shown.code).toBe(0);
  expect(JSON.parse(shown.out)).toMatchObject({
    destinations: [
      {
        destination: plato.url,
        waiting: 2,
        parked: 1,
        sessions: [
          { session_id: second.sessionId, waiting: 2, parked: [] },
          {
            session_id: first.sessionId,
            waiting: 0,
            parked: [{ reason: "HTTP 400: no such room", code: 400 }],
          },
        ],
      },
    ],
  });
  expect((await run(["tiles", "--pending", "--retry"])).code).toBe(7);

  await plato.start();
  const refused = await run(["tiles", "--pending", "--retry"]);
  expect(refused.code).toBe(1);
  expect(refused.out).toContain("0 tiles waiting, 1 parked");
  expect(refused.out).toContain("[TASK_END] t — SUCCESS  HTTP 400: no such room");

  plato.script = () => "accept";
  expect(await run(["tiles", "--pending", "--retry"])).toMatchObject({ code: 0, out: "" });
  expect(plato.tiles).toHaveLength(6);
});

interface Ran {
  readonly code: number;
  readonly out: string;
}

async function run(args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"] ?? "", HOLODECK_STORE: join(folder, "h.db") };
  return await new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, out) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out });
    });
  });
}
