// What tests need from the system, and how it gets there: apt for root at once, with sudo after a question, and
// otherwise a sentence on what to install and what is skipped. Under CI=true nothing is asked, and a part that is
// missing is a failure: a skipped test must not look like a passed one.
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { run } from "./command.js";
import { SetupError, say, sayDetail } from "./words.js";

/**
 * @typedef {object} SystemPart
 * @property {string} name
 * @property {string} command found on the path, or a file's full path
 * @property {string} debian the package that brings it
 * @property {string} purpose
 * @property {string} [versions] a folder of versions whose `bin` may hold the command, though no path leads there
 * @property {boolean} [linuxOnly]
 */

/** @type {readonly SystemPart[]} */
export const SYSTEM_PARTS = [
  { name: "strace", command: "strace", debian: "strace", purpose: "to count fsyncs", linuxOnly: true },
  { name: "curl", command: "curl", debian: "curl", purpose: "to call the server as any program does" },
  { name: "chromium", command: "chromium", debian: "chromium", purpose: "to run what is for browsers" },
  { name: "python3", command: "python3", debian: "python3", purpose: "to run the Python client" },
  {
    name: "postgres",
    command: "postgres",
    debian: "postgresql",
    purpose: "to run the store's tests on PostgreSQL",
    versions: "/usr/lib/postgresql",
  },
  {
    name: "redis",
    command: "redis-server",
    debian: "redis-server",
    purpose: "to run the store's tests on Redis and Redis Cluster",
  },
];

export function findMissingParts() {
  return SYSTEM_PARTS.filter((part) => !isThere(part));
}

/** @param {SystemPart} part */
function isThere(part) {
  return pathOf(part) !== null;
}

/**
 * Where a part's command is; null when it is nowhere.
 * @param {SystemPart} part
 */
export function pathOf({ command, versions }) {
  if (command.startsWith("/")) return isExecutable(command) ? command : null;
  const folders = [...versionFolders(versions), ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, command)).find(isExecutable) ?? null;
}

/**
 * The newest version first.
 * @param {string | undefined} versions
 */
function versionFolders(versions) {
  if (versions === undefined || !existsSync(versions)) return [];
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, "bin"));
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => isExecutable(join(folder, command)));
}

/** Installs what is missing where it may, and says the rest. Throws `SetupError` under CI=true when a part stays missing. */
export async function provideParts() {
  if (findMissingParts().length === 0) return;
  const prefix = await aptPrefix();
  if (prefix !== null) await aptInstall(prefix, findMissingParts());
  const missing = findMissingParts();
  for (const part of missing) sayMissing(part);
  if (missing.length > 0 && process.env["CI"] === "true") {
    throw new SetupError("With CI=true every test must run; install what is missing.");
  }
}

/**
 * What goes before `apt-get`: nothing for root, sudo for others; null where apt may not or cannot be used.
 * @returns {Promise<readonly string[] | null>}
 */
async function aptPrefix() {
  if (process.platform !== "linux" || !isOnPath("apt-get")) return null;
  if (process.getuid?.() === 0) return [];
  if (!isOnPath("sudo")) return null;
  if (process.env["CI"] === "true")
    return (await run("sudo", ["-n", "true"], { silent: true })) === 0 ? ["sudo", "-n"] : null;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  return (await isAgreed()) ? ["sudo"] : null;
}

async function isAgreed() {
  const packages = findMissingParts().map(({ debian }) => debian);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(
      `holodeck: tests use ${packages.join(", ")}. Install with sudo apt-get? [Y/n] `,
    );
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

/**
 * @param {readonly string[]} prefix
 * @param {readonly SystemPart[]} parts
 */
async function aptInstall(prefix, parts) {
  const packages = parts.map(({ debian }) => debian);
  say(`installing for the tests: ${packages.join(", ")} (apt-get).`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ]) {
    const [command = "", ...rest] = [...prefix, "apt-get", ...args];
    const code = await run(command, rest, { env });
    if (code !== 0) sayDetail(`apt-get ${args[0]} failed (exit code ${code}).`);
  }
}

/** @param {SystemPart} part */
function sayMissing({ name, debian, purpose, linuxOnly }) {
  const skipped = `tests that use it (${purpose}) are skipped`;
  if (linuxOnly === true && process.platform !== "linux") say(`${name} exists on Linux alone; ${skipped}.`);
  else
    say(
      `${name} is missing; ${skipped}. To run them: sudo apt-get install ${debian}, or your system's like.`,
    );
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
