import { execFile } from "node:child_process";
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
