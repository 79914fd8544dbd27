import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

test("a run ends with a line that counts passes, skips, and everything that failed", async () => {
  const files = {
    "mixed.test.ts": `test("a", () => {}); test.skip("b", () => {}); test("c", () => expect(1).toBe(2));`,
    "unloadable.test.ts": `throw new Error("cannot be loaded");`,
  };
  expect(await runVitest(files)).toEqual({ code: 1, last: "1 passed, 2 failed, 1 skipped" });
});

test("a run without a failure says so and ends with 0", async () => {
  const files = { "fine.test.ts": `test("a", () => {}); test("b", () => {});` };
  expect(await runVitest(files)).toEqual({ code: 0, last: "2 passed, 0 failed" });
});

test("an error outside every test is a failure", async () => {
  const files = { "stray.test.ts": `test("a", () => { void Promise.reject(new Error("stray")); });` };
  expect(await runVitest(files)).toEqual({ code: 1, last: "1 passed, 1 failed" });
});

/** Runs the files in a folder of their own under this project's configuration. */
function runVitest(
  files: Readonly<Record<string, string>>,
): Promise<{ code: unknown; last: string | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), "holodeck-run-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "test"));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(
      join(folder, "test", name),
      `import { expect, test } from "vitest";\n${text}\nvoid expect;\n`,
    );
  }
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--root", folder, "--config", join(ROOT, "vitest.config.ts")];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, NO_COLOR: "1" } }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, last: stdout.trimEnd().split("\n").at(-1) });
    });
  });
}
