// Copies an attempt's artifacts into its spool: regular files that match the task's globs below its folder, redacted.
// What lies outside the folder, also by a symlink, is left out and said so; and so is what exceeds the bounds.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readSync } from "node:fs";
import { realpathSync, rmSync, writeSync } from "node:fs";
import { glob } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { createRedactor, redactText, type Patterns } from "./redact.ts";
import { syncPath } from "./sync-path.ts";

export interface Artifact {
  /** Relative to the task's folder. */
  readonly path: string;
  /** Of the redacted content. */
  readonly bytes: number;
  readonly sha256: string;
  /** Where the copy lies, relative to the spool. */
  readonly file: string;
}

export interface Artifacts {
  readonly artifacts: readonly Artifact[];
  readonly artifacts_left_out: readonly { readonly path: string; readonly why: string }[];
}

export interface ArtifactsParams {
  readonly cwd: string;
  readonly globs: readonly string[];
  readonly spoolDir: string;
  readonly patterns: Patterns;
  readonly bytesMax?: number;
  readonly filesMax?: number;
}

export const ARTIFACT_BYTES_MAX = 64 * 1024 * 1024;
export const ARTIFACT_FILES_MAX = 1000;

const CHUNK_BYTES = 64 * 1024;

export async function spoolArtifacts(params: ArtifactsParams): Promise<Artifacts> {
  const { cwd, globs, spoolDir, patterns } = params;
  const { bytesMax = ARTIFACT_BYTES_MAX, filesMax = ARTIFACT_FILES_MAX } = params;
  const artifacts: Artifact[] = [];
  const leftOut: { path: string; why: string }[] = [];
  if (globs.length > 0) mkdirSync(join(spoolDir, "artifacts"), { recursive: true, mode: 0o700 });
  const { found, barren } = await matches(cwd, globs, filesMax);
  for (const pattern of barren)
    leftOut.push({ path: redactText(patterns, pattern), why: "nothing matches it" });
  let room = bytesMax;
  for (const path of found.slice(0, filesMax)) {
    const shown = redactText(patterns, path);
    const file = join("artifacts", String(artifacts.length + 1));
    const copy = copyInto(join(spoolDir, file), { cwd, path, patterns, bytesMax: room });
    if (typeof copy === "string") leftOut.push({ path: shown, why: copy });
    else artifacts.push({ path: shown, ...copy, file });
    if (typeof copy !== "string") room -= copy.bytes;
  }
  if (found.length > filesMax) leftOut.push({ path: "…", why: `more than ${filesMax} files match` });
  if (artifacts.length > 0) syncPath(join(spoolDir, "artifacts"));
  return { artifacts, artifacts_left_out: leftOut };
}

interface Matches {
  /** Paths relative to `cwd`, each once, sorted; one more than `max` at the most. */
  readonly found: readonly string[];
  /** The patterns that match nothing. */
  readonly barren: readonly string[];
}

async function matches(cwd: string, globs: readonly string[], max: number): Promise<Matches> {
  const paths = new Set<string>();
  const barren = new Set(globs);
  for (const pattern of globs) {
    for await (const path of glob(pattern, { cwd })) {
      barren.delete(pattern);
      paths.add(relative(cwd, resolve(cwd, path)));
      if (paths.size > max) break;
    }
  }
  return { found: [...paths].sort(), barren: [...barren] };
}

interface Source {
  readonly cwd: string;
  readonly path: string;
  readonly patterns: Patterns;
  readonly bytesMax: number;
}

/** The copy's size and hash, or why there is none. */
function copyInto(target: string, source: Source): { bytes: number; sha256: string } | string {
  let file: number;
  try {
    const real = realpathSync(join(source.cwd, source.path));
    if (!isInside(realpathSync(source.cwd), real)) return "it lies outside the task's folder";
    file = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    return `it cannot be read (${cause instanceof Error && "code" in cause ? String(cause.code) : "error"})`;
  }
  try {
    if (!fstatSync(file).isFile()) return "it is not a regular file; name the files, as in folder/**";
    return copyRedacted(file, target, source);
  } finally {
    closeSync(file);
  }
}

function copyRedacted(
  file: number,
  target: string,
  source: Source,
): { bytes: number; sha256: string } | string {
  const redactor = createRedactor(source.patterns);
  const sha256 = createHash("sha256");
  const copy = openSync(target, "w", 0o600);
  let bytes = 0;
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let read = -1; read !== 0;) {
      read = readSync(file, chunk);
      const out = read === 0 ? redactor.end() : redactor.push(chunk.subarray(0, read));
      bytes += out.length;
      if (bytes > source.bytesMax) return tooMuch(target);
      sha256.update(out);
      writeAll(copy, out);
    }
    fsyncSync(copy);
    return { bytes, sha256: sha256.digest("hex") };
  } finally {
    closeSync(copy);
  }
}

function tooMuch(target: string): string {
  rmSync(target);
  return "with it the artifacts would exceed their size limit";
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
