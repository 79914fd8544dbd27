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
  ["sh", "session_ended"],
  ["ts", "analyze success"],
  ["python", "session_ended"],
])("the example in %s does what it shows", async (language, shown) => {
  const world = await new ServedWorld().start();
  onTestFinished(async () => await world.close());
  const folder = mkdtempSync(join(ROOT, "test", "planted-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [, text = ""] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(DOCUMENT) ?? [];
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
