// `dist/`: compiled when the sources are not those it was made from. A stamp inside names what it was made from;
// the new tree is compiled beside the old one and takes its place whole, so a failed build leaves no half of one
// and a deleted source leaves nothing behind.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.js";
import { pinnedNode } from "./install.js";
import { SetupError, say } from "./words.js";

/** @param {string} root */
export function isBuilt(root) {
  try {
    return readFileSync(join(root, "dist", ".built-from"), "utf8") === fingerprint(root);
  } catch {
    return false;
  }
}

/**
 * Throws `SetupError` when the sources do not compile; `dist/` is then as it was, and still counts as stale.
 * @param {string} root
 */
export async function build(root) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) {
    throw new SetupError("The compiler is not installed. Run `node scripts/setup.js` without --build first.");
  }
  say("building dist/.");
  const next = join(root, ".dist-next");
  rmSync(next, { recursive: true, force: true });
  // Taken before compiling: a source saved meanwhile makes the result stale, not falsely fresh.
  const from = fingerprint(root);
  const code = await run(pinnedNode(root), [compiler, "-p", "tsconfig.build.json", "--outDir", next], {
    cwd: root,
  });
  if (code !== 0) {
    rmSync(next, { recursive: true, force: true });
    throw new SetupError("The sources do not compile. The compiler's message stands above.");
  }
  writeFileSync(join(next, ".built-from"), from);
  takeItsPlace(next, join(root, "dist"));
}

/**
 * @param {string} next
 * @param {string} current
 */
function takeItsPlace(next, current) {
  const old = `${next}-old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(current)) renameSync(current, old);
  renameSync(next, current);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Paths, sizes and times of what the build reads: a changed, added or deleted file changes it, and so does an older
 * one that was brought back.
 * @param {string} root
 */
function fingerprint(root) {
  const hash = createHash("sha256");
  const fixed = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  for (const file of [...fixed, ...sources(root, "src")].sort()) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function sources(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(root, path);
    return entry.name.endsWith(".test.ts") ? [] : [path];
  });
}
