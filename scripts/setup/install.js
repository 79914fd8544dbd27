// Packages, by `npm ci`: exactly what the lock file names, whatever was there before.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./command.js";
import { installStamp, pinnedNode, wantedInstall } from "./ready.js";
import { SetupError, say } from "./words.js";

/**
 * Throws `SetupError` when npm fails.
 * @param {string} root
 */
export async function install(root) {
  say("installing packages (npm ci); this takes a minute the first time.");
  rmSync(installStamp(root), { force: true });
  // Taken before: a lock file that changes meanwhile is not what was installed.
  const wanted = wantedInstall(root);
  const code = await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    env: withoutOurPackages(root),
  });
  if (code === 127) throw new SetupError("npm was not found. Install Node 20 or newer, which brings npm.");
  if (code !== 0 || !existsSync(pinnedNode(root))) {
    throw new SetupError(
      `npm ci failed (exit code ${code}). Its message stands above; without a network connection packages can only ` +
        "come from npm's cache. Run the same command again when the cause is gone.",
    );
  }
  writeFileSync(installStamp(root), wanted);
}

/**
 * `npm ci` takes away the Node that `node_modules/.bin` puts first on the path: npm must not run on it.
 * @param {string} root
 */
function withoutOurPackages(root) {
  const ours = join(root, "node_modules");
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.startsWith(ours));
  return { ...process.env, PATH: path.join(delimiter) };
}
