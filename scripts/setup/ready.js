// Whether a checkout is ready: packages as the lock file asks, `dist/` as the sources are. The command asks this at
// every start in a checkout, so it reads little and loads nothing but the file system.
import { existsSync, lstatSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether packages and `dist/` are what the checkout asks for.
 * @param {string} root the checkout's folder
 */
export function isReady(root) {
  return isInstalled(root) && isBuilt(root);
}

/**
 * Told by a stamp written only after `npm ci` has ended well, so that one cut short is done again.
 * A linked `node_modules` belongs to another checkout, which looks after it.
 * @param {string} root
 */
export function isInstalled(root) {
  if (isLink(join(root, "node_modules"))) return true;
  if (!existsSync(pinnedNode(root))) return false;
  if (readText(installStamp(root)) === wantedInstall(root)) return true;
  if (!isInstalledByHand(root)) return false;
  writeFileSync(installStamp(root), wantedInstall(root));
  return true;
}

/** @param {string} root */
export function isBuilt(root) {
  return readText(join(root, "dist", ".built-from")) === wantedBuild(root);
}

/**
 * The Node every script runs on, whatever the machine's own is.
 * @param {string} root
 */
export function pinnedNode(root) {
  return join(root, "node_modules", "node", "bin", "node");
}

/** @param {string} root */
export function installStamp(root) {
  return join(root, "node_modules", ".holodeck-installed");
}

/**
 * What an install for this lock file and machine is stamped with.
 * @param {string} root
 */
export function wantedInstall(root) {
  return `${process.platform}-${process.arch}\n${readFileSync(join(root, "package-lock.json"), "utf8")}`;
}

/**
 * What a build of these sources is stamped with: paths, sizes and times of all it reads. A changed, added or deleted
 * file changes it, and so does an older one that was brought back.
 * @param {string} root
 */
export function wantedBuild(root) {
  const fixed = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  const lines = [...fixed, ...sources(root, "src")].map((file) => {
    const { size, mtimeMs } = statSync(join(root, file));
    return `${file} ${size} ${mtimeMs}\n`;
  });
  return lines.sort().join("");
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
