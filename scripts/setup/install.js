// Packages: `npm ci` when the lock file, the platform or the machine's kind differs from what is installed.
// What is installed is told by a stamp written only after `npm ci` has ended well, so that one cut short is done again.
import { createHash } from "node:crypto";
import { lstatSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./command.js";
import { SetupError, say } from "./words.js";

/**
 * A linked `node_modules` belongs to another checkout, which looks after it.
 * @param {string} root
 */
export function isInstalled(root) {
  if (isLink(join(root, "node_modules"))) return true;
  if (!existsSync(pinnedNode(root))) return false;
  const wanted = wantedStamp(root);
  if (readText(stampFile(root)) === wanted) return true;
  if (!isInstalledByHand(root)) return false;
  writeFileSync(stampFile(root), wanted);
  return true;
}

/**
 * Throws `SetupError` when npm fails.
 * @param {string} root
 */
export async function install(root) {
  say("installing packages (npm ci); this takes a minute the first time.");
  rmSync(stampFile(root), { force: true });
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
  writeFileSync(stampFile(root), wantedStamp(root));
}

/**
 * The Node every script runs on, whatever the machine's own is.
 * @param {string} root
 */
export function pinnedNode(root) {
  return join(root, "node_modules", "node", "bin", "node");
}

/** @param {string} root */
function stampFile(root) {
  return join(root, "node_modules", ".holodeck-installed");
}

/** @param {string} root */
function wantedStamp(root) {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${lock} ${process.platform}-${process.arch}\n`;
}

/**
 * Whether someone's own `npm install` left just what the lock file asks for. npm writes its hidden lock file last,
 * with only what it installed; other platforms' packages are not in it.
 * @param {string} root
 */
function isInstalledByHand(root) {
  const hidden = readPackages(join(root, "node_modules", ".package-lock.json"));
  const locked = readPackages(join(root, "package-lock.json"));
  if (hidden === null || locked === null) return false;
  const isSame = Object.entries(hidden).every(
    ([path, { integrity }]) => locked[path]?.integrity === integrity,
  );
  return (
    isSame &&
    Object.entries(locked).every(([path, { optional }]) => path === "" || optional === true || path in hidden)
  );
}

/**
 * @param {string} file
 * @returns {Record<string, {integrity?: string, optional?: boolean}> | null}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch {
    return null;
  }
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

/** @param {string} path */
function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
