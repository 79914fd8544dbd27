import { execFileSync, spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkOutputFile, writeOutputFile } from "./output-file.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-output-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file is made, or replaced whole, with the rights files usually have", () => {
  const path = join(folder, "a");
  writeOutputFile(path, "one");
  writeOutputFile(path, "two");
  expect(readFileSync(path, "utf8")).toBe("two");
  writeFileSync(join(folder, "usual"), "");
  expect(lstatSync(path).mode).toBe(lstatSync(join(folder, "usual")).mode);
});

test("a link stays a link, and what it leads to is written", () => {
  const [target, link] = [join(folder, "target"), join(folder, "link")];
  writeFileSync(target, "old");
  symlinkSync(target, link);
  writeOutputFile(link, "new");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, "utf8")).toBe("new");
});

test("a pipe stays a pipe, and its reader gets the text", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "ignore"] });
  const read = new Promise<string>((resolve) => {
    let text = "";
    reader.stdout.on("data", (part: Buffer) => (text += part.toString()));
    reader.on("close", () => resolve(text));
  });
  // In a process of its own: opening a pipe waits for its reader.
  const writer = `import { writeOutputFile } from ${JSON.stringify(join(import.meta.dirname, "output-file.ts"))};
    writeOutputFile(${JSON.stringify(pipe)}, "through");`;
  execFileSync(process.execPath, ["--input-type=module", "-e", writer]);
  expect(await read).toBe("through");
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});

test("a place that cannot be written is told beforehand", () => {
  expect(() => checkOutputFile(join(folder, "none", "a"))).toThrow(/cannot be written \(ENOENT\)/);
  expect(() => checkOutputFile(join(folder, "a"))).not.toThrow();
});
