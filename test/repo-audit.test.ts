// The example plan is run on whole trees: what it starts must not grow with them.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parsePlan } from "../src/run/plan.ts";

const PLAN = new URL("../examples/repo-audit.yaml", import.meta.url);
const PROGRAMS = ["awk", "cat", "grep", "wc"] as const;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-audit-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Programs that note each start of theirs before they do what they do. */
function countingPrograms(log: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of PROGRAMS) {
    const real = execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> '${log}'\nexec '${real}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

function blank(lines: number): string {
  return "\n".repeat(lines);
}

test.each([
  ["lines", { typescript_lines: 1_101 }],
  ["todos", { todos: 1 }],
  ["long-files", { files_over_350_lines: 2 }],
])("the task %s of the audit counts right, with a few processes for all files", (id, result) => {
  const tree = join(folder, "tree");
  mkdirSync(join(tree, "node_modules"), { recursive: true });
  const files = { "a.ts": blank(350), "b.ts": blank(351), "c d.ts": `${blank(399)}// TODO\n`, "e.ts": "" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tree, name), text);
  writeFileSync(join(tree, "node_modules", "f.ts"), blank(1_000));
  const log = join(folder, "log");
  const bin = countingPrograms(log);
  const plan = parsePlan({ text: readFileSync(PLAN, "utf8"), file: "repo-audit.yaml" });
  const prompt = plan.tasks.find((task) => task.id === id)?.prompt ?? "";
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
  const output = execFileSync("sh", ["-c", prompt], { cwd: tree, env, encoding: "utf8" });
  expect(JSON.parse(output)).toEqual(result);
  expect(readFileSync(log, "utf8").trim().split("\n").length).toBeLessThanOrEqual(2);
});
