import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { commandOf, need } from "./need.ts";
import { ServedWorld } from "./served-world.ts";

const CLIENT = join(import.meta.dirname, "..", "clients", "python");

test.skipIf(!need("python3"))("the Python client does against a server what it says", async () => {
  const world = await new ServedWorld().start(0, ["an-operators-key-0123"]);
  onTestFinished(async () => await world.close());
  const { stdout } = await promisify(execFile)(commandOf("python3"), ["-B", "check.py", world.url], {
    cwd: CLIENT,
    timeout: 25_000,
  });
  expect(stdout.trim()).toBe("ok");
});

const FOLLOW = `
import sys
from holodeck_client import Holodeck
for event in Holodeck(sys.argv[1]).events(stream=sys.argv[2], after="start"):
    print(event["seq"], flush=True)
    if event["type"] == "session_ended":
        break
`;

test.skipIf(!need("python3"))("its live events go on after the server's restart, each once", async () => {
  const world = await new ServedWorld().start();
  onTestFinished(async () => await world.close());
  const session = await world.client().startSession();
  const args = ["-B", "-c", FOLLOW, world.url, `session:${session.sessionId}`];
  const python = spawn(commandOf("python3"), args, { cwd: CLIENT, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void python.kill());
  const exited = new Promise((resolve) => void python.once("exit", resolve));
  let text = "";
  python.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  await session.addTask("a");
  await expect.poll(() => text, { timeout: 10_000 }).toBe("1\n2\n");
  await world.restart();
  await session.addTask("b");
  await session.endSession();
  expect(await exited).toBe(0);
  expect(text.trim().split("\n")).toEqual(["1", "2", "3", "4", "5", "6"]);
});
