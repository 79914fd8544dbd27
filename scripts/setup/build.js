// `dist/`: compiled beside the old one, whose place it takes whole, so a failed build leaves no half of one and a
// deleted source leaves nothing behind. A stamp inside names what it was made from.
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.js";
import { pinnedNode, wantedBuild } from "./ready.js";
import { SetupError, say } from "./words.js";

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
  const from = wantedBuild(root);
  const args = [compiler, "-p", "tsconfig.build.json", "--outDir", next];
  const code = await run(pinnedNode(root), args, { cwd: root });
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
