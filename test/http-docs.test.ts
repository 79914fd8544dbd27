import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { need } from "./need.ts";
import { ServedWorld } from "./served-world.ts";

const ROOT = join(import.meta.dirname, "..");
const DOCUMENT = readFileSync(join(ROOT, "docs", "http.md"), "utf8");

const RUN: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  sh: ["sh", "-e"],
  ts: [process.execPath],
  python: ["python3", "-B"],
};

test.skipIf(!need("curl") || !need("python3")).each([
  ["sh", 1, "session_ended"],
  ["sh", 2, "now_denied"],
  ["ts", 1, "analyze success"],
  ["ts", 2, "21 false [] []"],
  ["python", 1, "session_ended"],
] as const)("the example in %s, number %i, does what it shows", async (language, number, shown) => {
  const world = await new ServedWorld().start();
  onTestFinished(async () => await world.close());
  const folder = mkdtempSync(join(ROOT, "test", "planted-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const examples = [...DOCUMENT.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))];
  const [, text = ""] = examples[number - 1] ?? [];
  const file = join(folder, `example.${language}`);
  writeFileSync(
    file,
    text
      .replaceAll("http://localhost:8848", world.url)
      .replaceAll("holodeck-session-manager/client", join(ROOT, "src", "client", "index.ts")),
  );
  const [command, ...args] = RUN[language] ?? ["false"];
  const env = { ...process.env, PYTHONPATH: join(ROOT, "clients", "python") };
  const { stdout } = await promisify(execFile)(command, [...args, file], { env, timeout: 25_000 });
  expect(stdout).toContain(shown);
});
