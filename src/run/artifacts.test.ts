import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { spoolArtifacts, type Artifacts, type ArtifactsParams } from "./artifacts.ts";
import { secretPatterns } from "./redact.ts";

let folder: string;
let cwd: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holodeck-artifacts-"));
  cwd = join(folder, "work");
  mkdirSync(join(cwd, "out", "deep"), { recursive: true });
  mkdirSync(join(folder, "spool"));
  writeFileSync(join(folder, "outside"), "not yours");
  writeFileSync(join(cwd, "out", "a.txt"), "alpha");
  writeFileSync(join(cwd, "out", "deep", "b.txt"), "key=hunter22");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function spool(globs: readonly string[], bounds: Partial<ArtifactsParams> = {}): Promise<Artifacts> {
  const patterns = secretPatterns({ KEY: "hunter22" });
  return spoolArtifacts({ cwd, globs, spoolDir: join(folder, "spool"), patterns, ...bounds });
}

test("Artifacts are copied into the spool, redacted, with the size and hash of the copy", async () => {
  const { artifacts, artifacts_left_out } = await spool(["out/**/*.txt", "out/a.txt"]);
  expect(artifacts.map(({ path }) => path)).toEqual(["out/a.txt", "out/deep/b.txt"]);
  expect(artifacts_left_out).toEqual([]);
  for (const { file, bytes, sha256 } of artifacts) {
    const copy = readFileSync(join(folder, "spool", file));
    expect({ bytes, sha256 }).toEqual({
      bytes: copy.length,
      sha256: createHash("sha256").update(copy).digest("hex"),
    });
  }
  expect(readFileSync(join(folder, "spool", artifacts[1]!.file), "utf8")).toBe("key=[redacted KEY]");
});

test("An artifact outside the folder is left out, by name and by link", async () => {
  symlinkSync("../outside", join(cwd, "link"));
  symlinkSync("..", join(cwd, "up"));
  const { artifacts, artifacts_left_out } = await spool(["../outside", "link", "up/outside"]);
  expect(artifacts).toEqual([]);
  expect(artifacts_left_out.map(({ path }) => path)).toEqual(["../outside", "link", "up/outside"]);
  for (const { why } of artifacts_left_out) expect(why).toMatch(/outside/);
});

test("A pattern that matches nothing is said so", async () => {
  const { artifacts, artifacts_left_out } = await spool(["out/a.txt", "nope/*.json"]);
  expect(artifacts).toHaveLength(1);
  expect(artifacts_left_out).toEqual([{ path: "nope/*.json", why: "nothing matches it" }]);
});

test("A folder, and what exceeds a bound, is left out and said so", async () => {
  const folderItself = await spool(["out"]);
  expect(folderItself.artifacts_left_out).toEqual([
    { path: "out", why: expect.stringMatching(/out|folder/) as string },
  ]);
  const small = await spool(["out/**/*.txt"], { bytesMax: 5 });
  expect(small.artifacts.map(({ path }) => path)).toEqual(["out/a.txt"]);
  expect(small.artifacts_left_out).toEqual([
    { path: "out/deep/b.txt", why: expect.stringMatching(/size limit/) as string },
  ]);
  const few = await spool(["out/**/*.txt"], { filesMax: 1 });
  expect(few.artifacts.map(({ path }) => path)).toEqual(["out/a.txt"]);
  expect(few.artifacts_left_out[0]?.why).toMatch(/more than 1 files/);
});
