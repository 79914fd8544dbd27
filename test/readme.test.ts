// The README's example works as printed, in an empty project that has the package installed.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { PATTERNS } from "../src/session/patterns.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
let folder = "";

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the example of the README runs and types as printed", () => {
  const page = readFileSync(join(ROOT, "README.md"), "utf8");
  expect(page).toContain("Save it as `example.mts`");
  expect(page).toContain("run `node example.mts`");
  const { name, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Package;
  expect(page).toContain(`${name}-${version}.tgz`);
  const output = runExample("README.md");
  expect(output).toContain("patterns: 5");
  expect(output).toContain("succeeded: 1");
  expect(output).toContain("all_succeeded");
});

test("the example of docs/objects.md runs and types as printed", () => {
  expect(runExample("docs/objects.md").split("\n")).toEqual([
    "stars is 5 now",
    "by the bot { title: 'by the bot' }",
    "denied",
    "title is by the bot now",
    "[ 'note:plan' ]",
    "by the bot 5 3",
    "[ '1 by the owner', '2 by bot', '3 by the owner' ]",
    "",
  ]);
});

interface Package {
  readonly name: string;
  readonly version: string;
}

/** What the first example of a page prints. Throws when its types are not sound. */
function runExample(page: string): string {
  folder = mkdtempSync(join(tmpdir(), "holodeck-readme-"));
  const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, page), "utf8")) ?? [];
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "holodeck-session-manager"));
  for (const name of ["@types", "zod"])
    symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "example.mts"), code);
  const output = execFileSync(process.execPath, ["example.mts"], { cwd: folder, encoding: "utf8" });
  const strict = [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noEmit",
    "--module",
    "nodenext",
    "--target",
    "es2024",
  ];
  const types = ["--lib", "es2024,esnext.disposable", "--types", "node", "example.mts"];
  execFileSync(join(ROOT, "node_modules", ".bin", "tsc"), [...strict, ...types], {
    cwd: folder,
    encoding: "utf8",
  });
  return output;
}

test("the page of patterns has every pattern, in its own sentence", () => {
  const page = readFileSync(join(ROOT, "docs", "patterns.md"), "utf8");
  const rows = PATTERNS.map(({ name, means }) => `| \`${name}\` | ${means} |`).join("\n");
  expect(page).toContain(rows);
});
