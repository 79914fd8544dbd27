// The way from an older Node to the pinned one: the same command line, terminal, signals and exit.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The Node that the package `node` brings, in a checkout or beside an installed package; null without one. */
export function findPinnedNode() {
  const folders = createRequire(import.meta.url).resolve.paths("node-pinned") ?? [];
  return (
    folders.map((folder) => join(folder, "node", "bin", "node")).find((file) => existsSync(file)) ?? null
  );
}

/**
 * Runs this command on another Node and ends as it ends.
 * @param {string} node
 */
export function startOn(node) {
  const command = fileURLToPath(new URL("holodeck.js", import.meta.url));
  const child = spawn(node, [command, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    env: { ...process.env, HOLODECK_LAUNCHER_PIPE: "3" },
  });
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    // A terminal sends its interrupt to both; a second one would mean "stop at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, forward);
  child.on("error", (error) => {
    process.stderr.write(`holodeck: ${node} could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
